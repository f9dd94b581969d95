import type { Authentic, Envelope, MemberIndex } from '@concordat/protocol';
import type { Checker } from '../watch';

interface Admission {
  readonly member: MemberIndex;
  readonly envelope: Envelope;
}

/** Remembers what members owe: an outcome for every envelope that they admitted and that no crash took from them. */
export class AdmissionsChecker implements Checker {
  private owed: Admission[] = [];
  private count = 0;

  /** Envelopes that were admitted at correct members. */
  get admittedCount(): number {
    return this.count;
  }

  admitted(member: MemberIndex, envelope: Authentic): void {
    this.count++;
    this.owed.push({ member, envelope });
  }

  /** A pool is in memory only: what only this member knew is gone, and its client must ask again. */
  stopped(member: MemberIndex): void {
    this.owed = this.owed.filter((admission) => admission.member !== member);
  }

  /** What is not over yet. */
  open(isOver: (envelope: Envelope, member: MemberIndex) => boolean): readonly Admission[] {
    this.owed = this.owed.filter(({ envelope, member }) => !isOver(envelope, member));
    return this.owed;
  }
}
