import type { Append, SimulatedDisk } from './disk';

/** An effect that waits until everything appended before it is durable. */
interface Held {
  readonly place: number;
  readonly release: () => void;
}

/**
 * The rule that makes promises safe: what follows a `persist` or a `vote` leaves only once that is durable, and
 * everything leaves in order. Several appends share a sync.
 */
export class Barrier {
  private held: Held[] = [];

  constructor(private readonly disk: SimulatedDisk) {}

  /** Keeps something, without waiting for it. */
  append(append: Append): void {
    this.disk.append(append);
  }

  /** Runs now, or when everything appended so far is durable. */
  hold(release: () => void): void {
    if (this.held.length === 0 && this.disk.appended === this.disk.durable) release();
    else this.held.push({ place: this.disk.appended, release });
  }

  /** Releases what may leave, until `mayGoOn` says that the process has ended. */
  releaseDurable(mayGoOn: () => boolean): void {
    for (let first = this.held[0]; first !== undefined && mayGoOn(); first = this.held[0]) {
      if (first.place > this.disk.durable) return;
      this.held.shift();
      first.release();
    }
  }

  /** The process ended: nothing held will ever leave. */
  clear(): void {
    this.held = [];
  }
}
