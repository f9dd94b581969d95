import type { CommittedBlock } from '@concordat/consensus';
import type { Sequence } from '@concordat/protocol';
import type { LogRecord } from '@concordat/records';
import type { GroupCommitMode } from './config';
import { onStorage, StoragePortError } from './halt';
import type { ClockPort, DecisionsPort, VoteLogPort } from './ports';

/** What a group commit needs, and whom it tells. */
export interface GroupCommitOptions {
  readonly log: VoteLogPort;
  readonly decisions: DecisionsPort;
  readonly clock: Pick<ClockPort, 'monotonicMs'>;
  readonly mode: GroupCommitMode;
  /** Everything that must open a new file, as of the call. */
  readonly base: () => readonly LogRecord[];
  /** More is durable than before, or the log no longer stands still. */
  readonly onDurable: () => void;
  readonly onSynced: (durationMs: number, records: number) => void;
  readonly onRotated: (durationMs: number) => void;
  /** Called once. Nothing more becomes durable. */
  readonly onFailure: (error: unknown) => void;
}

/**
 * Makes what was appended durable, many records with one fsync, one at a time (Spec §6).
 *
 * Decisions go first: a round that holds a state, or the CHECKPOINT that tells of it, begins with a flush of the decisions.
 * So a CHECKPOINT leaves only after every decision below it is durable (Spec §3), and a restart never finds a state whose
 * decisions are not in the store, which keeps them without gaps.
 */
export class GroupCommit {
  private appendedRecords = 0;
  private durableRecords = 0;
  private appendedBytes = 0;
  private durableBytes = 0;
  private appendedDecisions = 0;
  private flushedDecisions = 0;
  private lagging = 0;
  private decisionsFirst = false;
  /** A stable checkpoint up to which old files may go. */
  private stable: Sequence | undefined;
  private round: Promise<void> | undefined;
  private rotating = false;
  private failed = false;

  constructor(private readonly options: GroupCommitOptions) {}

  /** Place in the log: records appended so far. */
  get position(): number {
    return this.appendedRecords;
  }

  /** Records that are durable. */
  get durable(): number {
    return this.durableRecords;
  }

  /** Bytes of records that are not durable yet. */
  get unsyncedBytes(): number {
    return this.appendedBytes - this.durableBytes;
  }

  /** Nothing may be appended now: a new file begins with the state of this moment, or the store of decisions lags. */
  get standsStill(): boolean {
    return this.rotating || this.lagging > 0;
  }

  /** Keeps a record for the next round. Throws a StoragePortError. */
  append(record: LogRecord, needsDecisions: boolean): void {
    onStorage(() => this.options.log.append(record));
    this.appendedRecords++;
    this.appendedBytes += record.payload.length;
    this.decisionsFirst ||= needsDecisions;
  }

  /** Hands a decision to the store. Throws a StoragePortError. */
  appendDecision(block: CommittedBlock, durationsMs: readonly number[]): void {
    this.decide(() => this.options.decisions.append(block, durationsMs));
  }

  /** Tells the store of decisions that never come. Throws a StoragePortError. */
  appendGap(from: Sequence, through: Sequence): void {
    this.decide(() => this.options.decisions.appendGap(from, through));
  }

  private decide(work: () => undefined | Promise<void>): void {
    const caughtUp = onStorage(work);
    this.appendedDecisions++;
    if (caughtUp === undefined) return;
    this.lagging++;
    caughtUp.then(
      () => {
        this.lagging--;
        this.options.onDurable();
      },
      (error: unknown) => this.fail(new StoragePortError(error)),
    );
  }

  /** The checkpoint at `sequence` is stable and executed here: the next round sees to older files. */
  onStable(sequence: Sequence): void {
    this.stable = sequence;
  }

