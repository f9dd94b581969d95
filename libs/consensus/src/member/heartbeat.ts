import { OBSERVER, type Millis } from '@concordat/protocol';
import type { Context } from './context';

/**
 * When the next STATUS is due (Spec §10.1).
 *
 * Without `idleStatusIntervalMs` one goes out with every tick. With it, a member that moves on says nothing between its
 * regular ones, for its votes tell the same; and while nothing is under way it ticks as rarely as it speaks. Whoever is
 * stuck speaks with every short tick, as always: what was lost comes back as soon.
 */
export class Heartbeat {
  private spokeAt: Millis | undefined;
  /** The timer runs for longer than a short tick: nothing was under way when it was started. */
  private sleeps = false;

  constructor(private readonly context: Context) {}

  /** A STATUS goes out now. */
  onSpoken(): void {
    this.spokeAt = this.context.at;
  }

  /** At a tick: whether to speak. `isStuck`: something is under way and nothing was executed since the last tick. */
  isDue(isStuck: boolean): boolean {
    // By half a tick too early rather than by a whole one too late: timers are not exact.
    return isStuck || this.untilRegularMs() <= this.context.config.statusIntervalMs / 2;
  }

  /** Starts the timer of the next tick. `isBusy`: something is under way, which a lost message could hold up. */
  startTimer(isBusy: boolean): void {
    const { statusIntervalMs } = this.context.config;
    const delayMs = isBusy ? statusIntervalMs : Math.max(statusIntervalMs, this.untilRegularMs());
    this.sleeps = delayMs > statusIntervalMs;
    this.context.emit({ kind: 'startTimer', timer: 'status', delayMs });
  }

  /** After every event: something that came under way shortens the wait. */
  update(isBusy: () => boolean): void {
    if (this.sleeps && isBusy()) this.startTimer(true);
  }

  /** Until a STATUS is due though nothing happens. */
  private untilRegularMs(): number {
    const { at, config, self } = this.context;
    const { idleStatusIntervalMs } = config;
    // An observer never speaks, and asks with every tick.
    if (idleStatusIntervalMs === undefined || this.spokeAt === undefined || self === OBSERVER) return 0;
    const silentMs = at - this.spokeAt;
    // A wall clock that was set back must not silence a member.
    return silentMs < 0 ? 0 : idleStatusIntervalMs - silentMs;
  }
}
