import { InvariantError } from '@concordat/protocol';

/**
 * Why a host stopped by itself. storage: log or decisions failed. invariant: a bug of ours that an assertion caught.
 * defect: any other error where none may be. replica: the replica itself found that it must not go on.
 */
export type HaltCode = 'storage' | 'invariant' | 'defect' | 'replica';

/** Why a host stopped by itself, for the exit message. */
export interface HaltReason {
  readonly code: HaltCode;
  readonly message: string;
  /** The error behind it; absent for `replica`. */
  readonly cause?: unknown;
}

/** The host has stopped, by itself or because it was told to. Whether an envelope was taken in before is not known. */
export class HostStoppedError extends Error {
  override readonly name = 'HostStoppedError';
}

/** An error of log or decisions, on its way to whoever stops the host. */
export class StoragePortError extends Error {
  override readonly name = 'StoragePortError';

  constructor(cause: unknown) {
    super(cause instanceof Error ? cause.message : String(cause), { cause });
  }
}

/** Runs something of a storage port. Throws a StoragePortError. */
export function onStorage<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw new StoragePortError(error);
  }
}

/** Sorts an error that stops the host. */
export function haltReasonOf(error: unknown): HaltReason {
  if (error instanceof StoragePortError) return { code: 'storage', message: error.message, cause: error.cause };
  const message = error instanceof Error ? error.message : String(error);
  return { code: error instanceof InvariantError ? 'invariant' : 'defect', message, cause: error };
}
