import type { Digest, MemberIndex, Proposal, Signed, Verified, View, ViewProof } from '@concordat/protocol';
import { othersOf, type Adversary, type AdversaryTools } from '../../adversary';
import { propose } from './blocks';
import { Overheard } from './overheard';

/** Shows each of its blocks to some members only. */
abstract class PartialLeader implements Adversary {
  private view = -1;
  private told: ReadonlySet<MemberIndex> = new Set();

  constructor(protected readonly tools: AdversaryTools) {}

  /** How many of the others are shown the block of a view. */
  protected abstract audience(): number;

  divert(message: Signed, to: MemberIndex): readonly Signed[] {
    if (message.kind !== 'proposal' || message.sender !== this.tools.self) return [message];
    if (message.view > this.view) {
      this.view = message.view;
      this.told = new Set(this.tools.random.shuffled(othersOf(this.tools)).slice(0, this.audience()));
    }
    return this.told.has(to) ? [message] : [];
  }
}

/** Shows its blocks, and so the newest certificate, to one member alone or to too few for another one, and hands out none. */
export class HidingLeader extends PartialLeader {
  protected audience(): number {
    const { random, committee } = this.tools;
    return random.chance(0.5) ? 1 : random.between(0, committee.n - 2);
  }

  override divert(message: Signed, to: MemberIndex): readonly Signed[] {
    const isSupply = message.kind === 'batch' || message.kind === 'decided' || message.kind === 'requests';
    const isForwarded = message.kind === 'proposal' && message.sender !== this.tools.self;
    return isSupply || isForwarded ? [] : super.divert(message, to);
  }
}

/** Shows its blocks to just so many that f + 1 of them are locked and the others know of nothing. */
export class ForceLocker extends PartialLeader {
  protected audience(): number {
    return Math.min(this.tools.committee.table.f + 1, this.tools.committee.n - 1);
  }
}

/**
 * Builds on less than it knows: on the oldest certificate that those who gave the view up allow, on an older one than they do,
 * or on an older one with nothing that allows it.
 */
export class StaleLeader implements Adversary {
  private readonly overheard: Overheard;
  private readonly forged = new Map<Digest, Signed>();

  constructor(private readonly tools: AdversaryTools) {
    this.overheard = new Overheard(tools);
  }

  divert(message: Signed): readonly Signed[] {
    if (message.sender !== this.tools.self) return [message];
    this.overheard.note(message);
    if (message.kind !== 'proposal') return [message];
    let forged = this.forged.get(message.digest);
    if (forged === undefined) {
      const proof = this.staler(message);
      forged = proof === undefined ? message : propose(this.tools, message.view, proof, message.batch);
      this.forged.clear();
      this.forged.set(message.digest, forged);
    }
    return [forged];
  }

  observe(message: Verified): void {
    this.overheard.note(message);
  }

  private staler(message: Signed<Proposal>): ViewProof | undefined {
    const { random } = this.tools;
    const before = (message.view - 1) as View;
    const older = this.overheard.certificates.filter(({ view }) => view < (message.justify?.view ?? 0));
    const justify = random.chance(0.3) || older.length === 0 ? undefined : random.pick(older);
    if (message.timeouts !== undefined)
      return random.chance(0.7) ? this.overheard.oldestEnd(before) : { justify, timeouts: message.timeouts };
    // A block of the view below is certified: honest ones go on from there in half of the cases, or nothing is ever decided.
    if (message.justify === undefined || random.chance(0.5)) return undefined;
    return { justify, timeouts: this.overheard.endOf(before) };
  }
}
