import type { EngineName } from '@concordat/protocol';
import type { Adversary, AdversaryMaker, AdversaryTools } from '../adversary';
import type { Strategy, STRATEGIES_OF } from '../schedule';
import { BadSupplier, Hoarder } from './catch-up';
import { Censor } from './censorship';
import { SlowLeader } from './delay';
import { DoubleVoter, EquivocatingLeader } from './equivocation';
import { FalseStatus, NewViewLiar, ViewRusher } from './lies';
import { ForkingLeader } from './linear/forking';
import { ForceLocker, HidingLeader, StaleLeader } from './linear/leaders';
import { DoubleTimeouts, FalseSync } from './linear/timeouts';
import { BlockDoubleVoter } from './linear/voting';
import { LonelyNewView } from './new-views';
import { Noise } from './noise';
import { Selective, Silent, WithholdingLeader } from './silence';

type Made = new (tools: AdversaryTools) => Adversary;

const ADVERSARIES: { readonly [E in EngineName]: Readonly<Record<(typeof STRATEGIES_OF)[E][number], Made>> } = {
  pbft: {
    'equivocating-leader': EquivocatingLeader,
    silent: Silent,
    'double-voter': DoubleVoter,
    noise: Noise,
    'new-view-liar': NewViewLiar,
    'withholding-leader': WithholdingLeader,
    'view-rusher': ViewRusher,
    'false-status': FalseStatus,
    censor: Censor,
    'slow-leader': SlowLeader,
    'bad-supplier': BadSupplier,
    hoarder: Hoarder,
    selective: Selective,
    'lonely-new-view': LonelyNewView,
  },
  hotstuff: {
    'equivocating-leader': ForkingLeader,
    silent: Silent,
    'double-voter': BlockDoubleVoter,
    noise: Noise,
    'withholding-leader': HidingLeader,
    'force-locker': ForceLocker,
    'stale-leader': StaleLeader,
    'double-timeouts': DoubleTimeouts,
    'false-sync': FalseSync,
    'false-status': FalseStatus,
    'slow-leader': SlowLeader,
    'bad-supplier': BadSupplier,
    selective: Selective,
  },
};

/** An adversary with that strategy. Throws a RangeError for one that is against another engine. */
export function createAdversary(strategy: Strategy | AdversaryMaker, tools: AdversaryTools): Adversary {
  if (typeof strategy === 'function') return strategy(tools);
  const { engine } = tools.committee.table;
  const made = (ADVERSARIES[engine] as Partial<Record<Strategy, Made>>)[strategy];
  if (made === undefined) throw new RangeError(`${strategy} is nothing against ${engine}`);
  return new made(tools);
}
