import type { Digest, View } from '@concordat/protocol';
import type { Context } from '../member/context';
import { oldestWaiting } from '../member/waiting';
import type { RunningTimer } from '../replica';

/** Stands for a part of the way to the epoch's last sequence. */
type Rest = `rest ${number}`;

const isRest = (timed: Digest | Rest | undefined): timed is Rest => timed?.startsWith('rest ') === true;

/**
 * When to give a leader up (Spec §3).
 *
 * The timer belongs to the oldest waiting envelope and only its execution stops it: a timer that other progress resets
 * would let a leader censor one client for ever. It doubles with each view that failed, up to a cap.
 */
export class Progress {
  /** The envelope whose timer runs. */
  private timed: Digest | Rest | undefined;
  /** The host's timer was started and neither cancelled nor replaced since. */
  private running = false;
  /** Views left since the timed envelope of some view was executed. */
  private failedViews = 0;
  /** The timer ran out while this member was out of touch, and the leader was not given its time since. */
  private excused = false;
  /** View whose NEW-VIEW the timer waits for. */
  private awaited: View | undefined;
  /** What runs now, for whoever asks why something takes so long. */
  private started: RunningTimer | undefined;

  constructor(private readonly context: Context) {}

  /** The clock that runs now. */
  get clock(): RunningTimer | undefined {
    return this.started;
  }

  /** An envelope was executed. */
  onExecuted(id: Digest): void {
    if (id !== this.timed) return;
    this.timed = undefined;
    if (this.context.active) this.failedViews = 0;
  }

  /** After every event: the timer follows the oldest waiting envelope. */
  update(): void {
    const { context } = this;
    if (!context.active) return;
    oldestWaiting(context);
    const oldest = this.awaitedNow();
    if (oldest === this.timed && (oldest !== undefined) === this.running) return;
    this.timed = oldest;
    this.excused = false;
    this.running = oldest !== undefined;
    if (oldest === undefined) this.cancel('progress');
    else this.startClock('progress', this.doubled(context.config.phaseTimeoutMs, this.failedViews));
  }

  /** True while something waits for the leader. */
  get awaits(): boolean {
    return this.awaitedNow() !== undefined;
  }

  /**
   * The oldest waiting envelope; or in an epoch that ends, the rest of it: the leader fills it with nothing, so what waits
   * is the next epoch's. That timer starts again with each checkpoint interval that is executed.
   */
  private awaitedNow(): Digest | Rest | undefined {
    const { ledger, committee, boundary, pool } = this.context;
    if (boundary === 0) return pool.oldest();
    if (ledger.executed >= boundary) return undefined;
    return `rest ${Math.floor(ledger.executed / committee.table.checkpointInterval)}`;
  }

  /**
   * The timer ran out: whether the leader is to be left for it. Not while this member is out of touch; then it looks again
   * after each heartbeat, and gives the leader a whole time from when it is in touch again.
   */
  isLeadersFault(isOutOfTouch: boolean): boolean {
    const { config } = this.context;
    if (!isOutOfTouch && !this.excused) return true;
    this.excused = isOutOfTouch;
    const delayMs = isOutOfTouch ? config.statusIntervalMs : this.doubled(config.phaseTimeoutMs, this.failedViews);
    this.startClock('progress', delayMs);
    return false;
  }

  /** This member asks for another view: its own clock stops until a quorum asks too. */
  viewFailed(): void {
    this.failedViews++;
    this.timed = undefined;
    this.running = false;
    this.cancel('progress');
    this.cancel('new-view');
  }

  /** A quorum asked for `view`: its leader has so long to start it. */
  awaitNewView(view: View): void {
    if (this.awaited === view) return;
    this.awaited = view;
    this.startClock(
      'new-view',
      this.doubled(this.context.config.viewChangeTimeoutMs, Math.max(0, this.failedViews - 1)),
    );
  }

  viewEntered(): void {
    this.timed = undefined;
    this.running = false;
    this.awaited = undefined;
    this.cancel('new-view');
    this.cancel('progress');
  }

  private startClock(timer: RunningTimer['timer'], delayMs: number): void {
    const { at } = this.context;
    const envelope = timer === 'progress' && !isRest(this.timed) ? this.timed : undefined;
    this.started = { timer, startedAt: at, lengthMs: delayMs, envelope };
    this.context.emit({ kind: 'startTimer', timer, delayMs });
  }

  private cancel(timer: RunningTimer['timer']): void {
    if (this.started?.timer === timer) this.started = undefined;
    this.context.emit({ kind: 'cancelTimer', timer });
  }

  private doubled(baseMs: number, times: number): number {
    return Math.min(baseMs * 2 ** Math.min(times, 30), Math.max(baseMs, this.context.config.viewChangeTimeoutMaxMs));
  }
}
