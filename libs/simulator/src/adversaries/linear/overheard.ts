import {
  rootOf,
  timeoutDigest,
  type Digest,
  type MemberIndex,
  type Proposal,
  type QuorumCertificate,
  type Sequence,
  type Signed,
  type Statement,
  type Timeout,
  type TimeoutCertificate,
  type TimeoutSignature,
  type View,
  type ViewProof,
  type Vote,
  type VoteSignature,
} from '@concordat/protocol';
import type { AdversaryTools } from '../../adversary';

/** Views below the newest one of which a liar remembers what it heard. */
const REMEMBERED_VIEWS = 64;

/** The votes for one block. */
interface Ballot {
  readonly view: View;
  readonly sequence: Sequence;
  readonly signatures: Map<MemberIndex, VoteSignature>;
}

/** What a liar heard of blocks, votes and timeouts: what it may make certificates from. Nothing that others did not sign. */
export class Overheard {
  private readonly blocks = new Map<Digest, Signed<Proposal>>();
  private readonly ballots = new Map<Digest, Ballot>();
  private readonly known = new Map<Digest, QuorumCertificate>();
  private readonly timeouts = new Map<View, Map<MemberIndex, Signed<Timeout>>>();
  private readonly ends = new Map<View, TimeoutCertificate>();
  private newestView = 0;

  constructor(private readonly tools: Pick<AdversaryTools, 'committee' | 'hash' | 'sealer' | 'self'>) {}

  /** Highest view that anything was about. */
  get newest(): View {
    return this.newestView as View;
  }

  /** Takes in a message, whoever sent it. */
  note(message: Signed): void {
    if (message.kind === 'proposal') this.blocks.set(message.digest, message);
    if (message.kind === 'vote') this.noteVote(message);
    if (message.kind === 'timeout') this.timeoutsOf(message.view).set(message.sender, message);
    if (message.kind === 'proposal' || message.kind === 'timeout' || message.kind === 'syncInfo') {
      const { justify, timeouts } = message;
      if (justify !== undefined) this.known.set(justify.digest, justify);
      if (timeouts !== undefined) this.ends.set(timeouts.view, timeouts);
      this.advance(message.view);
    }
  }

  /** A block that was heard of; undefined for none. */
  block(digest: Digest): Signed<Proposal> | undefined {
    return this.blocks.get(digest);
  }

  /** Blocks of a view. */
  blocksOf(view: View): Signed<Proposal>[] {
    return [...this.blocks.values()].filter((block) => block.view === view);
  }

  /** A certificate of a block, out of a message or made of votes; undefined while there is none. */
  certificateOf(digest: Digest): QuorumCertificate | undefined {
    const known = this.known.get(digest);
    const ballot = this.ballots.get(digest);
    if (known !== undefined || ballot === undefined) return known;
    const signatures = [...ballot.signatures.values()].sort((a, b) => a.sender - b.sender);
    if (!this.tools.committee.isQuorum(signatures.map(({ sender }) => sender))) return undefined;
    const made = { view: ballot.view, sequence: ballot.sequence, digest, signatures };
    this.known.set(digest, made);
    return made;
  }

  /** All certificates of blocks that it could show, the oldest first. */
  get certificates(): readonly QuorumCertificate[] {
    return [...this.known.values()].sort((a, b) => a.view - b.view);
  }

  /** That a view was given up, as somebody showed it; undefined for nobody. */
  endOf(view: View): TimeoutCertificate | undefined {
    return this.ends.get(view);
  }

  /**
   * That a view was given up, by those who know least, with the oldest certificate that may go with it. Its own word knows
   * nothing at all. Undefined while no quorum gave the view up.
   */
  oldestEnd(view: View): ViewProof | undefined {
    const { committee, self } = this.tools;
    const heard = [...this.timeoutsOf(view).values()].filter(({ sender }) => sender !== self);
    heard.sort((a, b) => a.highest.view - b.highest.view);
    const timeouts: TimeoutSignature[] = [this.ignorant(view)];
    for (const { sender, highest, signature, justify } of heard) {
      timeouts.push({ sender, highest, signature });
      if (committee.isQuorum(timeouts.map((timeout) => timeout.sender)))
        return { justify, timeouts: { view, timeouts: timeouts.sort((a, b) => a.sender - b.sender) } };
    }
    return undefined;
  }

  private ignorant(view: View): TimeoutSignature {
    const { committee, hash, sealer, self } = this.tools;
    const { view: rootView, digest } = rootOf(hash, committee);
    const highest = { view: rootView, digest };
    const statement: Statement = {
      kind: 'timeout',
      epoch: committee.epoch,
      view,
      sequence: 0 as Sequence,
      digest: timeoutDigest(hash, highest),
      sender: self,
    };
    return { sender: self, highest, signature: sealer.sign(statement) };
  }

  private noteVote({ view, sequence, digest, sender, signature }: Signed<Vote>): void {
    const ballot = this.ballots.get(digest) ?? { view, sequence, signatures: new Map<MemberIndex, VoteSignature>() };
    ballot.signatures.set(sender, { sender, signature });
    this.ballots.set(digest, ballot);
  }

  private timeoutsOf(view: View): Map<MemberIndex, Signed<Timeout>> {
    const timeouts = this.timeouts.get(view) ?? new Map<MemberIndex, Signed<Timeout>>();
    this.timeouts.set(view, timeouts);
    return timeouts;
  }

  private advance(view: View): void {
    if (view <= this.newestView) return;
    this.newestView = view;
    const below = view - REMEMBERED_VIEWS;
    for (const held of [this.blocks, this.ballots, this.known])
      for (const [digest, one] of held) if (one.view < below) held.delete(digest);
    for (const held of [this.timeouts, this.ends])
      for (const ended of held.keys()) if (ended < below) held.delete(ended);
  }
}
