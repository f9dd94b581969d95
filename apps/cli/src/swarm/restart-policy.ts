/** After which time a dead process is started again. All times in milliseconds. */
export class RestartPolicy {
  private quickDeaths = 0;

  constructor(
    private readonly options: {
      readonly delayMinMs: number;
      readonly delayMaxMs: number;
      /** A process that lived this long counts as well again. */
      readonly settledAfterMs: number;
      /** Deaths in a row, none after settledAfterMs, that are answered with a new start. */
      readonly quickDeathsMax: number;
    } = { delayMinMs: 1_000, delayMaxMs: 16_000, settledAfterMs: 30_000, quickDeathsMax: 6 },
  ) {}

  /** How long to wait before the next start, or undefined to give up. `livedMs` is how long the process lived. */
  onDeath(livedMs: number): number | undefined {
    const { delayMinMs, delayMaxMs, settledAfterMs, quickDeathsMax } = this.options;
    if (livedMs >= settledAfterMs) this.quickDeaths = 0;
    this.quickDeaths += 1;
    if (this.quickDeaths > quickDeathsMax) return undefined;
    return Math.min(delayMaxMs, delayMinMs * 2 ** (this.quickDeaths - 1));
  }
}
