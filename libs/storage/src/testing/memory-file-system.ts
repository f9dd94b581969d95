import type { FileSystem, StorageFile } from '../file-system';

/** An operation that a fault may stand in for. */
export type Operation = 'create' | 'open' | 'read' | 'write' | 'sync' | 'truncate' | 'remove' | 'syncFolder';

/** What goes wrong: an error, or for a write the number of bytes that it takes at most. */
export type Fault = Error | { readonly bytesMax: number };

/** An error as the platform throws it. */
export const platformError = (code: string): Error => Object.assign(new Error(`${code}: injected`), { code });

class Inode {
  /** What a read sees: the page cache. */
  cached = new Uint8Array(0);
  /** What a power loss leaves. */
  durable = new Uint8Array(0);
  /** For each cached byte 1 while the disk does not have it, as far as the kernel knows. */
  dirty = new Uint8Array(0);

  resize(length: number): void {
    const grow = (from: Uint8Array): Uint8Array<ArrayBuffer> => {
      const to = new Uint8Array(length);
      to.set(from.subarray(0, length));
      return to;
    };
    this.cached = grow(this.cached);
    this.dirty = grow(this.dirty);
  }
}

/**
 * Files in memory behind a page cache: what was not synced is gone after `crash`, and so is a file whose folder was not
 * synced. A failed sync loses what it should have written and marks it clean, as Linux does.
 */
export class MemoryFileSystem implements FileSystem {
  /** Asked before every operation. */
  fault: (operation: Operation, path: string) => Fault | undefined = () => undefined;
  /** While true, `dataSync` waits for `releaseSyncs`. */
  holdsSyncs = false;
  /** Every operation so far. */
  readonly operations: Operation[] = [];
  private held: (() => void)[] = [];
  private cachedEntries = new Map<string, Inode>();
  private durableEntries = new Map<string, Inode>();

  /** Operations of one sort so far. */
  count(operation: Operation): number {
    return this.operations.filter((done) => done === operation).length;
  }

  /** Syncs that wait. */
  get syncsHeld(): number {
    return this.held.length;
  }

  /** Lets every waiting sync go on. */
  releaseSyncs(): void {
    const held = this.held;
    this.held = [];
    for (const go of held) go();
  }

  /** The bytes of a file; a change of them is damage on the disk. */
  contents(path: string): Uint8Array {
    return this.inode(path).cached;
  }

  /** Puts a file's bytes there, durably. */
  put(path: string, bytes: Uint8Array): void {
    const inode = new Inode();
    inode.cached = bytes.slice();
    inode.durable = bytes.slice();
    inode.dirty = new Uint8Array(bytes.length);
    this.cachedEntries.set(path, inode);
    this.durableEntries.set(path, inode);
  }

  /**
   * What a power loss leaves: a new disk. `keep` says how many bytes behind the durable ones arrived by chance, of how
   * many that were written.
   */
  crash(keep: (unsynced: number) => number = () => 0): MemoryFileSystem {
    const disk = new MemoryFileSystem();
    for (const [path, inode] of this.durableEntries) {
      const length = inode.durable.length;
      const extra = keep(Math.max(0, inode.cached.length - length));
      disk.put(path, Uint8Array.of(...inode.durable, ...inode.cached.subarray(length, length + extra)));
    }
    return disk;
  }

  /** The same files under other names, as a new disk: what somebody did with cp and rm. */
  copy(keep: (path: string) => boolean = () => true): MemoryFileSystem {
    const disk = new MemoryFileSystem();
    for (const [path, { cached }] of this.cachedEntries) if (keep(path)) disk.put(path, cached);
    return disk;
  }

  create(path: string): StorageFile {
    this.perform('create', path);
    if (this.cachedEntries.has(path)) throw platformError('EEXIST');
    this.cachedEntries.set(path, new Inode());
    return this.handle(path);
  }

  open(path: string): StorageFile {
    this.perform('open', path);
    return this.handle(path);
  }

  list(folder: string): readonly string[] {
    return [...this.cachedEntries.keys()]
      .filter((path) => path.startsWith(`${folder}/`))
      .map((path) => path.slice(folder.length + 1));
  }

  createFolder(): void {
    // Folders need no making here.
  }

  syncFolder(folder: string): void {
    this.perform('syncFolder', folder);
    this.durableEntries = new Map(this.cachedEntries);
  }

  remove(path: string): void {
    this.perform('remove', path);
    if (!this.cachedEntries.delete(path)) throw platformError('ENOENT');
  }

  private inode(path: string): Inode {
    const inode = this.cachedEntries.get(path);
    if (inode === undefined) throw platformError('ENOENT');
    return inode;
  }

  private perform(operation: Operation, path: string): number {
    this.operations.push(operation);
    const fault = this.fault(operation, path);
    if (fault instanceof Error) throw fault;
    return fault?.bytesMax ?? Number.POSITIVE_INFINITY;
  }

  private handle(path: string): StorageFile {
    const inode = this.inode(path);
    let isOpen = true;
    const use = (operation: Operation): number => {
      if (!isOpen) throw platformError('EBADF');
      return this.perform(operation, path);
    };
    const flush = (bytes: Uint8Array, dirty: Uint8Array): void => {
      const durable = new Uint8Array(Math.max(bytes.length, inode.durable.length));
      durable.set(inode.durable);
      dirty.forEach((isDirty, i) => {
        if (isDirty === 1) durable[i] = bytes[i] ?? 0;
      });
      inode.durable = durable;
    };
    const sync = (): void => {
      try {
        use('sync');
      } catch (error) {
        inode.dirty.fill(0);
        throw error;
      }
    };
    return {
      write: (bytes, offset) => {
        const taken = bytes.subarray(0, use('write'));
        const end = offset + taken.length;
        if (end > inode.cached.length) inode.resize(end);
        inode.cached.set(taken, offset);
        inode.dirty.fill(1, offset, end);
        return taken.length;
      },
      read: (length, offset) => {
        use('read');
        return Promise.resolve(inode.cached.slice(offset, offset + length));
      },
      dataSync: async () => {
        const [bytes, dirty] = [inode.cached.slice(), inode.dirty.slice()];
        if (this.holdsSyncs) await new Promise<void>((resolve) => this.held.push(resolve));
        else await Promise.resolve();
        sync();
        flush(bytes, dirty);
        inode.dirty.forEach((_, i) => {
          if (i < bytes.length && inode.cached[i] === bytes[i]) inode.dirty[i] = 0;
        });
      },
      dataSyncNow: () => {
        sync();
        flush(inode.cached, inode.dirty);
        inode.dirty.fill(0);
      },
      truncate: (length) => {
        use('truncate');
        inode.resize(length);
        inode.durable = inode.durable.slice(0, length);
      },
      size: () => inode.cached.length,
      close: () => {
        if (!isOpen) throw platformError('EBADF');
        isOpen = false;
      },
    };
  }
}