  /** At the end of a turn: begins a round unless one is under way, which will begin the next itself. */
  commit(): void {
    if (this.round !== undefined || this.failed) return;
    const plain = this.stable === undefined && !this.decisionsFirst;
    if (plain && this.durableRecords === this.appendedRecords) return;
    if (plain && this.options.mode === 'sync') {
      this.commitNow();
      return;
    }
    this.round = this.run().then(
      () => {
        this.round = undefined;
        this.options.onDurable();
        this.commit();
      },
      (error: unknown) => {
        this.round = undefined;
        this.fail(error);
      },
    );
  }

  /** Begins no further round: the host has stopped. */
  abandon(): void {
    this.failed = true;
  }

  /** Resolves when no round is under way. Never rejects. */
  async idle(): Promise<void> {
    while (this.round !== undefined) await this.round;
  }

  /** Makes everything durable, decisions too. Nothing may be appended meanwhile. Never rejects: a failure goes where all do. */
  async finish(): Promise<void> {
    await this.idle();
    this.commit();
    await this.idle();
    if (this.failed) return;
    try {
      await this.flushDecisions();
    } catch (error) {
      this.fail(error);
    }
  }

  private fail(error: unknown): void {
    if (this.failed) return;
    this.failed = true;
    this.options.onFailure(error);
  }

  private async run(): Promise<void> {
    if (this.stable !== undefined) await this.tidy(this.stable);
    // More may have been appended while the decisions were flushed, a later state among it.
    while (this.decisionsFirst) await this.flushDecisions();
    if (this.failed || this.durableRecords === this.appendedRecords) return;
    if (this.options.mode === 'sync') {
      this.syncNow();
      return;
    }
    const startedMs = this.options.clock.monotonicMs();
    const covered = this.mark();
    await onStorageLater(() => this.options.log.sync());
    this.settle(covered, startedMs);
  }

  private commitNow(): void {
    try {
      this.syncNow();
    } catch (error) {
      this.fail(error);
      return;
    }
    this.options.onDurable();
    // What was let go may have made a checkpoint stable.
    this.commit();
  }

  private syncNow(): void {
    const startedMs = this.options.clock.monotonicMs();
    const covered = this.mark();
    onStorage(() => this.options.log.syncNow());
    this.settle(covered, startedMs);
  }

  private mark(): { readonly records: number; readonly bytes: number } {
    return { records: this.appendedRecords, bytes: this.appendedBytes };
  }

  private settle({ records, bytes }: ReturnType<GroupCommit['mark']>, startedMs: number): void {
    const synced = records - this.durableRecords;
    this.durableRecords = records;
    this.durableBytes = bytes;
    if (synced > 0) this.options.onSynced(this.options.clock.monotonicMs() - startedMs, synced);
  }

  /** After a stable checkpoint: decisions first, then a new file when it is time, and only then old files go. */
  private async tidy(sequence: Sequence): Promise<void> {
    const { log, clock } = this.options;
    this.stable = undefined;
    const startedMs = clock.monotonicMs();
    // The base is a state too. It must not run ahead of the decisions, so the replica waits for the length of a flush.
    this.rotating = log.isSegmentFull;
    do await this.flushDecisions();
    while (this.decisionsFirst);
    if (this.failed) return;
    if (this.rotating) {
      const base = this.options.base();
      const covered = this.mark();
      await onStorageLater(() => log.rotate(base));
      this.settle(covered, startedMs);
    }
    await onStorageLater(() => log.dropBelow(sequence));
    if (!this.rotating) return;
    this.rotating = false;
    this.options.onRotated(clock.monotonicMs() - startedMs);
  }

  private async flushDecisions(): Promise<void> {
    this.decisionsFirst = false;
    const through = this.appendedDecisions;
    if (through === this.flushedDecisions) return;
    await onStorageLater(() => this.options.decisions.flush());
    this.flushedDecisions = through;
  }
}

async function onStorageLater(work: () => unknown): Promise<void> {
  try {
    await work();
  } catch (error) {
    throw new StoragePortError(error);
  }
}
