/** One kind of log line that may come many times a second: at most one in each interval is written, with how many were not. */
export class SparseLog {
  private lastMs = Number.NEGATIVE_INFINITY;
  private unwritten = 0;

  constructor(
    private readonly write: (fields: Readonly<Record<string, unknown>>) => void,
    private readonly intervalMs: number,
    /** A clock that never goes back. */
    private readonly nowMs: () => number,
  ) {}

  /** Writes a line, unless one was written just now. The next one then has `unwritten`, the number of those between. */
  line(fields: Readonly<Record<string, unknown>>): void {
    const now = this.nowMs();
    if (now - this.lastMs < this.intervalMs) {
      this.unwritten += 1;
      return;
    }
    this.write(this.unwritten === 0 ? fields : { ...fields, unwritten: this.unwritten });
    this.lastMs = now;
    this.unwritten = 0;
  }
}
