/** Bounds of the wait between two attempts, in milliseconds. */
export interface BackoffOptions {
  readonly delayMinMs: number;
  readonly delayMaxMs: number;
  /** Uniform in [0, 1). */
  readonly random?: () => number;
}

/**
 * The wait before the next attempt: doubles up to a bound, and half of it is random, so that the members that lost
 * one broker do not come back in step.
 */
export class Backoff {
  private attempts = 0;
  private delay: number;
  private readonly random: () => number;

  constructor(private readonly options: BackoffOptions) {
    this.random = options.random ?? Math.random;
    this.delay = this.draw();
  }

  /** The wait that stands until the next attempt. Asking twice gives the same number. */
  get delayMs(): number {
    return this.delay;
  }

  /** An attempt is being made: the next wait is longer. */
  onAttempt(): void {
    this.attempts += 1;
    this.delay = this.draw();
  }

  /** An attempt succeeded. */
  reset(): void {
    this.attempts = 0;
    this.delay = this.draw();
  }

  private draw(): number {
    const { delayMinMs, delayMaxMs } = this.options;
    // 2^30 is far above any bound and far below where the product stops being exact.
    const ceiling = Math.min(delayMaxMs, delayMinMs * 2 ** Math.min(this.attempts, 30));
    return Math.ceil(ceiling / 2 + (ceiling / 2) * this.random());
  }
}
