import { OUTCOMES } from '@concordat/protocol';
import type { CommittedBlock } from '@concordat/consensus';

/**
 * How many requests were decided up to recent sequences: what a member that says it has executed up to a sequence must have
 * decided, since all honest members decide the same. Holds the last `sequencesMax`.
 */
export class DecidedTotals {
  private readonly totals = new Map<number, number>();
  private last = 0;

  /** `total`: requests decided up to `executed`. */
  constructor(
    executed: number,
    private total: number,
    private readonly sequencesMax: number,
  ) {
    this.note(executed);
  }

  /** The next block was executed. */
  onCommitted({ sequence, outcomes }: CommittedBlock): void {
    for (const outcome of outcomes) if (outcome === OUTCOMES.decided) this.total++;
    this.note(sequence);
  }

  /** The state after `sequence` was taken over: so many were decided up to there. */
  onInstalled(sequence: number, total: number): void {
    this.total = total;
    this.note(sequence);
  }

  /** Requests decided up to a sequence; undefined when that is too long ago. Beyond what is executed here: what is known here. */
  upTo(sequence: number): number | undefined {
    return this.totals.get(Math.min(sequence, this.last));
  }

  private note(sequence: number): void {
    this.last = sequence;
    this.totals.set(sequence, this.total);
    if (this.totals.size <= this.sequencesMax) return;
    const [oldest] = this.totals.keys();
    if (oldest !== undefined) this.totals.delete(oldest);
  }
}
