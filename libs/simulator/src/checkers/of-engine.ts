import type { EngineName, Hash, MemberIndex } from '@concordat/protocol';
import type { EpochHistory } from '../epoch-history';
import type { Blame, Checker } from '../watch';
import type { BlockIndex } from './blocks';
import { DurabilityChecker } from './durability';
import { LinearChecker } from './linear';
import { NewViewsChecker } from './new-views';
import { PromisesChecker } from './promises';

/** What checkers of votes judge by. */
export interface VoteRules {
  readonly engine: EngineName;
  readonly blame: Blame;
  readonly hash: Hash;
  readonly history: EpochHistory;
  readonly blocks: BlockIndex;
  readonly isCorrect: (member: MemberIndex) => boolean;
}

/** The checkers of what a swarm's engine lets its members sign. */
export function voteCheckers({ engine, blame, hash, history, blocks, isCorrect }: VoteRules): readonly Checker[] {
  return [
    new PromisesChecker(blame, history),
    engine === 'pbft'
      ? new NewViewsChecker(blame, history)
      : new LinearChecker(blame, hash, history, blocks, isCorrect),
    new DurabilityChecker(blame, isCorrect, history, hash, blocks),
  ];
}
