import type { Adversary, AdversaryMaker, AdversaryTools } from '../adversary';
import type { Strategy } from '../schedule';
import { BadSupplier, Hoarder } from './catch-up';
import { Censor } from './censorship';
import { SlowLeader } from './delay';
import { DoubleVoter, EquivocatingLeader } from './equivocation';
import { FalseStatus, NewViewLiar, ViewRusher } from './lies';
import { LonelyNewView } from './new-views';
import { Noise } from './noise';
import { Selective, Silent, WithholdingLeader } from './silence';

/** An adversary with that strategy. */
export function createAdversary(strategy: Strategy | AdversaryMaker, tools: AdversaryTools): Adversary {
  if (typeof strategy === 'function') return strategy(tools);
  switch (strategy) {
    case 'equivocating-leader':
      return new EquivocatingLeader(tools);
    case 'silent':
      return new Silent(tools);
    case 'double-voter':
      return new DoubleVoter(tools);
    case 'noise':
      return new Noise(tools);
    case 'new-view-liar':
      return new NewViewLiar(tools);
    case 'withholding-leader':
      return new WithholdingLeader(tools);
    case 'view-rusher':
      return new ViewRusher(tools);
    case 'false-status':
      return new FalseStatus(tools);
    case 'censor':
      return new Censor(tools);
    case 'slow-leader':
      return new SlowLeader(tools);
    case 'bad-supplier':
      return new BadSupplier(tools);
    case 'hoarder':
      return new Hoarder(tools);
    case 'lonely-new-view':
      return new LonelyNewView(tools);
    case 'selective':
      return new Selective(tools);
  }
}
