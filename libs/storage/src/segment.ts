import { randomBytes } from 'node:crypto';
import { encodeGroup, type GroupRole, type LogRecord, type SegmentScan } from '@concordat/records';
import { StorageFailure } from './errors';
import type { FailureLatch } from './failure-latch';
import type { FileSystem, StorageFile } from './file-system';
import type { SegmentName } from './segment-names';

/** Where a new file stands among the others. */
export interface SegmentPlace {
  readonly name: SegmentName;
  /** Length of the file before it, which must be durable; 0 for the first. */
  readonly previousBytes: number;
  /** Number of the oldest file that must still exist. */
  readonly oldest: number;
}

/** Where a group was written. */
export interface Span {
  readonly offset: number;
  /** Bytes. */
  readonly length: number;
}

const drawSalt = (): number => randomBytes(6).readUIntBE(0, 6);

/** The file that a log appends to. Writes reach the operating system at once, and the disk with a sync. */
export class Segment {
  private syncsUnderWay = 0;
  private retired = false;

  private constructor(
    readonly name: SegmentName,
    private readonly file: StorageFile,
    private readonly latch: FailureLatch,
    private readonly salt: number,
    private readonly previousBytes: number,
    private end: number,
    private durable: number,
  ) {}

  /** Makes a file that begins with `base`. File, base and the folder's entry are durable when it returns. */
  static create(
    fileSystem: FileSystem,
    latch: FailureLatch,
    { name, previousBytes, oldest }: SegmentPlace,
    base: readonly LogRecord[],
  ): Segment {
    const file = latch.run(name.path, 'create', () => fileSystem.create(name.path));
    const segment = new Segment(name, file, latch, drawSalt(), previousBytes, 0, 0);
    segment.append(base, oldest, 'base');
    segment.dataSyncNow();
    latch.run(name.folder, 'sync', () => fileSystem.syncFolder(name.folder));
    return segment;
  }

  /**
   * Opens a file that was scanned: cuts its torn tail, if any, and makes all that is left durable. The first byte of the tail
   * stays until something is written over it: should this process end before, the next one must find the file torn as well.
   *
   * What was not known to be durable is written once more first. A process that died of a failed fsync leaves its pages
   * marked clean: they would be read back, and fsynced without ever being written, until a power loss.
   */
  static reopen(
    fileSystem: FileSystem,
    latch: FailureLatch,
    name: SegmentName,
    scan: SegmentScan,
    bytes: Uint8Array,
  ): Segment {
    const first = scan.groups[0]?.header;
    const last = scan.groups.at(-1)?.header;
    if (first === undefined || last === undefined) throw new RangeError(`${name.path} holds no group`);
    const file = latch.run(name.path, 'open', () => fileSystem.open(name.path));
    const { durableOffset } = last;
    const segment = new Segment(name, file, latch, first.salt, first.previousBytes, durableOffset, durableOffset);
    const kept = scan.validBytes + 1;
    if (kept < bytes.length) latch.run(name.path, 'truncate', () => file.truncate(kept));
    segment.write(bytes.subarray(durableOffset, scan.validBytes));
    segment.dataSyncNow();
    latch.run(name.folder, 'sync', () => fileSystem.syncFolder(name.folder));
    return segment;
  }

  /** Length of the file. */
  get bytes(): number {
    return this.end;
  }

  /** Length of the part that is known to be durable. */
  get durableBytes(): number {
    return this.durable;
  }

  /** Writes one group behind the others. Throws a StorageFailure. */
  append(records: readonly LogRecord[], oldest: number, role: GroupRole = 'records'): Span {
    const place = {
      role,
      segment: this.name.number,
      salt: this.salt,
      durableOffset: this.durable,
      previousBytes: this.previousBytes,
      oldestSegment: oldest,
    };
    const group = encodeGroup(place, records);
    const offset = this.end;
    this.write(group);
    return { offset, length: group.length };
  }

  private write(bytes: Uint8Array): void {
    const { path } = this.name;
    this.latch.run(path, 'write', () => {
      for (let done = 0; done < bytes.length;) {
        const took = this.file.write(bytes.subarray(done), this.end + done);
        if (took <= 0) throw new StorageFailure(path, 'write', new Error('the file took no bytes'));
        done += took;
      }
    });
    this.end += bytes.length;
  }

  /** Makes everything written so far durable. Rejects with a StorageFailure. */
  async dataSync(): Promise<void> {
    const covered = this.end;
    this.syncsUnderWay++;
    try {
      await this.latch.runLater(this.name.path, 'sync', () => this.file.dataSync());
      this.durable = Math.max(this.durable, covered);
    } finally {
      this.syncsUnderWay--;
      this.closeWhenRetired();
    }
  }

  /** `dataSync`, blocking. Throws a StorageFailure. */
  dataSyncNow(): void {
    this.latch.run(this.name.path, 'sync', () => this.file.dataSyncNow());
    this.durable = this.end;
  }

  /**
   * Marks that a later file is durable, and closes this one. With the mark here the later file cannot vanish unnoticed.
   */
  succeed(oldest: number): void {
    this.append([], oldest, 'closing');
    this.dataSyncNow();
    this.close();
  }

  /** Closes the file once no sync is under way: a descriptor must not be given back while a thread still uses it. */
  close(): void {
    this.retired = true;
    this.closeWhenRetired();
  }

  private closeWhenRetired(): void {
    if (this.retired && this.syncsUnderWay === 0) {
      this.retired = false;
      this.file.close();
    }
  }
}
