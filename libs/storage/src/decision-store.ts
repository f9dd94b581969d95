import { join } from 'node:path';
import { LayoutError, type Hash } from '@concordat/protocol';
import { decodeDecision, encodeDecision, type DecisionRecord } from '@concordat/records';
import { BlockFiles } from './block-files';
import { blockSegmentName, type BlockLocation, type StoredBlock } from './block-place';
import { replayBlocks } from './block-replay';
import { Coalesced } from './coalesced';
import { DecisionIndex } from './decision-index';
import { BufferFull, StorageCorruption } from './errors';
import { FailureLatch } from './failure-latch';
import type { FileSystem } from './file-system';
import type { Gap } from './gaps';
import type { FoundRequest } from './find-request';
import { indexedBlock } from './index-layout';
import { nodeFileSystem } from './node-file-system';
import type { DecisionStatistics } from './statistics';

/** Where a decision store lives, and its bounds. */
export interface DecisionStoreOptions {
  /** Folder of its files; must exist. The index is its subfolder `index`. */
  readonly folder: string;
  /** SHA-256, to rebuild batches. */
  readonly hash: Hash;
  /** The store was begun before: that it is missing is corruption. Default false: it is begun. */
  readonly mustExist?: boolean;
  /** Length from which a new file is begun. Default 64 MiB. */
  readonly segmentBytesMax?: number;
  /** Longest time until decisions are indexed. Default 100 ms. */
  readonly indexIntervalMs?: number;
  /** Index entries (one per decision and per envelope) that may wait: from a quarter of it on they are written at once. Default 65536. */
  readonly pendingEntriesMax?: number;
  /** Default: the operating system's. The index uses LevelDB's own. */
  readonly fileSystem?: FileSystem;
}

/** Decisions that one call of `recent` returns at most. */
export const RECENT_MAX = 1000;

/**
 * Everything a member decided, in order. Gaps are where it took over a state instead, and old decisions may be dropped:
 * asking for what is not here is no error. One writer. After the first failed write or fsync every
 * call that needs the disk fails with the same StorageFailure.
 */
export class DecisionStore {
  private timer: NodeJS.Timeout | undefined;
  private readonly indexing = new Coalesced(() => this.writeIndex());

  private constructor(
    private readonly folder: string,
    private readonly hash: Hash,
    private readonly latch: FailureLatch,
    private readonly files: BlockFiles,
    private readonly index: DecisionIndex,
    private readonly indexIntervalMs: number,
    private readonly pendingEntriesMax: number,
  ) {}

  /**
   * Opens the store: cuts a torn tail, and indexes what the index lacks. Rejects with a StorageCorruption where a
   * decision that was durable is damaged or missing, a FolderInUse, or a StorageFailure.
   */
  static async open(options: DecisionStoreOptions): Promise<DecisionStore> {
    const { folder, hash, fileSystem = nodeFileSystem, mustExist = false } = options;
    const { segmentBytesMax = 64 << 20, indexIntervalMs = 100, pendingEntriesMax = 65_536 } = options;
    const latch = new FailureLatch();
    const index = await DecisionIndex.open(join(folder, 'index'), folder, latch);
    try {
      const sequence = index.lastWritten;
      const location = await index.locate(sequence);
      const replay = await replayBlocks(fileSystem, latch, folder, {
        indexed: location === undefined ? undefined : { sequence, location },
        locate: (wanted) => index.locate(wanted),
        mustExist,
        onBlock: async (block, place) => {
          index.add(indexedBlock(decode(hash, folder, block, place), place));
          if (index.pendingEntries > pendingEntriesMax / 4) await index.write(block.sequence);
        },
        onGap: (gap) => index.addGap(gap),
        onVoid: (from) => index.voidGap(from),
      });
      const files = new BlockFiles(fileSystem, latch, folder, segmentBytesMax, replay);
      await index.write(files.durableSequence);
      return new DecisionStore(folder, hash, latch, files, index, indexIntervalMs, pendingEntriesMax);
    } catch (error) {
      await index.close();
      throw error;
    }
  }

