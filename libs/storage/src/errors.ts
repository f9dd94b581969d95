const textOf = (cause: unknown): string => (cause instanceof Error ? cause.message : String(cause));

/** What was being done to a file when it failed. */
export type FileOperation = 'create' | 'open' | 'read' | 'write' | 'sync' | 'truncate' | 'remove' | 'list' | 'index';

/** The disk failed. The member must stop: what it promised may not be durable, and nothing can make sure any more. */
export class StorageFailure extends Error {
  override readonly name = 'StorageFailure';

  constructor(
    readonly path: string,
    readonly operation: FileOperation,
    cause: unknown,
  ) {
    super(`${operation} failed for ${path}: ${textOf(cause)}`, { cause });
  }
}

/** The platform's error as a StorageFailure; a StorageFailure as it is. */
export const asFailure = (path: string, operation: FileOperation, error: unknown): StorageFailure =>
  error instanceof StorageFailure ? error : new StorageFailure(path, operation, error);

/** Something that was durable is damaged or gone. The member must not start on it. */
export class StorageCorruption extends Error {
  override readonly name = 'StorageCorruption';

  constructor(
    readonly path: string,
    /** Bytes from the start of the file. */
    readonly offset: number,
    readonly reason: string,
  ) {
    super(`${path} is corrupt at offset ${String(offset)}: ${reason}`);
  }
}

/** More waits to be written than the bound allows. */
export class BufferFull extends Error {
  override readonly name = 'BufferFull';

  constructor(
    readonly path: string,
    /** What the buffer may hold, in `unit`. */
    readonly bound: number,
    readonly unit: 'bytes' | 'entries',
  ) {
    super(`more than ${String(bound)} ${unit} wait to be written to ${path}`);
  }
}

/** Another process has the folder open, or this one has it open already. */
export class FolderInUse extends Error {
  override readonly name = 'FolderInUse';

  constructor(
    readonly folder: string,
    cause?: unknown,
  ) {
    super(`data folder ${folder} is in use by another process`, { cause });
  }
}
