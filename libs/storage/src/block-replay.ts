import { LayoutError } from '@concordat/protocol';
import type { LogRecord } from '@concordat/records';
import { BLOCK_PREFIX, blockSegmentName, type BlockLocation, type StoredBlock } from './block-place';
import { StorageCorruption } from './errors';
import type { FailureLatch } from './failure-latch';
import type { FileSystem } from './file-system';
import { BLOCK_KINDS, decodeGap, type Gap } from './gaps';
import { Segment } from './segment';
import { lastHeader, load, loadNewest, readFirstHeader, type Loaded } from './segment-files';
import { listSegments, type SegmentName } from './segment-names';

/** Where replaying left off. */
export interface BlockReplay {
  readonly newest: Segment;
  /** Greatest sequence in the files, gaps included; 0 for none. */
  readonly lastSequence: number;
  /** A gap with nothing behind it. */
  readonly tail: Gap | undefined;
  /** Numbers of all files, ascending. */
  readonly segments: readonly number[];
}

/** What the index knows, and wants to know. */
export interface BlockReplayOptions {
  /** The last block that the index holds: durable, because only such blocks are indexed. undefined: it holds none. */
  readonly indexed: { readonly sequence: number; readonly location: BlockLocation } | undefined;
  /** Where the index has a block; undefined when it has not. */
  readonly locate: (sequence: number) => Promise<BlockLocation | undefined>;
  /** Takes each block above the indexed ones, in order. */
  readonly onBlock: (block: StoredBlock, location: BlockLocation) => Promise<void>;
  /** Takes each gap of the files that are read, in order; the index may hold it already. */
  readonly onGap: (gap: Gap) => void;
  /** A gap from that sequence on is none: it was decided here after all. */
  readonly onVoid: (from: number) => void;
  /** The files were begun before: that there are none is corruption. */
  readonly mustExist: boolean;
}

const missing = (name: SegmentName): StorageCorruption => new StorageCorruption(name.path, 0, 'the file is missing');

/** Files that the index covers are not read again, only missed: the last block of each must stand in the one before. */
async function checkPresence(
  folder: string,
  names: readonly SegmentName[],
  oldest: number,
  locate: BlockReplayOptions['locate'],
): Promise<void> {
  if (names[0]?.number !== oldest) throw missing(blockSegmentName(folder, oldest));
  for (const [i, { number }] of names.entries()) {
    const location = number === oldest ? undefined : await locate(number - 1);
    if (location !== undefined && location.segment !== names[i - 1]?.number) {
      throw missing(blockSegmentName(folder, location.segment));
    }
  }
}

/** Where reading has come to. */
interface Progress {
  readonly last: number;
  readonly tail: Gap | undefined;
}

/** Gives the blocks and gaps of one file away, and returns where it ends. */
async function readBlocks(
  { name, scan }: Loaded,
  before: Progress,
  { indexed, onBlock, onGap, onVoid }: BlockReplayOptions,
): Promise<Progress> {
  let expected = before.last + 1;
  let { tail } = before;
  if (name.number !== expected) throw missing(blockSegmentName(name.folder, expected));
  let next = 0;
  for (const { offset, length, header } of scan.groups) {
    for (const record of scan.records.slice(next, next + header.recordCount)) {
      const gap = record.kind === BLOCK_KINDS.gap ? readGap(record, name, offset) : undefined;
      const from = gap?.from ?? record.sequence;
      // Nothing was decided behind that gap yet: it may be filled, or grow.
      if (from !== expected && from === tail?.from) expected = from;
      if (from !== expected) {
        const reason = `${gap === undefined ? 'block' : 'gap'} ${String(from)} stands where ${String(expected)} should`;
        throw new StorageCorruption(name.path, offset, reason);
      }
      if (gap !== undefined) {
        onGap(gap);
        tail = gap;
        expected = gap.through + 1;
        continue;
      }
      if (tail?.from === expected) onVoid(expected);
      tail = undefined;
      if (indexed === undefined || expected > indexed.sequence) {
        await onBlock(record, { segment: name.number, offset, length });
      }
      expected++;
    }
    next += header.recordCount;
  }
  return { last: expected - 1, tail };
}

function readGap(record: LogRecord, { path }: SegmentName, offset: number): Gap {
  try {
    return decodeGap(record);
  } catch (error) {
    if (!(error instanceof LayoutError)) throw error;
    throw new StorageCorruption(path, offset, error.message);
  }
}

/** What the index holds was durable, whatever the file itself can prove. */
function checkIndexed({ name, scan }: Loaded, indexed: BlockReplayOptions['indexed']): void {
  if (indexed?.location.segment !== name.number) return;
  const end = indexed.location.offset + indexed.location.length;
  if (scan.validBytes >= end) return;
  throw new StorageCorruption(name.path, scan.validBytes, `the index says that ${String(end)} bytes were durable`);
}

/**
 * Finds the end of the decided blocks in a folder, or begins with none. Reads the files from the last indexed block on,
 * one at a time. Rejects with a StorageCorruption or a StorageFailure.
 */
export async function replayBlocks(
  fileSystem: FileSystem,
  latch: FailureLatch,
  folder: string,
  options: BlockReplayOptions,
): Promise<BlockReplay> {
  const { indexed, mustExist } = options;
  let names = latch.run(folder, 'list', () => listSegments(fileSystem, folder, BLOCK_PREFIX));
  const newest = await loadNewest(fileSystem, latch, names);
  if (newest === undefined) {
    const first = blockSegmentName(folder, indexed?.location.segment ?? 1);
    if (mustExist || indexed !== undefined) throw missing(first);
    const place = { name: first, previousBytes: 0, oldest: 1 };
    return { newest: Segment.create(fileSystem, latch, place, []), lastSequence: 0, tail: undefined, segments: [1] };
  }
  if (lastHeader(newest)?.role === 'closing') {
    throw missing(blockSegmentName(folder, newest.name.number + newest.scan.records.length));
  }
  const oldest = lastHeader(newest)?.oldestSegment ?? 1;
  const first = blockSegmentName(folder, indexed?.location.segment ?? oldest);
  // Given up by `dropBelow`, and left behind by a crash.
  for (const { path } of names.filter(({ number }) => number < oldest)) {
    latch.run(path, 'remove', () => fileSystem.remove(path));
  }
  // A file that was merely begun is gone now.
  names = names.filter(({ number }) => number >= oldest && number <= newest.name.number);
  if (!names.some(({ number }) => number === first.number)) throw missing(first);
  await checkPresence(folder, names, oldest, options.locate);
  let progress: Progress = { last: first.number - 1, tail: undefined };
  const unread = names.filter(({ number }) => number >= first.number);
  for (const [i, name] of unread.slice(0, -1).entries()) {
    const next = await readFirstHeader(fileSystem, unread[i + 1] ?? newest.name);
    const file = await load(fileSystem, name, next.previousBytes);
    progress = await readBlocks(file, progress, options);
  }
  checkIndexed(newest, indexed);
  // Made durable before its blocks go into the index, which must never be ahead of them. The other files are: each was
  // fsynced before the next was made.
  const segment = Segment.reopen(fileSystem, latch, newest.name, newest.scan, newest.bytes);
  try {
    const { last, tail } = await readBlocks(newest, progress, options);
    return { newest: segment, lastSequence: last, tail, segments: names.map(({ number }) => number) };
  } catch (error) {
    segment.close();
    throw error;
  }
}
