import { RECORD_OVERHEAD_BYTES, type LogRecord } from '@concordat/records';
import { Coalesced } from './coalesced';
import { BufferFull } from './errors';
import { FailureLatch } from './failure-latch';
import type { FileSystem } from './file-system';
import { nodeFileSystem } from './node-file-system';
import { Segment } from './segment';
import { greatestSequence, replayVoteLog, voteSegmentName, type OlderSegment, type Replay } from './vote-log-replay';

/** Where a vote log lives, and its bounds. */
export interface VoteLogOptions {
  /** Folder of its files; must exist. */
  readonly folder: string;
  /** The log was begun before: that it is missing is corruption. Default false: it is begun. */
  readonly mustExist?: boolean;
  /** Length from which `isSegmentFull` asks for a rotation. Default 64 MiB. */
  readonly segmentBytesMax?: number;
  /** Bytes that may wait for a sync. Default 64 MiB. */
  readonly pendingBytesMax?: number;
  /** Default: the operating system's. */
  readonly fileSystem?: FileSystem;
}

const DEFAULT_BYTES_MAX = 64 << 20;

/**
 * What a member has promised, in files `votes-<number>.log` (Spec §6): append, sync, and only then let the signature
 * leave. One writer. After the first failed write or fsync every call fails with the same StorageFailure.
 */
export class VoteLog {
  /** Records whose sync never returned were cut off: the member must abstain from its current view (Spec §6). */
  readonly tornTail: boolean;
  /** There was no log. Either this member is new, or it lost its voting state: only the caller can tell. */
  readonly isNew: boolean;

  /** How many records `takeRecords` gives. */
  readonly replayedCount: number;

  private pending: LogRecord[] = [];
  private pendingBytes = 0;
  private replayed: LogRecord[] | undefined;
  private newest: Segment;
  private newestSequence: number;
  private readonly older: OlderSegment[];
  private readonly commits = new Coalesced(() => this.commit());

  private constructor(
    private readonly fileSystem: FileSystem,
    private readonly latch: FailureLatch,
    private readonly folder: string,
    private readonly segmentBytesMax: number,
    private readonly pendingBytesMax: number,
    replay: Replay,
  ) {
    this.tornTail = replay.tornTail;
    this.isNew = replay.isNew;
    this.replayed = replay.records;
    this.replayedCount = replay.records.length;
    this.newest = replay.newest;
    this.newestSequence = replay.newestSequence;
    this.older = [...replay.older];
  }

  /**
   * Opens the log and replays it. Rejects with a StorageCorruption where anything durable is damaged or missing, and
   * with a StorageFailure where the disk fails.
   */
  static async open(options: VoteLogOptions): Promise<VoteLog> {
    const { folder, fileSystem = nodeFileSystem } = options;
    const { segmentBytesMax = DEFAULT_BYTES_MAX, pendingBytesMax = DEFAULT_BYTES_MAX } = options;
    const latch = new FailureLatch();
    const replay = await replayVoteLog(fileSystem, latch, folder, options.mustExist ?? false);
    return new VoteLog(fileSystem, latch, folder, segmentBytesMax, pendingBytesMax, replay);
  }

  /** Every record of the log as it was opened, in order; payloads are views. To be called once: the log keeps none of it. */
  takeRecords(): LogRecord[] {
    const records = this.replayed;
    if (records === undefined) throw new RangeError('the replayed records were taken before');
    this.replayed = undefined;
    return records;
  }

  /** The newest file has reached its size: time to `rotate`. */
  get isSegmentFull(): boolean {
    return this.newest.bytes >= this.segmentBytesMax;
  }

  /** Files of the log. */
  get segmentCount(): number {
    return this.older.length + 1;
  }

  /**
   * Keeps a record for the next sync. The payload must not change until then. Throws a BufferFull when too much waits
   * already, a RangeError for a field that the layout cannot hold, and the StorageFailure of a log that failed.
   */
  append(record: LogRecord): void {
    this.latch.check();
    const bytes = this.pendingBytes + RECORD_OVERHEAD_BYTES + record.payload.length;
    if (bytes > this.pendingBytesMax) throw new BufferFull(this.newest.name.path, this.pendingBytesMax, 'bytes');
    const { kind, sequence } = record;
    // Here, and not when the group is written: a bad record must fail its author, not everyone in the group.
    if (!Number.isInteger(kind) || kind < 0 || kind > 0xff || !Number.isSafeInteger(sequence) || sequence < 0) {
      throw new RangeError(`no record of kind ${String(kind)} and sequence ${String(sequence)} can be kept`);
    }
    this.pending.push(record);
    this.pendingBytes = bytes;
  }

  /**
   * Group commit: resolves when everything appended before the call is durable. Calls during a commit share the next
   * one. Rejects with a StorageFailure.
   */
  sync(): Promise<void> {
    if (this.pending.length > 0 || this.latch.failure !== undefined) return this.commits.run();
    return this.commits.current ?? Promise.resolve();
  }

  /** `sync`, blocking: everything appended or written so far is durable when it returns. Throws a StorageFailure. */
  syncNow(): void {
    this.latch.check();
    this.writePending();
    if (this.newest.durableBytes < this.newest.bytes) this.newest.dataSyncNow();
  }

  /**
   * Begins a new file with `base`: what a restart needs of everything before it. Commits what was appended, and blocks
   * for four fsyncs. The base is durable when it returns. Throws a StorageFailure.
   */
  rotate(base: readonly LogRecord[]): void {
    // The old file must be durable as a whole before a new one exists: that it was is what a reader concludes.
    this.syncNow();
    const old = this.newest;
    const oldest = this.oldest;
    const name = voteSegmentName(this.folder, old.name.number + 1);
    this.newest = Segment.create(this.fileSystem, this.latch, { name, previousBytes: old.bytes, oldest }, base);
    old.succeed(oldest);
    this.older.push({ name: old.name, greatestSequence: this.newestSequence });
    this.newestSequence = greatestSequence(base);
  }

  /**
   * Deletes the oldest files as long as all their records belong to sequences up to `sequence`, never the newest file.
   * Returns how many. Commits what was appended. Throws a StorageFailure.
   */
  dropBelow(sequence: number): number {
    const kept = this.older.findIndex(({ greatestSequence: greatest }) => greatest > sequence);
    const dropped = this.older.splice(0, kept === -1 ? this.older.length : kept);
    if (dropped.length === 0) return 0;
    // First on record, then done: a file that is missing without a record of it is corruption to the next start.
    this.writePending(true);
    this.newest.dataSyncNow();
    for (const { name } of dropped) this.latch.run(name.path, 'remove', () => this.fileSystem.remove(name.path));
    return dropped.length;
  }

  /** Commits what was appended and closes the files. A log that failed is closed without. */
  close(): void {
    if (this.latch.failure === undefined) this.syncNow();
    this.newest.close();
  }

  private get oldest(): number {
    return this.older[0]?.name.number ?? this.newest.name.number;
  }

  private async commit(): Promise<void> {
    this.latch.check();
    this.writePending();
    if (this.newest.durableBytes < this.newest.bytes) await this.newest.dataSync();
  }

  /** One group of everything that waits. `always`: an empty one too, for what its header says. */
  private writePending(always = false): void {
    if (this.pending.length === 0 && !always) return;
    const records = this.pending;
    this.pending = [];
    this.pendingBytes = 0;
    this.newest.append(records, this.oldest);
    this.newestSequence = greatestSequence(records, this.newestSequence);
  }
}
