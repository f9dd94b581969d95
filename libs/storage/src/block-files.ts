import { decodeGroup } from '@concordat/records';
import { Coalesced } from './coalesced';
import { StorageCorruption } from './errors';
import type { FailureLatch } from './failure-latch';
import type { FileSystem } from './file-system';
import { blockSegmentName, type BlockLocation, type StoredBlock } from './block-place';
import type { BlockReplay } from './block-replay';
import { Segment } from './segment';
import { readPart } from './segment-files';

const KIND = 1;

/**
 * Decided blocks in files `decisions-<first sequence>.log`, one group per block, without gaps. Knows nothing of what is
 * in a block, and keeps nothing in memory.
 */
export class BlockFiles {
  private newest: Segment;
  private last: number;
  private durable: number;
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
    this.latch.check();
    if (sequence !== this.last + 1) {
      throw new RangeError(`block ${String(sequence)} does not follow ${String(this.last)}`);
    }
    if (this.newest.bytes >= this.segmentBytesMax) this.roll(sequence);
    const { offset, length } = this.newest.append([{ kind: KIND, sequence, payload }], 1);
    this.last = sequence;
    return { segment: this.newest.name.number, offset, length };
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

  private async flushNewest(): Promise<void> {
    this.latch.check();
    const upTo = this.last;
    await this.newest.dataSync();
    this.durable = Math.max(this.durable, upTo);
  }

  /** Begins a new file: a few blocking fsyncs, once in many blocks. */
  private roll(first: number): void {
    const old = this.newest;
    old.dataSyncNow();
    this.durable = this.last;
    const place = { name: blockSegmentName(this.folder, first), previousBytes: old.bytes, oldest: 1 };
    this.newest = Segment.create(this.fileSystem, this.latch, place, []);
    old.succeed(1);
  }
}
