/**
 * Runs a task so that callers share runs: a call while none is under way starts one, calls during a run share the next.
 * Every caller's run begins after its call, so it covers whatever the caller did before.
 */
export class Coalesced {
  private running: Promise<void> | undefined;
  private following: Promise<void> | undefined;

  constructor(private readonly task: () => Promise<void>) {}

  /** The run under way; undefined for none. */
  get current(): Promise<void> | undefined {
    return this.running;
  }

  /** A run that begins now or after the one under way. Rejects as the task does. */
  run(): Promise<void> {
    // Also when the run before it has just ended: two must never run at once.
    if (this.following !== undefined) return this.following;
    if (this.running === undefined) return this.start();
    return (this.following = this.afterRunning(this.running));
  }

  private async afterRunning(running: Promise<void>): Promise<void> {
    // Its failure is its own callers' affair; the task decides whether it may run again.
    await running.catch(() => undefined);
    this.following = undefined;
    await this.start();
  }

  private start(): Promise<void> {
    const run = this.task().finally(() => {
      if (this.running === run) this.running = undefined;
    });
    this.running = run;
    return run;
  }
}
