import {
  closeSync,
  fdatasync,
  fdatasyncSync,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  read,
  readdirSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { promisify } from 'node:util';
import type { FileSystem, StorageFile } from './file-system';

const dataSyncOf = promisify(fdatasync);
const readFrom = promisify(read);

class NodeFile implements StorageFile {
  constructor(private readonly descriptor: number) {}

  write(bytes: Uint8Array, offset: number): number {
    return writeSync(this.descriptor, bytes, 0, bytes.length, offset);
  }

  async read(length: number, offset: number): Promise<Uint8Array> {
    const bytes = new Uint8Array(length);
    let filled = 0;
    while (filled < length) {
      const { bytesRead } = await readFrom(this.descriptor, bytes, filled, length - filled, offset + filled);
      if (bytesRead === 0) break;
      filled += bytesRead;
    }
    return bytes.subarray(0, filled);
  }

  dataSync(): Promise<void> {
    return dataSyncOf(this.descriptor);
  }

  dataSyncNow(): void {
    fdatasyncSync(this.descriptor);
  }

  truncate(length: number): void {
    ftruncateSync(this.descriptor, length);
  }

  size(): number {
    return fstatSync(this.descriptor).size;
  }

  close(): void {
    closeSync(this.descriptor);
  }
}

/** The operating system's files. */
export const nodeFileSystem: FileSystem = {
  create: (path) => new NodeFile(openSync(path, 'wx+', 0o600)),
  open: (path) => new NodeFile(openSync(path, 'r+')),
  list: (folder) => readdirSync(folder),
  createFolder: (folder) => void mkdirSync(folder, { recursive: true, mode: 0o700 }),
  syncFolder: (folder) => {
    const descriptor = openSync(folder, 'r');
    try {
      fsyncSync(descriptor);
    } finally {
      closeSync(descriptor);
    }
  },
  remove: (path) => unlinkSync(path),
};