  /** Oldest sequence from which on all are here; one above the last when none are. */
  get oldestSequence(): number {
    return Math.max(this.files.firstSequence, (this.index.gaps.last?.through ?? 0) + 1);
  }

  /** What was taken over as a state, ascending. */
  get gaps(): readonly Gap[] {
    return this.index.gaps.all;
  }

  /** Greatest sequence in the store, a gap at its end included; 0 for none. */
  get lastSequence(): number {
    return this.files.lastSequence;
  }

  /** Greatest sequence that is durable; 0 for none. */
  get durableSequence(): number {
    return this.files.durableSequence;
  }

  /** Sums over all decisions in the store. */
  get statistics(): DecisionStatistics {
    return this.index.statistics;
  }

  /**
   * Writes the next decision to the operating system; `flush` makes it durable. Queries see it at once. Throws a
   * RangeError for a sequence that neither is the next one nor fills the gap at the end, or for a record that contradicts itself, a BufferFull when the
   * index lags too far behind (`settle` waits for it), and a StorageFailure.
   */
  append(record: DecisionRecord): void {
    this.latch.check();
    if (this.index.pendingEntries >= this.pendingEntriesMax) {
      throw new BufferFull(join(this.folder, 'index'), this.pendingEntriesMax, 'entries');
    }
    const location = this.files.append({ sequence: record.sequence, payload: encodeDecision(record) });
    if (this.index.gaps.last?.from === record.sequence) this.index.voidGap(record.sequence);
    this.index.add(indexedBlock(record, location));
    if (this.index.pendingEntries >= this.pendingEntriesMax / 4) this.indexSoon();
    else this.timer ??= setTimeout(() => this.indexSoon(), this.indexIntervalMs).unref();
  }

  /**
   * Notes that the decisions after the last one, through a sequence, are not here: the member takes over the state after
   * them. As long as nothing was appended behind it, the gap may be filled: the state may not have become durable. Throws
   * a RangeError for a gap that neither follows the last decision nor replaces the gap at the end, and a StorageFailure.
   */
  appendGap(gap: Gap): void {
    this.latch.check();
    if (gap.through < gap.from) throw new RangeError(`no gap ends at ${String(gap.through)}, before it begins`);
    this.files.appendGap(gap);
    this.index.addGap(gap);
  }

  /**
   * Gives up old decisions, file by file: all below `sequence` that stand in a file without a later one. What became of
   * their requests stays known to `find`. Rejects with a StorageFailure.
   */
  async dropBelow(sequence: number): Promise<void> {
    if (this.files.countBelow(sequence) === 0) return;
    // What is dropped must be in the index first: the next start reads on from the last block that it has.
    await this.settle();
    if (this.files.dropBelow(sequence) > 0) await this.index.dropBelow(this.files.firstSequence);
  }

  /** True for a sequence that was decided, and whose decision is not here. */
  lacks(sequence: number): boolean {
    if (sequence < 1 || sequence > this.lastSequence) return false;
    return sequence < this.files.firstSequence || this.index.gaps.at(sequence) !== undefined;
  }

  /** Resolves when every decision appended before the call is durable. Rejects with a StorageFailure. */
  flush(): Promise<void> {
    return this.files.flush();
  }

  /** Resolves when every decision appended before the call is durable and indexed. Rejects with a StorageFailure. */
  settle(): Promise<void> {
    return this.indexing.run();
  }

  /** One decision; undefined for one that is not here. Rejects with a StorageCorruption or a StorageFailure. */
  async get(sequence: number): Promise<DecisionRecord | undefined> {
    return (await this.read(sequence, sequence, 0))[0];
  }

