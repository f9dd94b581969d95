import { segmentName, type SegmentName } from './segment-names';

/** Where a decided block stands. */
export interface BlockLocation {
  /** Number of its file: the first sequence in it. */
  readonly segment: number;
  /** Of the block's group. */
  readonly offset: number;
  /** Bytes of the group. */
  readonly length: number;
}

/** A block as it stands in a file. */
export interface StoredBlock {
  readonly sequence: number;
  readonly payload: Uint8Array;
}

/** Prefix of the files' names. */
export const BLOCK_PREFIX = 'decisions';

/** The file whose first block has that sequence. */
export const blockSegmentName = (folder: string, first: number): SegmentName =>
  segmentName(folder, BLOCK_PREFIX, first);
