import type { LogRecord } from '@concordat/records';
import type { Append } from './append';
import { stepOfAppend, type ProtocolStep } from './protocol-steps';
import type { Random } from './random';
import { isLogged, SimulatedSegment } from './segment';

export type { Append, Kept } from './append';

/** What a restarted member reads. */
export interface DiskContents {
  readonly log: readonly LogRecord[];
  readonly tornTail: boolean;
  /** Decision records, ascending by sequence. */
  readonly decisions: readonly Uint8Array[];
  /** Last sequence that the decision store knows of: a decision's, or the end of a gap. */
  readonly lastSequence: number;
}

/** A damaged file was read as if it were sound. */
export class DamageError extends Error {
  override readonly name = 'DamageError';
}

/** What a power loss left of what was on its way to the disk. */
export interface CrashOutcome {
  /** Became durable without the member hearing of it. */
  readonly survived: readonly Append[];
  readonly lost: readonly Append[];
  /** Part of a group arrived: what it held is lost, and the log ends in something that is no group. */
  readonly torn: readonly Append[];
}

/** True for what belongs into the decision store. */
const isDecision = ({ kept }: Append): boolean => kept.kind === 'decision' || kept.kind === 'gap';

/**
 * One member's disk: a log of groups in the files' real layout, and a decision store. What was appended since the last
 * sync began is lost in a crash; what a sync was about to write may be lost, whole, or torn. A sync writes decisions
 * before the log, so that no durable CHECKPOINT tells of a decision that is not.
 */
export class SimulatedDisk {
  private segments: SimulatedSegment[] = [];
  private readonly decisions = new Map<number, Append>();
  /** Last sequence that the decision store knows of, and the first from which on it has all. */
  private lastDecision = 0;
  private firstDecision = 1;
  /** A gap at the end of the decision store. */
  private gap: { readonly from: number; readonly through: number; readonly firstBefore: number } | undefined;
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

  /** What no sync has begun to write. */
  get waiting(): readonly Append[] {
    return this.pending;
  }

  /** What a sync is about to write. */
  get underWay(): readonly Append[] {
    return this.syncing;
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
    this.newest.write('records', this.oldest, written);
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
    this.openSegment(number + 1, bytes, base);
  }

  /** Deletes the oldest files as long as all they hold belongs to sequences up to `sequence`. */
  dropBelow(sequence: number): void {
    while (this.segments.length > 1 && (this.segments[0]?.greatestSequence ?? 0) <= sequence) this.segments.shift();
  }

  /** Power loss, or a write that fails. */
  crash(random: Random, tornRate: number): CrashOutcome {
    const { syncing, pending } = this;
    this.syncing = [];
    this.pending = [];
    this.appendedCount = this.durableCount;
    if (syncing.length === 0) return { survived: [], lost: pending, torn: [] };
    // Nothing arrived; some decisions did; all of them did, and perhaps half of the log's group (2, 3); everything did.
    const outcome = random.below(5);
    const decisions = syncing.filter(isDecision);
    let survived: readonly Append[] = [];
    if (outcome === 1) survived = decisions.slice(0, random.below(decisions.length + 1));
    if (outcome === 2 || outcome === 3) survived = decisions;
    if (outcome === 4) survived = syncing;
    this.writeDecisions(survived);
    if (outcome === 4) {
      this.newest.write('records', this.oldest, syncing);
      return { survived, lost: pending, torn: [] };
    }
    const torn =
      outcome >= 2 &&
      random.chance(tornRate) &&
      this.newest.tear(this.oldest, syncing, (length) => random.between(1, length - 1));
    return { survived, lost: [...syncing, ...pending], torn: torn ? syncing.filter(isLogged) : [] };
  }

  /** Flips one bit of the log. Returns the step of what it damaged; undefined for what belongs to none. */
  flip(random: Random): ProtocolStep | undefined {
    const hit = random.pick(this.segments).flip((bits) => random.below(bits));
    return hit === undefined ? undefined : stepOfAppend(hit);
  }

  /** Everything is gone, as after a reinstallation. */
  forget(): void {
    this.decisions.clear();
    this.lastDecision = 0;
    this.firstDecision = 1;
    this.gap = undefined;
    this.format();
  }

  /** What a restart reads. A torn tail is cut off, as the vote log does. Throws a RangeError when the log is corrupt. */
  read(): DiskContents {
    const log: LogRecord[] = [];
    let tornTail = false;
    for (const segment of this.segments) {
      const scan = segment.scan();
      const torn = scan.verdict === 'torn-tail' && segment === this.newest;
      if (scan.verdict !== 'clean' && !torn)
        throw new RangeError(`file ${String(segment.number)}: ${String(scan.reason)}`);
      if (!segment.wasWritten(scan.records))
        throw new DamageError(`file ${String(segment.number)}: damage was taken for a record`);
      for (const record of scan.records) log.push(record);
      if (!torn) continue;
      tornTail = true;
      segment.cut(scan);
    }
    const decisions = [...this.decisions.keys()].sort((a, b) => a - b).map((sequence) => this.bytesOf(sequence));
    const found = decisions.filter((bytes) => bytes !== undefined);
    return { log, tornTail, decisions: found, lastSequence: this.lastDecision };
  }

  /** From this sequence on every decision is there, up to the last. */
  get oldestDecision(): number {
    return this.firstDecision;
  }

  /** Gives up the decisions below a sequence. */
  dropDecisions(below: number): void {
    for (const sequence of this.decisions.keys()) if (sequence < below) this.decisions.delete(sequence);
    this.firstDecision = Math.max(this.firstDecision, below);
  }

  /** A durable decision's bytes. */
  decision(sequence: number): Uint8Array | undefined {
    return this.bytesOf(sequence);
  }

  private bytesOf(sequence: number): Uint8Array | undefined {
    const bytes = this.decisions.get(sequence)?.bytes;
    return bytes instanceof Uint8Array ? bytes : undefined;
  }

  private get newest(): SimulatedSegment {
    const segment = this.segments.at(-1);
    if (segment === undefined) throw new RangeError('a disk has a file');
    return segment;
  }

  private get oldest(): number {
    return this.segments[0]?.number ?? 1;
  }

  private format(): void {
    this.segments = [];
    this.openSegment(1, 0, []);
  }

  private openSegment(number: number, previousBytes: number, base: readonly Append[]): void {
    const segment = new SimulatedSegment({ segment: number, salt: this.salt + number, previousBytes });
    this.segments.push(segment);
    segment.write('base', this.oldest, base);
  }

  private writeDecisions(appends: readonly Append[]): void {
    for (const append of appends) {
      const { kept } = append;
      if (kept.kind === 'decision') this.noteDecision(kept.block.sequence, append);
      if (kept.kind === 'gap') this.noteGap(kept.from, kept.sequence);
    }
  }

  private noteDecision(sequence: number, append: Append): void {
    // A gap with nothing behind it may be filled: the state that made it did not become durable.
    if (this.gap !== undefined && sequence <= this.gap.through) {
      this.firstDecision = this.gap.firstBefore;
      this.lastDecision = this.gap.from - 1;
    }
    this.gap = undefined;
    this.decisions.set(sequence, append);
    this.lastDecision = sequence;
  }

  private noteGap(from: number, through: number): void {
    const { gap } = this;
    this.gap = { from: gap?.from ?? from, through, firstBefore: gap?.firstBefore ?? this.firstDecision };
    this.firstDecision = through + 1;
    this.lastDecision = through;
  }
}
