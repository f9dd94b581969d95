import { asciiBytes, Reader, Writer } from '@concordat/protocol';
import { Coalesced } from './coalesced';
import { FailureLatch } from './failure-latch';
import type { Level } from './level';

const KEY = asciiBytes('gateway-counter');
/** Numbers per reservation: at 20,000 a second, a synchronous write every fifth of one. */
const BLOCK_SIZE = 1024;

/**
 * Numbers that are never given out twice, across crashes neither: the nonces of a gateway. They ascend; a crash
 * skips what was reserved and not used. A reservation is durable before any number of it is given out.
 */
export class GatewayCounter {
  private readonly latch = new FailureLatch();
  private readonly reservations = new Coalesced(() => this.reserve());

  private constructor(
    private readonly level: Level,
    private readonly blockSize: number,
    private following: bigint,
    private reservedEnd: bigint,
  ) {}

  /**
   * Reads the counter from a database, or begins one at `first`. `blockSize`: numbers per reservation. Rejects with a
   * StorageFailure.
   */
  static async open(level: Level, blockSize = BLOCK_SIZE, first = 1n): Promise<GatewayCounter> {
    const value = await new FailureLatch().runLater(level.location, 'index', () => level.get(KEY));
    // All below the stored end may have been given out.
    const start = value === undefined ? first : new Reader(value).bigU64();
    const counter = new GatewayCounter(level, blockSize, start, start);
    await counter.reservations.run();
    return counter;
  }

  /**
   * The first of `count` numbers in a row that are the caller's from now on; `count` at most the block size. Waits only
   * when numbers are drawn faster than reservations become durable. Rejects with a RangeError or a StorageFailure.
   */
  async next(count = 1): Promise<bigint> {
    if (!Number.isInteger(count) || count < 1 || count > this.blockSize) {
      throw new RangeError(`cannot draw ${String(count)} numbers of ${String(this.blockSize)}`);
    }
    const wanted = BigInt(count);
    while (this.following + wanted > this.reservedEnd) {
      await (this.reservations.current ?? this.reservations.run());
    }
    const first = this.following;
    this.following += wanted;
    if (this.reservations.current === undefined && this.reservedEnd - this.following < BigInt(this.blockSize)) {
      // Ahead of need; whoever needs it in vain is told.
      this.reservations.run().catch(() => undefined);
    }
    return first;
  }

  /** Resolves when no reservation is under way any more, so that the database can be closed. */
  async settle(): Promise<void> {
    await this.reservations.current?.catch(() => undefined);
  }

  private async reserve(): Promise<void> {
    const end = this.following + 2n * BigInt(this.blockSize);
    const value = new Writer(8).bigU64(end).bytes();
    await this.latch.runLater(this.level.location, 'index', () => this.level.put(KEY, value, { sync: true }));
    this.reservedEnd = end;
  }
}
