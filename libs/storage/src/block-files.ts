import { decodeGroup, type LogRecord } from '@concordat/records';
import { Coalesced } from './coalesced';
import { StorageCorruption } from './errors';
import type { FailureLatch } from './failure-latch';
import type { FileSystem } from './file-system';
import { blockSegmentName, type BlockLocation, type StoredBlock } from './block-place';
import type { BlockReplay } from './block-replay';
import { BLOCK_KINDS, encodeGap, type Gap } from './gaps';
import { Segment, type Span } from './segment';
import { readPart } from './segment-files';

/**
 * Decided blocks in files `decisions-<first sequence>.log`, one group per block, and the gaps between them. Knows nothing
 * of what is in a block, and keeps nothing in memory.
 */
export class BlockFiles {
  private newest: Segment;
  private last: number;
  private durable: number;
  /** A gap with nothing behind it. */
  private tail: Gap | undefined;
  /** Numbers of all files, ascending. */
  private readonly segments: number[];
  /** Gaps that were filled or replaced: what a sync covered before then says nothing of what came in their place. */
  private refills = 0;
  private readonly flushes = new Coalesced(() => this.flushNewest());

  /** Goes on where a replay ended. */
  constructor(
    private readonly fileSystem: FileSystem,
    private readonly latch: FailureLatch,
    private readonly folder: string,
    private readonly segmentBytesMax: number,
    replay: BlockReplay,
  ) {
    this.newest = replay.newest;
    this.last = replay.lastSequence;
    this.durable = replay.lastSequence;
    this.tail = replay.tail;
    this.segments = [...replay.segments];
  }

  /** First sequence of the oldest file. */
  get firstSequence(): number {
    return this.segments[0] ?? 1;
  }

  /** Greatest sequence written; 0 for none. */
  get lastSequence(): number {
    return this.last;
  }

  /** Greatest sequence that is durable; 0 for none. */
  get durableSequence(): number {
    return this.durable;
  }

  /** Writes the next block to the operating system. Throws a StorageFailure, and a RangeError for another sequence than the next. */
  append({ sequence, payload }: StoredBlock): BlockLocation {
    const { offset, length } = this.write(sequence, sequence, { kind: BLOCK_KINDS.block, sequence, payload });
    this.tail = undefined;
    return { segment: this.newest.name.number, offset, length };
  }

  /** Writes that blocks are not here; from the next one on, or from where a gap begins that has nothing behind it. Throws as `append`. */
  appendGap(gap: Gap): void {
    this.write(gap.from, gap.through, encodeGap(gap));
    this.tail = gap;
  }

  /** How many files `dropBelow` would delete. */
  countBelow(sequence: number): number {
    let count = 0;
    while ((this.segments[count + 1] ?? Number.POSITIVE_INFINITY) <= sequence) count++;
    return count;
  }

  /**
   * Deletes the oldest files as long as all that is in them lies below `sequence`, never the newest file. Returns how many.
   * Throws a StorageFailure.
   */
  dropBelow(sequence: number): number {
    this.latch.check();
    const count = this.countBelow(sequence);
    if (count === 0) return 0;
    const dropped = this.segments.splice(0, count);
    // First on record, then done: a file that is missing without a record of it is corruption to the next start.
    this.newest.append([], this.firstSequence);
    this.newest.dataSyncNow();
    this.durable = this.last;
    for (const number of dropped) {
      const { path } = blockSegmentName(this.folder, number);
      this.latch.run(path, 'remove', () => this.fileSystem.remove(path));
    }
    return count;
  }

  /** Resolves when every block written before the call is durable. Rejects with a StorageFailure. */
  flush(): Promise<void> {
    if (this.durable === this.last && this.latch.failure === undefined) return Promise.resolve();
    return this.flushes.run();
  }

  /**
   * Blocks from neighbouring locations of one file, in one read. Rejects with a StorageCorruption for a block that is
   * damaged, and with a StorageFailure.
   */
  async read(locations: readonly BlockLocation[]): Promise<StoredBlock[]> {
    const [first] = locations;
    const last = locations.at(-1);
    if (first === undefined || last === undefined) return [];
    const { path } = blockSegmentName(this.folder, first.segment);
    const bytes = await readPart(this.fileSystem, path, first.offset, last.offset + last.length - first.offset);
    return locations.map(({ offset }) => {
      const record = decodeGroup(bytes, offset - first.offset)?.records[0];
      if (record === undefined) throw new StorageCorruption(path, offset, 'the block is damaged');
      return record;
    });
  }

  /** Closes the newest file; flush first. */
  close(): void {
    this.newest.close();
  }

  private write(from: number, through: number, record: LogRecord): Span {
    this.latch.check();
    const fills = from === this.tail?.from;
    if (from !== this.last + 1 && !fills)
      throw new RangeError(`block ${String(from)} does not follow ${String(this.last)}`);
    // Files are named after what they begin with: what fills a gap stays with it.
    if (this.newest.bytes >= this.segmentBytesMax && !fills) this.roll(from);
    const span = this.newest.append([record], this.firstSequence);
    if (fills) {
      this.refills++;
      this.durable = Math.min(this.durable, from - 1);
    }
    this.last = through;
    return span;
  }

  private async flushNewest(): Promise<void> {
    this.latch.check();
    const upTo = this.last;
    const { refills } = this;
    await this.newest.dataSync();
    if (refills === this.refills) this.durable = Math.max(this.durable, upTo);
  }

  /** Begins a new file: a few blocking fsyncs, once in many blocks. */
  private roll(first: number): void {
    const old = this.newest;
    old.dataSyncNow();
    this.durable = this.last;
    const oldest = this.firstSequence;
    const place = { name: blockSegmentName(this.folder, first), previousBytes: old.bytes, oldest };
    this.newest = Segment.create(this.fileSystem, this.latch, place, []);
    old.succeed(oldest);
    this.segments.push(first);
  }
}
