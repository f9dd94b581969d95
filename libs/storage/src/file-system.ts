/** An open file. Every method throws or rejects with the platform's error; it is the caller who types it. */
export interface StorageFile {
  /** Writes at `offset` and returns how many bytes it took: it may be fewer than given, as write(2) may. */
  write(bytes: Uint8Array, offset: number): number;
  /** Reads up to `length` bytes from `offset`; fewer only at the end of the file. */
  read(length: number, offset: number): Promise<Uint8Array>;
  /** fdatasync without blocking the event loop: covers every write that returned before the call. */
  dataSync(): Promise<void>;
  /** fdatasync, blocking. */
  dataSyncNow(): void;
  truncate(length: number): void;
  /** Bytes in the file. */
  size(): number;
  /** Must not be called while a dataSync or read is under way. */
  close(): void;
}

/** What the logs need of a file system. Small, so that tests can put faults and power losses behind it. */
export interface FileSystem {
  /** Makes a file that must not exist yet, readable by its owner only. */
  create(path: string): StorageFile;
  /** Opens a file that must exist. */
  open(path: string): StorageFile;
  /** Names in a folder, in no order. */
  list(folder: string): readonly string[];
  /** Makes a folder of mode 0700, and those above it, where missing. */
  createFolder(folder: string): void;
  /** Makes the folder's entries durable: files made in it, and removed from it. Blocking. */
  syncFolder(folder: string): void;
  remove(path: string): void;
}