  /**
   * Decisions `from..to` in order, both included, up to the first that is not here: as many as fit into `bytesMax` as they
   * are stored, and at least one where there is one. Rejects with a StorageCorruption or a StorageFailure.
   */
  async read(from: number, to: number, bytesMax: number): Promise<DecisionRecord[]> {
    const first = Math.max(1, from);
    if (this.lacks(first)) return [];
    const last = this.index.gaps.endOfRun(first, Math.min(to, this.lastSequence));
    try {
      return await this.readRun(first, last, bytesMax);
    } catch (error) {
      // Dropped while it was being read.
      if (this.lacks(first)) return [];
      throw error;
    }
  }

  private async readRun(first: number, last: number, bytesMax: number): Promise<DecisionRecord[]> {
    const locations: BlockLocation[] = [];
    let bytes = 0;
    for (let sequence = first; sequence <= last; sequence++) {
      const location = await this.index.locate(sequence);
      if (location === undefined)
        throw new StorageCorruption(
          join(this.folder, 'index'),
          0,
          `no entry for decision ${String(sequence)}; the folder is derived and may be deleted`,
        );
      bytes += location.length;
      if (locations.length > 0 && bytes > bytesMax) break;
      locations.push(location);
    }
    const records: DecisionRecord[] = [];
    for (const run of neighbours(locations)) {
      for (const [i, block] of (await this.files.read(run)).entries()) {
        const place = run[i];
        if (place !== undefined) records.push(decode(this.hash, this.folder, block, place));
      }
    }
    return records;
  }

  /** The newest decisions below `before` (default: all), newest first, at most `limit` and RECENT_MAX. Rejects like `read`. */
  async recent(limit: number, before = Number.MAX_SAFE_INTEGER): Promise<DecisionRecord[]> {
    const found: DecisionRecord[] = [];
    const wanted = Math.min(limit, RECENT_MAX);
    let last = Math.min(before - 1, this.lastSequence);
    while (found.length < wanted && last >= this.files.firstSequence) {
      const gap = this.index.gaps.at(last);
      if (gap !== undefined) {
        last = gap.from - 1;
        continue;
      }
      const above = this.index.gaps.all.findLast(({ through }) => through < last)?.through ?? 0;
      const first = Math.max(this.files.firstSequence, above + 1, last - (wanted - found.length) + 1);
      found.push(...(await this.read(first, last, Number.POSITIVE_INFINITY)).reverse());
      last = first - 1;
    }
    return found;
  }

  /**
   * Where a signer's request stands and what became of it: where it was decided, else the most telling other outcome;
   * undefined for none. Of envelopes that overlap, the nearest 32 are looked at. Rejects with a StorageFailure.
   */
  find(signerKey: string, nonce: bigint): Promise<FoundRequest | undefined> {
    return this.index.find(signerKey, nonce);
  }

  /** Makes everything durable and closes the files. A store that failed is closed without. */
  async close(): Promise<void> {
    clearTimeout(this.timer);
    try {
      if (this.latch.failure === undefined) await this.settle();
    } finally {
      this.files.close();
      await this.index.close();
    }
  }

  private indexSoon(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    // The latch keeps what went wrong, and the next append throws it.
    this.settle().catch(() => undefined);
  }

  private async writeIndex(): Promise<void> {
    await this.files.flush();
    await this.index.write(this.files.durableSequence);
  }
}

/** Splits locations where the file changes. Within a file, blocks of ascending sequence follow each other. */
function neighbours(locations: readonly BlockLocation[]): BlockLocation[][] {
  const runs: BlockLocation[][] = [];
  for (const location of locations) {
    const run = runs.at(-1);
    if (run?.[0]?.segment === location.segment) run.push(location);
    else runs.push([location]);
  }
  return runs;
}

function decode(hash: Hash, folder: string, block: StoredBlock, { segment, offset }: BlockLocation): DecisionRecord {
  const { path } = blockSegmentName(folder, segment);
  try {
    const record = decodeDecision(hash, block.payload);
    if (record.sequence === block.sequence) return record;
    throw new LayoutError(`it holds decision ${String(record.sequence)}`);
  } catch (error) {
    if (!(error instanceof LayoutError)) throw error;
    throw new StorageCorruption(path, offset, `block ${String(block.sequence)}: ${error.message}`);
  }
}
