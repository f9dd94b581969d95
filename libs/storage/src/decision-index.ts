import { LayoutError } from '@concordat/protocol';
import type { BlockLocation } from './block-place';
import { asFailure, StorageCorruption } from './errors';
import type { FailureLatch } from './failure-latch';
import { RequestSearch, type FoundRequest } from './find-request';
import {
  blockKey,
  blockKeysBelow,
  decodeEnvelopeEntry,
  decodeGapEntry,
  decodeHead,
  decodeLocation,
  decodeView,
  encodeEnvelopeEntry,
  encodeGapEnd,
  encodeHead,
  encodeLocation,
  encodeView,
  envelopeKey,
  envelopeKeysUpTo,
  GAP_KEYS,
  gapKey,
  HEAD_KEY,
  VIEW_KEYS,
  viewKey,
  type IndexedBlock,
} from './index-layout';
import { Gaps, type Gap } from './gaps';
import { openLevel, type Level } from './level';
import { StatisticsCounter, type DecisionStatistics } from './statistics';

/** Entries that `find` looks at in each key space before it gives up. */
export const FIND_STEPS_MAX = 32;
const CACHE_BYTES = 4 << 20;

interface Put {
  readonly type: 'put';
  readonly key: Uint8Array;
  readonly value: Uint8Array;
}
type Change = Put | { readonly type: 'del'; readonly key: Uint8Array };
const put = (key: Uint8Array, value: Uint8Array): Put => ({ type: 'put', key, value });

/**
 * Where blocks and requests stand, and the sums over all of them: derived from the blocks, and never ahead of what is
 * durable of them. New blocks are held in memory, and seen by every query, until `write`.
 */
export class DecisionIndex {
  private readonly pending = new Map<number, IndexedBlock>();
  /** Not in the database as they are now; undefined: no gap begins there any more. */
  private readonly pendingGaps = new Map<number, Gap | undefined>();
  private entries = 0;
  /** Over all blocks, the pending ones too. */
  private readonly current: StatisticsCounter;

  private constructor(
    private readonly level: Level,
    private readonly latch: FailureLatch,
    private writtenSequence: number,
    /** Over the blocks in the database: what is written must match the blocks written with it. */
    private readonly written: StatisticsCounter,
    /** For each view of `written` the block that first decided in it. */
    private readonly viewRanks: Map<number, number>,
    /** What is not here, the pending ones too. */
    readonly gaps: Gaps,
  ) {
    this.current = new StatisticsCounter(written);
  }

  /** Opens the index in the folder `location`, or begins one. Rejects with a FolderInUse, StorageCorruption or StorageFailure. */
  static async open(location: string, dataFolder: string, latch: FailureLatch): Promise<DecisionIndex> {
    const level = await openLevel(location, CACHE_BYTES, dataFolder);
    try {
      return await DecisionIndex.load(level, latch);
    } catch (error) {
      await level.close();
      throw asFailure(location, 'index', error);
    }
  }

  private static async load(level: Level, latch: FailureLatch): Promise<DecisionIndex> {
    const value = await level.get(HEAD_KEY);
    if (value === undefined) return new DecisionIndex(level, latch, 0, new StatisticsCounter(), new Map(), new Gaps());
    const gaps = new Gaps();
    for (const [key, end] of await level.iterator(GAP_KEYS).all()) gaps.add(decodeGapEntry(key, end));
    const entries = await level.iterator(VIEW_KEYS).all();
    const views = entries.map(([key, count]) => decodeView(key, count)).sort((a, b) => a.rank - b.rank);
    const { lastSequence, requests, durations } = decodeHead(value);
    const decidedByView = new Map(views.map(({ view, decided }) => [view, decided]));
    const ranks = new Map(views.map(({ view, rank }) => [view, rank]));
    return new DecisionIndex(
      level,
      latch,
      lastSequence,
      new StatisticsCounter({ requests, durations, decidedByView }),
      ranks,
      gaps,
    );
  }

  /** Last block in the database; 0 for none. */
  get lastWritten(): number {
    return this.writtenSequence;
  }

  /** Entries that wait for `write`: one for each block and each envelope. */
  get pendingEntries(): number {
    return this.entries;
  }

  /** Sums over all blocks that were added. */
  get statistics(): DecisionStatistics {
    return this.current.snapshot();
  }

  /** Takes in the next block. */
  add(block: IndexedBlock): void {
    this.pending.set(block.sequence, block);
    this.entries += 1 + block.envelopes.length;
    this.current.add(block.counts);
  }

  /** Notes a gap behind what was added. */
  addGap(gap: Gap): void {
    this.gaps.add(gap);
    this.pendingGaps.set(gap.from, gap);
  }

