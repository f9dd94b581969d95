import { asFailure, type FileOperation, type StorageFailure } from './errors';

/**
 * Types the platform's errors, and remembers the first for ever.
 *
 * A failed fsync is never tried again: the kernel reports a lost write once and marks the pages clean, so that a second
 * fsync succeeds with the data gone (Rebello et al., "Can Applications Recover from fsync Failures?", ATC'20). Nor is
 * anything written after a failed write: what follows a torn group could not be read back.
 */
export class FailureLatch {
  private first: StorageFailure | undefined;

  /** The failure that closed this latch. */
  get failure(): StorageFailure | undefined {
    return this.first;
  }

  /** Throws the failure that closed this latch, if any. */
  check(): void {
    if (this.first !== undefined) throw this.first;
  }

  /** Runs a blocking operation on a file. Throws a StorageFailure, from then on always the same. */
  run<T>(path: string, operation: FileOperation, work: () => T): T {
    this.check();
    try {
      return work();
    } catch (error) {
      throw this.close(path, operation, error);
    }
  }

  /** Runs an operation on a file that takes its time. Rejects with a StorageFailure, from then on always the same. */
  async runLater<T>(path: string, operation: FileOperation, work: () => Promise<T>): Promise<T> {
    this.check();
    try {
      return await work();
    } catch (error) {
      throw this.close(path, operation, error);
    }
  }

  private close(path: string, operation: FileOperation, error: unknown): StorageFailure {
    this.first ??= asFailure(path, operation, error);
    return this.first;
  }
}
