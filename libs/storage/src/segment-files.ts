import {
  decodeGroupHeader,
  GROUP_HEADER_BYTES,
  scanSegment,
  type GroupHeader,
  type SegmentScan,
} from '@concordat/records';
import { asFailure, StorageCorruption } from './errors';
import type { FailureLatch } from './failure-latch';
import type { FileSystem, StorageFile } from './file-system';
import type { SegmentName } from './segment-names';

/** A file that was read and judged: it is clean, or torn. */
export interface Loaded {
  readonly name: SegmentName;
  readonly bytes: Uint8Array;
  readonly scan: SegmentScan;
}

/**
 * Reads a part of a file, shorter only at its end. Rejects with a StorageFailure, which closes no latch: what was written
 * is as durable as before.
 */
export async function readPart(
  fileSystem: FileSystem,
  path: string,
  offset: number,
  length: number,
): Promise<Uint8Array> {
  let file: StorageFile | undefined;
  try {
    file = fileSystem.open(path);
    return await file.read(Math.min(length, Math.max(0, file.size() - offset)), offset);
  } catch (error) {
    throw asFailure(path, 'read', error);
  } finally {
    file?.close();
  }
}

/** Reads a file and judges it; `durableBytes` as for `scanSegment`. Rejects with a StorageCorruption or a StorageFailure. */
export async function load(fileSystem: FileSystem, name: SegmentName, durableBytes: number | 'all'): Promise<Loaded> {
  const bytes = await readPart(fileSystem, name.path, 0, Number.MAX_SAFE_INTEGER);
  const scan = scanSegment(bytes, { segment: name.number, durableBytes });
  if (scan.verdict === 'corrupt') {
    throw new StorageCorruption(name.path, scan.badOffset ?? scan.validBytes, scan.reason ?? 'a bad group');
  }
  return { name, bytes, scan };
}

/** What a file's first sound group says; undefined for none. */
export const firstHeader = ({ scan }: Loaded): GroupHeader | undefined => scan.groups[0]?.header;
/** What a file's last sound group says; undefined for none. */
export const lastHeader = ({ scan }: Loaded): GroupHeader | undefined => scan.groups.at(-1)?.header;

/** What the first group of a file says that a later file proves to be durable. Rejects with a StorageCorruption or a StorageFailure. */
export async function readFirstHeader(fileSystem: FileSystem, name: SegmentName): Promise<GroupHeader> {
  const header = decodeGroupHeader(await readPart(fileSystem, name.path, 0, GROUP_HEADER_BYTES));
  if (header === undefined) throw new StorageCorruption(name.path, 0, 'it does not begin with a sound group');
  return header;
}

/**
 * The newest file that has begun; undefined for none. A last file without a sound first group was being made when the
 * power failed: nothing in it was promised yet, and everything before it was durable, so it is removed.
 */
export async function loadNewest(
  fileSystem: FileSystem,
  latch: FailureLatch,
  names: readonly SegmentName[],
): Promise<Loaded | undefined> {
  const last = names.at(-1);
  if (last === undefined) return undefined;
  const newest = await load(fileSystem, last, 0);
  if (firstHeader(newest) !== undefined) return newest;
  const before = names.at(-2);
  // The first file of all begins with an empty base: whatever is longer was more than begun.
  if (before === undefined && (last.number > 1 || newest.bytes.length > GROUP_HEADER_BYTES)) {
    throw new StorageCorruption(last.path, 0, 'the only file does not begin with a sound group');
  }
  const previous = before === undefined ? undefined : await load(fileSystem, before, 'all');
  if (previous !== undefined && lastHeader(previous)?.role === 'closing') {
    throw new StorageCorruption(last.path, 0, 'no sound group, and the file before it says that there was one');
  }
  latch.run(last.path, 'remove', () => fileSystem.remove(last.path));
  return previous;
}
