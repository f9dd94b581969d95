import { closeSync, fstatSync, openSync, readSync, renameSync, statSync } from 'node:fs';

const TAIL_BYTES = 16 * 1024;
const LOG_BYTES_MAX = 16 * 1024 * 1024;

/** Bytes of a log file now; 0 when there is none. */
export const logSize = (file: string): number => statSync(file, { throwIfNoEntry: false })?.size ?? 0;

/** The last `count` lines of a log file, none from before `fromByte`; none when it cannot be read. */
export function lastLines(file: string, count: number, fromByte = 0): string[] {
  let descriptor: number | undefined;
  try {
    descriptor = openSync(file, 'r');
    const { size } = fstatSync(descriptor);
    // A log that has become shorter was begun anew.
    const own = size - (fromByte <= size ? fromByte : 0);
    const tail = Buffer.alloc(Math.min(own, TAIL_BYTES));
    readSync(descriptor, tail, 0, tail.length, size - tail.length);
    const text = tail.toString('utf8').trimEnd();
    return text === '' ? [] : text.split('\n').slice(-count);
  } catch {
    return [];
  } finally {
    if (descriptor !== undefined) closeSync(descriptor);
  }
}

/** Opens a log to append to, readable by its owner only. A large one from earlier runs moves to `<file>.1` first. */
export function openLog(file: string): number {
  if (logSize(file) > LOG_BYTES_MAX) renameSync(file, `${file}.1`);
  return openSync(file, 'a', 0o600);
}
