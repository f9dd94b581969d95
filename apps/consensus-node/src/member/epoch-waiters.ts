import { type Epoch, type Millis } from '@concordat/protocol';

interface Waiter {
  readonly epoch: Epoch;
  readonly deadline: Millis;
  readonly settle: (begun: boolean) => void;
}

/** Callers that wait for an epoch to begin. They wait for its change's decision first, which bounds their number. */
export class EpochWaiters {
  private readonly waiters = new Set<Waiter>();

  /** Resolves with true when the epoch has begun; with false when `deadline` passes before (see `sweep`). */
  wait(epoch: Epoch, deadline: Millis): Promise<boolean> {
    return new Promise((settle) => void this.waiters.add({ epoch, deadline, settle }));
  }

  /** An epoch has begun, and with it all before it. */
  begun(epoch: Epoch): void {
    this.settle(true, (waiter) => waiter.epoch <= epoch);
  }

  /** Sends callers home whose deadline has passed. */
  sweep(now: Millis): void {
    this.settle(false, ({ deadline }) => deadline <= now);
  }

  /** Sends every caller home: the member stops. */
  close(): void {
    this.settle(false, () => true);
  }

  private settle(begun: boolean, concerns: (waiter: Waiter) => boolean): void {
    for (const waiter of this.waiters) {
      if (!concerns(waiter)) continue;
      this.waiters.delete(waiter);
      waiter.settle(begun);
    }
  }
}
