import { BLOCK_PREFIX, blockSegmentName, type BlockLocation, type StoredBlock } from './block-place';
import { StorageCorruption } from './errors';
import type { FailureLatch } from './failure-latch';
import type { FileSystem } from './file-system';
import { Segment } from './segment';
import { lastHeader, load, loadNewest, readFirstHeader, type Loaded } from './segment-files';
import { listSegments, type SegmentName } from './segment-names';

/** Where replaying left off. */
export interface BlockReplay {
  readonly newest: Segment;
  /** Greatest sequence in the files; 0 for none. */
  readonly lastSequence: number;
}

/** What the index knows, and wants to know. */
export interface BlockReplayOptions {
  /** The last block that the index holds: durable, because only such blocks are indexed. undefined: it holds none. */
  readonly indexed: { readonly sequence: number; readonly location: BlockLocation } | undefined;
  /** Where the index has a block; undefined when it has not. */
  readonly locate: (sequence: number) => Promise<BlockLocation | undefined>;
  /** Takes each block above the indexed ones, in order. */
  readonly onBlock: (block: StoredBlock, location: BlockLocation) => Promise<void>;
  /** The files were begun before: that there are none is corruption. */
  readonly mustExist: boolean;
}

const missing = (name: SegmentName): StorageCorruption => new StorageCorruption(name.path, 0, 'the file is missing');

/** Files that the index covers are not read again, only missed: the last block of each must stand in the one before. */
async function checkPresence(
  folder: string,
  names: readonly SegmentName[],
  locate: BlockReplayOptions['locate'],
): Promise<void> {
  if (names[0]?.number !== 1) throw missing(blockSegmentName(folder, 1));
  for (const [i, { number }] of names.entries()) {
    const location = number === 1 ? undefined : await locate(number - 1);
    if (location !== undefined && location.segment !== names[i - 1]?.number) {
      throw missing(blockSegmentName(folder, location.segment));
    }
  }
}

/** Gives the blocks of one file to `onBlock`, and returns the sequence of the last. */
async function readBlocks(
  { name, scan }: Loaded,
  expectedFirst: number,
  { indexed, onBlock }: BlockReplayOptions,
): Promise<number> {
  if (name.number !== expectedFirst) throw missing(blockSegmentName(name.folder, expectedFirst));
  let expected = expectedFirst;
  let next = 0;
  for (const { offset, length, header } of scan.groups) {
    for (const record of scan.records.slice(next, next + header.recordCount)) {
      if (record.sequence !== expected) {
        const reason = `block ${String(record.sequence)} stands where ${String(expected)} should`;
        throw new StorageCorruption(name.path, offset, reason);
      }
      if (indexed === undefined || expected > indexed.sequence) {
        await onBlock(record, { segment: name.number, offset, length });
      }
      expected++;
    }
    next += header.recordCount;
  }
  return expected - 1;
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
  const first = blockSegmentName(folder, indexed?.location.segment ?? 1);
  if (newest === undefined) {
    if (mustExist || indexed !== undefined) throw missing(first);
    const place = { name: first, previousBytes: 0, oldest: 1 };
    return { newest: Segment.create(fileSystem, latch, place, []), lastSequence: 0 };
  }
  if (lastHeader(newest)?.role === 'closing') {
    throw missing(blockSegmentName(folder, newest.name.number + newest.scan.records.length));
  }
  // A file that was merely begun is gone now.
  names = names.filter(({ number }) => number <= newest.name.number);
  if (!names.some(({ number }) => number === first.number)) throw missing(first);
  await checkPresence(folder, names, options.locate);
  let last = first.number - 1;
  const unread = names.filter(({ number }) => number >= first.number);
  for (const [i, name] of unread.slice(0, -1).entries()) {
    const next = await readFirstHeader(fileSystem, unread[i + 1] ?? newest.name);
    const file = await load(fileSystem, name, next.previousBytes);
    last = await readBlocks(file, last + 1, options);
  }
  checkIndexed(newest, indexed);
  // Made durable before its blocks go into the index, which must never be ahead of them. The other files are: each was
  // fsynced before the next was made.
  const segment = Segment.reopen(fileSystem, latch, newest.name, newest.scan, newest.bytes);
  try {
    return { newest: segment, lastSequence: await readBlocks(newest, last + 1, options) };
  } catch (error) {
    segment.close();
    throw error;
  }
}
