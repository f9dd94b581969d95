import { type Sequence, type View } from '@concordat/protocol';

/**
 * Views of one epoch that failed, where every block takes a view (Spec §4): those that brought none. A decision's own view
 * tells how many failed before it, to all members the same; after it, this member counts.
 */
export class FailedViews {
  private before = 0;
  private since = 0;

  /** `base`: the last sequence of the epoch before. */
  constructor(private readonly base: Sequence) {}

  /** Failed since the newest decision that is known here. */
  get sinceDecision(): number {
    return this.since;
  }

  /** Failed since the epoch began. */
  get total(): number {
    return this.before + this.since;
  }

  /** A sequence was decided in that view. Views of earlier epochs are not these. */
  onDecided(sequence: Sequence, view: View): void {
    if (sequence <= this.base) return;
    this.before = Math.max(this.before, view - (sequence - this.base));
    this.since = 0;
  }

  /** A quorum gave a view up. */
  onFailed(): void {
    this.since += 1;
  }
}
