import type { Batch, Digest, MemberIndex, Proposal, Signed, Verified, View } from '@concordat/protocol';
import { othersOf, type Adversary, type AdversaryTools } from '../../adversary';
import { packetOf } from '../../packet';
import { anotherBatch, collectorOf, propose, voteFor } from './blocks';
import { Overheard } from './overheard';

/** Twins that are remembered. */
const TWINS_MAX = 64;

/**
 * Two blocks for one view: one for each half of the others, with a vote of its own for either. It collects the votes for the
 * second one itself, and builds on them in its next view, so that either half sees an honest leader.
 */
export class ForkingLeader implements Adversary {
  /** The second block of a view, by the digest of the first. */
  private readonly twins = new Map<Digest, Signed<Proposal>>();
  private readonly deceived: ReadonlySet<MemberIndex>;
  /** A member that is shown both, and so holds the proof. */
  private readonly witness: MemberIndex | undefined;
  private readonly overheard: Overheard;
  private lastBatch: Batch | undefined;
  /** Highest view in which it built on a twin. */
  private built = 0;

  constructor(private readonly tools: AdversaryTools) {
    const others = tools.random.shuffled(othersOf(tools));
    this.deceived = new Set(others.slice(0, Math.ceil(others.length / 2)));
    this.witness = tools.random.chance(0.5) ? others[0] : undefined;
    this.overheard = new Overheard(tools);
  }

  divert(message: Signed, to: MemberIndex): readonly Signed[] {
    if (message.kind === 'proposal' && message.sender === this.tools.self) {
      const twin = this.twinOf(message);
      if (twin === undefined || !this.deceived.has(to)) return [message];
      const vote = collectorOf(this.tools, message.view) === to ? [voteFor(this.tools, twin)] : [];
      return to === this.witness ? [twin, ...vote, message] : [twin, ...vote];
    }
    return [message];
  }

  observe(message: Verified): void {
    this.overheard.note(message);
    if (message.kind === 'fetch') this.serve(message.sender, message.batches);
    if (message.kind === 'vote') this.build(message.digest, message.view);
  }

  /** Its twin is certified, and it leads the next view too. */
  private build(digest: Digest, view: View): void {
    const { tools, overheard } = this;
    if (view < this.built || collectorOf(tools, view) !== tools.self || !this.isTwin(digest)) return;
    const justify = overheard.certificateOf(digest);
    if (justify === undefined) return;
    this.built = view + 1;
    const packet = packetOf(propose(tools, (view + 1) as View, { justify, timeouts: undefined }, undefined));
    for (const to of othersOf(tools)) tools.transmit(to, packet);
  }

  private serve(to: MemberIndex, wanted: readonly Digest[]): void {
    for (const twin of this.twins.values()) if (wanted.includes(twin.digest)) this.tools.transmit(to, packetOf(twin));
  }

  private isTwin(digest: Digest): boolean {
    return [...this.twins.values()].some((twin) => twin.digest === digest);
  }

  private twinOf(message: Signed<Proposal>): Signed<Proposal> | undefined {
    const known = this.twins.get(message.digest);
    if (known !== undefined) return known;
    const batch = message.batch === undefined ? this.lastBatch : anotherBatch(this.tools, message.batch);
    this.lastBatch = message.batch ?? this.lastBatch;
    if (batch === undefined) return undefined;
    const twin = propose(this.tools, message.view, message, batch);
    this.overheard.note(voteFor(this.tools, twin));
    const [oldest] = this.twins.keys();
    if (this.twins.size >= TWINS_MAX && oldest !== undefined) this.twins.delete(oldest);
    this.twins.set(message.digest, twin);
    return twin;
  }
}
