import { type HaltReason } from '@concordat/replica-host';
import { StorageCorruption, StorageFailure } from '@concordat/storage';

/** Wraps what reads or writes the data folder beside the host: a disk that fails there stops the member as well (Spec §6). */
export function failStop<Arguments extends readonly unknown[], Result>(
  work: (...args: Arguments) => Promise<Result>,
  onHalted: (reason: HaltReason) => void,
): (...args: Arguments) => Promise<Result> {
  return async (...args) => {
    try {
      return await work(...args);
    } catch (error) {
      if (error instanceof StorageFailure || error instanceof StorageCorruption)
        onHalted({ code: 'storage', message: error.message, cause: error });
      throw error;
    }
  };
}