  /** A gap from that sequence on is none. */
  voidGap(from: number): void {
    this.gaps.void(from);
    this.pendingGaps.set(from, undefined);
  }

  /** Forgets where blocks below a sequence stood; what became of their requests stays known. Rejects with a StorageFailure. */
  async dropBelow(sequence: number): Promise<void> {
    await this.latch.runLater(this.level.location, 'index', () => this.level.clear(blockKeysBelow(sequence)));
  }

  /**
   * Writes the pending blocks up to a sequence, which must be durable, in one atomic batch. One call at a time. Rejects
   * with a StorageFailure.
   */
  async write(upTo: number): Promise<void> {
    const blocks = [...this.pending.values()].filter(({ sequence }) => sequence <= upTo);
    const last = blocks.at(-1);
    if (last === undefined) return;
    const changes: Change[] = [];
    const views = new Set<number>();
    for (const block of blocks) {
      changes.push(put(blockKey(block.sequence), encodeLocation(block.location)));
      for (const envelope of block.envelopes) changes.push(put(envelopeKey(envelope), encodeEnvelopeEntry(envelope)));
      const dropped = this.written.add(block.counts);
      if (block.counts.requests.decided > 0) {
        views.add(block.counts.view);
        if (!this.viewRanks.has(block.counts.view)) this.viewRanks.set(block.counts.view, block.sequence);
      }
      if (dropped !== undefined) {
        changes.push({ type: 'del', key: viewKey(dropped) });
        this.viewRanks.delete(dropped);
      }
    }
    for (const view of views) {
      const decided = this.written.decidedByView.get(view);
      const rank = this.viewRanks.get(view);
      if (decided !== undefined && rank !== undefined) changes.push(put(viewKey(view), encodeView(decided, rank)));
    }
    // A gap at the end is read from the file at each start until something stands behind it.
    const gaps = [...this.pendingGaps].filter(([from]) => from <= last.sequence);
    for (const [from, gap] of gaps)
      changes.push(gap === undefined ? { type: 'del', key: gapKey(from) } : put(gapKey(from), encodeGapEnd(gap)));
    const { requests, durations } = this.written;
    changes.push(put(HEAD_KEY, encodeHead({ lastSequence: last.sequence, requests, durations })));
    await this.latch.runLater(this.level.location, 'index', () => this.level.batch(changes));
    this.writtenSequence = last.sequence;
    for (const { sequence, envelopes } of blocks) {
      this.pending.delete(sequence);
      this.entries -= 1 + envelopes.length;
    }
    for (const [from, gap] of gaps) if (this.pendingGaps.get(from) === gap) this.pendingGaps.delete(from);
  }

  /** Where a block stands; undefined for one that was never added. Rejects with a StorageFailure. */
  async locate(sequence: number): Promise<BlockLocation | undefined> {
    const pending = this.pending.get(sequence);
    if (pending !== undefined) return pending.location;
    const value = await this.reading(() => this.level.get(blockKey(sequence)));
    return value === undefined ? undefined : this.decode(() => decodeLocation(value));
  }

  /**
   * Where a signer's request stands: the place where it was decided, else the best other outcome among the entries
   * nearest to it; undefined for none. Rejects with a StorageFailure.
   */
  async find(signerKey: string, nonce: bigint): Promise<FoundRequest | undefined> {
    const search = new RequestSearch(nonce);
    for (const { envelopes } of this.pending.values()) {
      for (const envelope of envelopes) if (envelope.signerKey === signerKey) search.consider(envelope);
    }
    for (const decided of [true, false]) {
      if (!search.isOver) await this.searchDown(signerKey, nonce, decided, search);
    }
    return search.result;
  }

  private async searchDown(signerKey: string, nonce: bigint, decided: boolean, search: RequestSearch): Promise<void> {
    const range = envelopeKeysUpTo(signerKey, nonce, decided);
    const iterator = this.level.iterator({ ...range, reverse: true, limit: FIND_STEPS_MAX });
    try {
      while (!search.isOver) {
        const entry = await this.reading(() => iterator.next());
        if (entry === undefined) break;
        search.consider(this.decode(() => decodeEnvelopeEntry(signerKey, ...entry)));
      }
    } finally {
      await iterator.close();
    }
  }

  /** Closes the database; what is pending is derived again at the next start. */
  close(): Promise<void> {
    return this.level.close();
  }

  private async reading<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      throw asFailure(this.level.location, 'index', error);
    }
  }

  private decode<T>(read: () => T): T {
    try {
      return read();
    } catch (error) {
      if (!(error instanceof LayoutError)) throw error;
      throw new StorageCorruption(this.level.location, 0, `${error.message}; the folder is derived and may be deleted`);
    }
  }
}
