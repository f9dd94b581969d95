import type { LogRecord } from '@concordat/records';
import { StorageCorruption } from './errors';
import type { FailureLatch } from './failure-latch';
import type { FileSystem } from './file-system';
import { Segment } from './segment';
import { firstHeader, lastHeader, load, loadNewest, type Loaded } from './segment-files';
import { listSegments, segmentName, type SegmentName } from './segment-names';

const PREFIX = 'votes';

/** A vote log's files as they were found, and its newest one opened. */
export interface Replay {
  /** All records of all files in order. */
  readonly records: LogRecord[];
  /** The end of the newest file was cut off. */
  readonly tornTail: boolean;
  /** There was no log. */
  readonly isNew: boolean;
  readonly newest: Segment;
  /** Files before the newest, oldest first, with the greatest sequence of each. */
  readonly older: readonly OlderSegment[];
  /** Greatest sequence in the newest file; 0 for none. */
  readonly newestSequence: number;
}

/** A file that is no longer appended to. */
export interface OlderSegment {
  readonly name: SegmentName;
  readonly greatestSequence: number;
}

/** Greatest sequence of some records; 0 for none. */
export const greatestSequence = (records: readonly LogRecord[], floor = 0): number =>
  records.reduce((greatest, { sequence }) => Math.max(greatest, sequence), floor);

/** The log's file with that number. */
export const voteSegmentName = (folder: string, number: number): SegmentName => segmentName(folder, PREFIX, number);

/** The files before the newest, oldest first. */
async function loadOlder(
  fileSystem: FileSystem,
  names: readonly SegmentName[],
  newest: Loaded,
  oldest: number,
): Promise<Loaded[]> {
  const present = new Set(names.map((name) => name.number));
  const loaded: Loaded[] = [];
  let later = newest;
  for (let number = newest.name.number - 1; number >= oldest; number--) {
    const name = voteSegmentName(newest.name.folder, number);
    if (!present.has(number)) throw new StorageCorruption(name.path, 0, 'the file is missing');
    // A torn closing mark may stand behind what was durable: the crash came when the later file was complete.
    later = await load(fileSystem, name, firstHeader(later)?.previousBytes ?? 'all');
    loaded.unshift(later);
  }
  return loaded;
}

/**
 * Replays the vote log in a folder, or begins one. Reads from the newest file to the oldest, because each file tells how
 * much of the one before it was durable, and the newest which one is the oldest. Rejects with a StorageCorruption, also
 * when the log must exist and does not, or with a StorageFailure.
 */
export async function replayVoteLog(
  fileSystem: FileSystem,
  latch: FailureLatch,
  folder: string,
  mustExist: boolean,
): Promise<Replay> {
  const names = latch.run(folder, 'list', () => listSegments(fileSystem, folder, PREFIX));
  const newest = await loadNewest(fileSystem, latch, names);
  if (newest === undefined) {
    const place = { name: voteSegmentName(folder, 1), previousBytes: 0, oldest: 1 };
    if (mustExist) throw new StorageCorruption(place.name.path, 0, 'the file is missing');
    const first = Segment.create(fileSystem, latch, place, []);
    return { records: [], tornTail: false, isNew: true, newest: first, older: [], newestSequence: 0 };
  }
  const { number } = newest.name;
  const header = lastHeader(newest);
  if (header?.role === 'closing') {
    throw new StorageCorruption(voteSegmentName(folder, number + 1).path, 0, 'the file is missing');
  }
  const oldest = header?.oldestSegment ?? number;
  const older = await loadOlder(fileSystem, names, newest, oldest);
  // Given up by `dropBelow`, and left behind by a crash.
  for (const { path } of names.filter((name) => name.number < oldest)) {
    latch.run(path, 'remove', () => fileSystem.remove(path));
  }
  return {
    records: [...older, newest].flatMap(({ scan }) => scan.records),
    tornTail: newest.scan.verdict === 'torn-tail',
    isNew: false,
    newest: Segment.reopen(fileSystem, latch, newest.name, newest.scan, newest.bytes),
    older: older.map(({ name, scan }) => ({ name, greatestSequence: greatestSequence(scan.records) })),
    newestSequence: greatestSequence(newest.scan.records),
  };
}
