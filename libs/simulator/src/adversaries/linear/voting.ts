import type { MemberIndex, Signed, Verified, View } from '@concordat/protocol';
import { othersOf, type Adversary, type AdversaryTools } from '../../adversary';
import { packetOf } from '../../packet';
import { collectorOf, voteFor } from './blocks';
import { Overheard } from './overheard';

/** Votes for everything that anybody proposes, whatever it is locked on, and tells sometimes everybody. */
export class BlockDoubleVoter implements Adversary {
  private readonly overheard: Overheard;

  constructor(private readonly tools: AdversaryTools) {
    this.overheard = new Overheard(tools);
  }

  divert(message: Signed, to: MemberIndex): readonly Signed[] {
    if (message.kind !== 'vote' || message.sender !== this.tools.self) return [message];
    const others = this.overheard.blocksOf(message.view).filter(({ digest }) => digest !== message.digest);
    const votes = others.map((block) => voteFor(this.tools, block));
    return to % 2 === 0 ? [message, ...votes] : [...votes, message];
  }

  observe(message: Verified): void {
    this.overheard.note(message);
    if (message.kind !== 'proposal') return;
    const { tools } = this;
    const packet = packetOf(voteFor(tools, message));
    const receivers = tools.random.chance(0.2) ? othersOf(tools) : [collectorOf(tools, message.view)];
    for (const to of receivers) if (to !== tools.self) tools.transmit(to, packet);
    // A rival of the same view, which nobody proposed: whoever counts votes without knowing the block counts it too.
    const before = this.overheard.blocksOf((message.view - 1) as View)[0];
    if (before === undefined || !tools.random.chance(0.2)) return;
    const rival = packetOf(voteFor(tools, { ...message, digest: before.digest }));
    for (const to of receivers) if (to !== tools.self) tools.transmit(to, rival);
  }
}
