import type { MemberIndex, Signed, Verified, View } from '@concordat/protocol';
import { othersOf, type Adversary, type AdversaryTools } from '../../adversary';
import { packetOf } from '../../packet';
import { collectorOf, voteFor, type BallotPaper } from './blocks';
import { Overheard } from './overheard';

/** Votes for everything that anybody proposes, whatever it is locked on, and for what nobody did; sometimes it tells everybody. */
export class BlockDoubleVoter implements Adversary {
  private readonly overheard: Overheard;

  constructor(private readonly tools: AdversaryTools) {
    this.overheard = new Overheard(tools);
  }

  divert(message: Signed, to: MemberIndex): readonly Signed[] {
    if (message.kind !== 'vote' || message.sender !== this.tools.self) return [message];
    const votes = this.rivalsOf(message).map((block) => voteFor(this.tools, block));
    return to % 2 === 0 ? [message, ...votes] : [...votes, message];
  }

  observe(message: Verified): void {
    this.overheard.note(message);
    if (message.kind !== 'proposal') return;
    const { tools } = this;
    const packet = packetOf(voteFor(tools, message));
    const receivers = tools.random.chance(0.2) ? othersOf(tools) : [collectorOf(tools, message.view)];
    for (const to of receivers) if (to !== tools.self) tools.transmit(to, packet);
  }

  /** Other blocks of a view; sometimes one of the view before as if it were of this one: who counts need not know the block. */
  private rivalsOf({ view, sequence, digest }: Signed): BallotPaper[] {
    const rivals: BallotPaper[] = this.overheard.blocksOf(view).filter((block) => block.digest !== digest);
    const [earlier] = this.overheard.blocksOf((view - 1) as View);
    return earlier === undefined || !this.tools.random.chance(0.3)
      ? rivals
      : [...rivals, { view, sequence, digest: earlier.digest }];
  }
}
