import {
  NULL_DIGEST,
  type Batch,
  type Commit,
  type CommitCertificate,
  type Committee,
  type Digest,
  type MemberIndex,
  type Prepare,
  type PreparedCertificate,
  type Sequence,
  type Verified,
  type View,
  type VoteSignature,
} from '@concordat/protocol';

/** What the leader of `view` put into a slot, by PRE-PREPARE or as an entry of its NEW-VIEW. */
export interface Proposal {
  readonly view: View;
  readonly digest: Digest;
  /** The leader's, under PRE-PREPARE. */
  readonly signature: Uint8Array;
}

/** What came of recording a vote. */
export type Recorded<M> =
  { readonly kind: 'new' } | { readonly kind: 'known' } | { readonly kind: 'conflict'; readonly earlier: M };

/** One sequence on its way to a decision. Holds at most one vote per member and phase: the one of its highest view (Spec §11). */
export class Slot {
  proposal: Proposal | undefined;
  /** Quorum of the highest view in which this member prepared; durable before its COMMIT left. */
  prepared: PreparedCertificate | undefined;
  decision: CommitCertificate | undefined;
  private readonly prepares = new Map<MemberIndex, Verified<Prepare>>();
  private readonly commits = new Map<MemberIndex, Verified<Commit>>();
  private readonly batches = new Map<Digest, Batch>();
  private readonly durable = new Set<Digest>();

  constructor(readonly sequence: Sequence) {}

  recordPrepare(vote: Verified<Prepare>): Recorded<Verified<Prepare>> {
    return record(this.prepares, vote);
  }

  recordCommit(vote: Verified<Commit>): Recorded<Verified<Commit>> {
    return record(this.commits, vote);
  }

  /** PREPAREs for (view, digest), ascending by sender. */
  preparesFor(view: View, digest: Digest): VoteSignature[] {
    return votesFor(this.prepares, view, digest);
  }

  /** COMMITs for (view, digest), ascending by sender. */
  commitsFor(view: View, digest: Digest): VoteSignature[] {
    return votesFor(this.commits, view, digest);
  }

  /** A quorum of equal COMMITs, whatever this member accepted itself (Spec §3). */
  commitQuorum(committee: Committee, latest: Commit): CommitCertificate | undefined {
    const { view, digest } = latest;
    const signatures = this.commitsFor(view, digest);
    if (!committee.isQuorum(signatures.map((vote) => vote.sender))) return undefined;
    return { view, sequence: this.sequence, digest, signatures };
  }

  /** PRE-PREPARE and PREPAREs of a quorum for what is proposed now. */
  prepareQuorum(committee: Committee): PreparedCertificate | undefined {
    if (this.proposal === undefined) return undefined;
    const { view, digest, signature } = this.proposal;
    const leader = committee.leaderOf(view);
    const signatures = this.preparesFor(view, digest).filter((vote) => vote.sender !== leader);
    if (!committee.isQuorum([leader, ...signatures.map((vote) => vote.sender)])) return undefined;
    return { view, sequence: this.sequence, digest, leaderSignature: signature, signatures };
  }

  /** True when this member has a quorum for exactly that proposal. */
  isPrepared(proposal: Proposal): boolean {
    return this.prepared?.view === proposal.view && this.prepared.digest === proposal.digest;
  }

  /** The batch with that digest; 'null' for the null digest; undefined when it is not held. */
  batchOf(digest: Digest): Batch | 'null' | undefined {
    return digest === NULL_DIGEST ? 'null' : this.batches.get(digest);
  }

  holds(digest: Digest): boolean {
    return this.batchOf(digest) !== undefined;
  }

  hold(batch: Batch): void {
    this.batches.set(batch.digest, batch);
  }

  /** True the first time it is asked for a digest: its batch has to be made durable now. */
  needsDurableBatch(digest: Digest): boolean {
    if (digest === NULL_DIGEST || this.durable.has(digest)) return false;
    this.durable.add(digest);
    return true;
  }

  /** Digests for which this slot wants the batch: proposed in this view, prepared, or decided. */
  wantedDigests(): Digest[] {
    const named = [this.proposal?.digest, this.prepared?.digest, this.decision?.digest];
    return [...new Set(named.filter((digest) => digest !== undefined))].filter((digest) => !this.holds(digest));
  }

  /** Drops batches that nothing names any more, once a new view has put its own proposals. */
  dropUnnamedBatches(): void {
    const named = new Set([this.proposal?.digest, this.prepared?.digest, this.decision?.digest]);
    for (const digest of this.batches.keys()) {
      if (named.has(digest)) continue;
      this.batches.delete(digest);
      this.durable.delete(digest);
    }
  }
}

function record<M extends Prepare | Commit>(
  votes: Map<MemberIndex, Verified<M>>,
  vote: Verified<M>,
): Recorded<Verified<M>> {
  const earlier = votes.get(vote.sender);
  if (earlier === undefined || earlier.view < vote.view) {
    votes.set(vote.sender, vote);
    return { kind: 'new' };
  }
  if (earlier.view === vote.view && earlier.digest !== vote.digest) return { kind: 'conflict', earlier };
  return { kind: 'known' };
}

function votesFor(
  votes: ReadonlyMap<MemberIndex, Verified<Prepare | Commit>>,
  view: View,
  digest: Digest,
): VoteSignature[] {
  const found: VoteSignature[] = [];
  for (const [sender, vote] of votes)
    if (vote.view === view && vote.digest === digest) found.push({ sender, signature: vote.signature });
  return found.sort((a, b) => a.sender - b.sender);
}
