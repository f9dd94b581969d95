import type { CommittedBlock, DurableRecord } from '@concordat/consensus';
import type { Signed } from '@concordat/protocol';
import { concatBytes } from '@concordat/protocol';
import { encodeGroup, scanSegment, type LogRecord } from '@concordat/records';
import type { Random } from './random';

/** What a member asked its disk to keep: what the bytes mean, for the checkers. */
export type Kept =
  | { readonly kind: 'record'; readonly record: DurableRecord }
  | { readonly kind: 'vote'; readonly message: Signed }
  | { readonly kind: 'decision'; readonly block: CommittedBlock };

/** Something appended: into the log, or a decision's bytes into the decision store. */
export interface Append {
  readonly kept: Kept;
  readonly bytes: LogRecord | Uint8Array;
}

interface Segment {
  readonly number: number;
  readonly previousBytes: number;
  readonly groups: Uint8Array[];
  bytes: number;
  records: number;
  greatestSequence: number;
}

/** What a restarted member reads. */
export interface DiskContents {
  readonly log: readonly LogRecord[];
  readonly tornTail: boolean;
  /** Decision records, ascending by sequence. */
  readonly decisions: readonly Uint8Array[];
}

const isDecision = (append: Append): append is Append & { kept: { kind: 'decision' }; bytes: Uint8Array } =>
  append.kept.kind === 'decision';

/**
 * One member's disk: a log of groups in the files' real layout, and a decision store. What was appended since the last
 * sync began is lost in a crash; what a sync was about to write may be lost, whole, or torn. A sync writes decisions
 * before the log, so that no durable CHECKPOINT tells of a decision that is not.
 */
export class SimulatedDisk {
  private readonly segments: Segment[] = [];
  private readonly decisions = new Map<number, Uint8Array>();
  private pending: Append[] = [];
  private syncing: Append[] = [];
  private appendedCount = 0;
  private durableCount = 0;

  constructor(private readonly salt: number) {
    this.format();
  }

  /** Appends so far; the place of the last one. */
  get appended(): number {
    return this.appendedCount;
  }

  /** Everything up to this place is durable. */
  get durable(): number {
    return this.durableCount;
  }

  /** Records in the newest file. */
  get newestRecords(): number {
    return this.newest.records + this.pending.length + this.syncing.length;
  }

  append(append: Append): number {
    this.pending.push(append);
    return ++this.appendedCount;
  }

  /** Begins to write everything appended so far; false when there is nothing, or a sync is under way. */
  beginSync(): boolean {
    if (this.syncing.length > 0 || this.pending.length === 0) return false;
    this.syncing = this.pending;
    this.pending = [];
    return true;
  }

  /** The sync that was begun returns. What it wrote is durable. */
  completeSync(): readonly Append[] {
    const written = this.syncing;
    this.syncing = [];
    this.writeDecisions(written);
    this.writeGroup(written);
    this.durableCount += written.length;
    return written;
  }

  /** Everything that waits becomes durable now: what a rotation does before it begins a new file. */
  syncNow(): readonly Append[] {
    const written = [...this.completeSync()];
    if (this.beginSync()) written.push(...this.completeSync());
    return written;
  }

  /** Begins a new file with `base`, durable at once, after everything before it. */
  rotate(base: readonly Append[]): void {
    const { number, bytes } = this.newest;
    this.openSegment(number + 1, bytes, recordsOf(base));
  }

  /** Deletes the oldest files as long as all they hold belongs to sequences up to `sequence`. */
  dropBelow(sequence: number): void {
    while (this.segments.length > 1 && (this.segments[0]?.greatestSequence ?? 0) <= sequence) this.segments.shift();
  }

  /** Power loss. Returns what became durable without the member hearing of it. */
  crash(random: Random, tornRate: number): readonly Append[] {
    const { syncing } = this;
    this.syncing = [];
    this.pending = [];
    let survived: readonly Append[] = [];
    if (syncing.length > 0) {
      // Nothing arrived; some decisions did; all of them did, and perhaps half of the log's group (2, 3); everything did.
      const outcome = random.below(5);
      const decisions = syncing.filter(isDecision);
      if (outcome === 1) survived = decisions.slice(0, random.below(decisions.length + 1));
      if (outcome === 2 || outcome === 3) survived = decisions;
      if (outcome === 4) survived = syncing;
      this.writeDecisions(survived);
      if (outcome === 4) this.writeGroup(syncing);
      else if (outcome >= 2 && random.chance(tornRate)) this.tear(syncing, random);
    }
    this.appendedCount = this.durableCount;
    return survived;
  }

  /** Everything is gone, as after a reinstallation. */
  forget(): void {
    this.decisions.clear();
    this.segments.length = 0;
    this.format();
  }

  /** What a restart reads. A torn tail is cut off, as the vote log does. Throws when the log is corrupt. */
  read(): DiskContents {
    const log: LogRecord[] = [];
    let tornTail = false;
    for (const segment of this.segments) {
      const scan = scanSegment(concatBytes(...segment.groups), { segment: segment.number });
      const torn = scan.verdict === 'torn-tail' && segment === this.newest;
      if (scan.verdict !== 'clean' && !torn)
        throw new RangeError(`file ${String(segment.number)}: ${String(scan.reason)}`);
      log.push(...scan.records);
      if (!torn) continue;
      tornTail = true;
      segment.groups.pop();
      segment.bytes = scan.validBytes;
    }
    const decisions = [...this.decisions.entries()].sort(([a], [b]) => a - b).map(([, bytes]) => bytes);
    return { log, tornTail, decisions };
  }

  /** A durable decision's bytes. */
  decision(sequence: number): Uint8Array | undefined {
    return this.decisions.get(sequence);
  }

  private get newest(): Segment {
    const segment = this.segments.at(-1);
    if (segment === undefined) throw new RangeError('a disk has a file');
    return segment;
  }

  private format(): void {
    this.openSegment(1, 0, []);
  }

  private openSegment(number: number, previousBytes: number, base: readonly LogRecord[]): void {
    this.segments.push({ number, previousBytes, groups: [], bytes: 0, records: 0, greatestSequence: 0 });
    this.write(this.encode(base, 'base'), base);
  }

  private writeDecisions(appends: readonly Append[]): void {
    for (const append of appends) if (isDecision(append)) this.decisions.set(append.kept.block.sequence, append.bytes);
  }

  private writeGroup(appends: readonly Append[]): void {
    const records = recordsOf(appends);
    if (records.length > 0) this.write(this.encode(records, 'records'), records);
  }

  private write(group: Uint8Array, records: readonly LogRecord[]): void {
    const { newest } = this;
    newest.groups.push(group);
    newest.bytes += group.length;
    newest.records += records.length;
    for (const { sequence } of records) newest.greatestSequence = Math.max(newest.greatestSequence, sequence);
  }

  private tear(appends: readonly Append[], random: Random): void {
    const records = recordsOf(appends);
    if (records.length === 0) return;
    const group = this.encode(records, 'records');
    this.newest.groups.push(group.slice(0, random.between(1, group.length - 1)));
  }

  private encode(records: readonly LogRecord[], role: 'base' | 'records'): Uint8Array {
    const { number, previousBytes, bytes } = this.newest;
    const oldestSegment = this.segments[0]?.number ?? number;
    return encodeGroup(
      { role, segment: number, salt: this.salt + number, durableOffset: bytes, previousBytes, oldestSegment },
      records,
    );
  }
}

const recordsOf = (appends: readonly Append[]): LogRecord[] =>
  appends.map(({ bytes }) => bytes).filter((bytes): bytes is LogRecord => !(bytes instanceof Uint8Array));
