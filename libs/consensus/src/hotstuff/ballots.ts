import type { Digest, MemberIndex, QuorumCertificate, Verified, Vote } from '@concordat/protocol';
import { signedStatement, type Context } from '../member/context';

/** Votes on their way into a certificate, at the leader of the next view. One per member: its newest (Spec §11). */
export class Ballots {
  private readonly newest = new Map<MemberIndex, Verified<Vote>>();

  constructor(private readonly context: Context) {}

  /** A vote of that member for the same or a later view, which makes another one needless unless it contradicts. */
  newestOf(member: MemberIndex): Verified<Vote> | undefined {
    return this.newest.get(member);
  }

  /** Takes a vote; the certificate when it completes a quorum. */
  onVote(vote: Verified<Vote>): QuorumCertificate | undefined {
    const earlier = this.newest.get(vote.sender);
    if (earlier !== undefined && earlier.view >= vote.view) {
      // The first vote stands. A second one is proof, never weight.
      if (earlier.view === vote.view && earlier.digest !== vote.digest)
        this.context.accuseOfEquivocation(signedStatement(earlier), signedStatement(vote));
      return undefined;
    }
    this.newest.set(vote.sender, vote);
    const { view, sequence, digest } = vote;
    const equal = [...this.newest.values()]
      .filter((other) => other.view === view && other.digest === digest && other.sequence === sequence)
      .sort((a, b) => a.sender - b.sender);
    if (!this.context.committee.isQuorum(equal.map(({ sender }) => sender))) return undefined;
    return { view, sequence, digest, signatures: equal.map(({ sender, signature }) => ({ sender, signature })) };
  }

  /** Who voted for a block, as far as this member was told, ascending. */
  votersFor(digest: Digest): MemberIndex[] {
    return [...this.newest.values()]
      .flatMap((vote) => (vote.digest === digest ? [vote.sender] : []))
      .sort((a, b) => a - b);
  }
}
