import { ClassicLevel } from 'classic-level';
import { FolderInUse, StorageFailure } from './errors';

/** Keys and values as bytes. */
export type Level = ClassicLevel<Uint8Array, Uint8Array>;

const codeOf = (error: unknown): unknown =>
  typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined;

/**
 * Opens a LevelDB, or makes one. LevelDB holds a kernel lock on the file LOCK in it, which ends with the process however
 * that ends. (POSIX drops it as well when any descriptor of the file is closed: never open LOCK for anything else.)
 *
 * Rejects with a FolderInUse that names `dataFolder` when it is open already, here or in another process, and with a
 * StorageFailure.
 */
export async function openLevel(location: string, cacheBytes: number, dataFolder: string): Promise<Level> {
  const level: Level = new ClassicLevel(location, {
    keyEncoding: 'view',
    valueEncoding: 'view',
    cacheSize: cacheBytes,
    writeBufferSize: cacheBytes,
    // Each open table keeps its own index in memory; the default of 1000 would let them grow with the history.
    maxOpenFiles: 128,
  });
  try {
    await level.open();
    return level;
  } catch (error) {
    const cause = error instanceof Error && error.cause !== undefined ? error.cause : error;
    if (codeOf(cause) === 'LEVEL_LOCKED') throw new FolderInUse(dataFolder, cause);
    throw new StorageFailure(location, 'index', cause);
  }
}
