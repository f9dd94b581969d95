import { Fifo } from './fifo';

interface Departure {
  /** Records that must be durable first. */
  readonly after: number;
  readonly leave: () => void;
}

/**
 * What may leave the process, in the order in which the replica said it, each not before the records that were appended
 * before it are durable (Spec §6).
 */
export class Outbox {
  private readonly departures = new Fifo<Departure>();

  get size(): number {
    return this.departures.size;
  }

  /** `after`: place in the log, as GroupCommit counts it. Never lower than that of the one before. */
  push(after: number, leave: () => void): void {
    this.departures.push({ after, leave });
  }

  /** Lets go whatever waits for no more than the first `durable` records. */
  release(durable: number): void {
    for (
      let next = this.departures.peek();
      next !== undefined && next.after <= durable;
      next = this.departures.peek()
    ) {
      this.departures.shift();
      next.leave();
    }
  }

  clear(): void {
    this.departures.clear();
  }
}
