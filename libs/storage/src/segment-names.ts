import { join } from 'node:path';
import type { FileSystem } from './file-system';

/** A log's file: `<prefix>-<number>.log` in the log's folder. */
export interface SegmentName {
  readonly folder: string;
  readonly path: string;
  readonly number: number;
}

/** Name of the file with that number. */
export const segmentName = (folder: string, prefix: string, number: number): SegmentName => ({
  folder,
  path: join(folder, `${prefix}-${String(number)}.log`),
  number,
});

/** The log's files in a folder, ascending by number. Other names are no concern of the log. */
export function listSegments(fileSystem: FileSystem, folder: string, prefix: string): SegmentName[] {
  const pattern = new RegExp(`^${prefix}-([1-9][0-9]{0,15})\\.log$`);
  return fileSystem
    .list(folder)
    .flatMap((name) => pattern.exec(name)?.[1] ?? [])
    .map(Number)
    .sort((a, b) => a - b)
    .map((number) => segmentName(folder, prefix, number));
}
