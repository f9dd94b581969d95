import type { TimerId } from '@concordat/consensus';
import type { ClockPort } from './ports';

/**
 * The replica's timers. One that ran out waits until the messages that had arrived by then were stepped: a host that was
 * held up must not take its own slowness for a leader's.
 */
export class Timers {
  private readonly running = new Map<TimerId, () => void>();
  private readonly due = new Set<TimerId>();

  constructor(
    private readonly clock: ClockPort,
    private readonly onDue: () => void,
  ) {}

  /** Replaces the timer when it runs already, also when it has run out and was not taken yet. */
  start(timer: TimerId, delayMs: number): void {
    this.cancel(timer);
    const cancel = this.clock.setTimer(() => {
      this.running.delete(timer);
      this.due.add(timer);
      this.onDue();
    }, delayMs);
    this.running.set(timer, cancel);
  }

  cancel(timer: TimerId): void {
    this.due.delete(timer);
    this.running.get(timer)?.();
    this.running.delete(timer);
  }

  /** Timers have run out. */
  get hasDue(): boolean {
    return this.due.size > 0;
  }

  /** The next one that has run out; undefined for none. */
  takeDue(): TimerId | undefined {
    const [timer] = this.due;
    if (timer !== undefined) this.due.delete(timer);
    return timer;
  }

  cancelAll(): void {
    for (const cancel of this.running.values()) cancel();
    this.running.clear();
    this.due.clear();
  }
}
