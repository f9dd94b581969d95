import type { EngineName, MemberIndex, MessageKind, Signed } from '@concordat/protocol';
import { othersOf, type Adversary, type AdversaryTools } from '../adversary';

/** Kinds that are never sent. */
const MUTED: Readonly<Record<EngineName, readonly (readonly MessageKind[] | 'all')[]>> = {
  pbft: [
    'all',
    ['prePrepare', 'newView'],
    ['commit', 'epochChange'],
    ['viewChange', 'newView', 'epochChange'],
    ['prepare', 'commit', 'checkpoint', 'epochChange'],
  ],
  hotstuff: [
    'all',
    ['proposal'],
    ['vote', 'epochChange'],
    ['timeout', 'syncInfo', 'epochChange'],
    ['proposal', 'vote', 'checkpoint', 'stable', 'epochChange'],
  ],
};

/** Sends nothing, or nothing of some kinds. */
export class Silent implements Adversary {
  private readonly muted: readonly MessageKind[] | 'all';

  constructor({ random, committee }: AdversaryTools) {
    this.muted = random.pick(MUTED[committee.table.engine]);
  }

  divert(message: Signed): readonly Signed[] {
    return this.muted === 'all' || this.muted.includes(message.kind) ? [] : [message];
  }
}

/** As leader tells just enough members for a prepared certificate, or too few, and never hands out a batch. */
export class WithholdingLeader implements Adversary {
  private readonly told: ReadonlySet<MemberIndex>;

  constructor(tools: AdversaryTools) {
    const { committee, random } = tools;
    const enough = committee.quorumWeight - 1;
    const count = random.between(1, Math.max(1, enough));
    this.told = new Set(random.shuffled(othersOf(tools)).slice(0, count));
  }

  divert(message: Signed, to: MemberIndex): readonly Signed[] {
    switch (message.kind) {
      case 'batch':
      case 'decided':
      case 'requests':
        return [];
      case 'prePrepare':
      case 'newView':
        return this.told.has(to) ? [message] : [];
      default:
        return [message];
    }
  }
}

/** Withholds everything from some members, and behaves towards the others: these vouch for it. */
export class Selective implements Adversary {
  private readonly shunned: ReadonlySet<MemberIndex>;

  constructor(tools: AdversaryTools) {
    const others = tools.random.shuffled(othersOf(tools));
    this.shunned = new Set(others.slice(0, tools.random.between(1, others.length - 1)));
  }

  divert(message: Signed, to: MemberIndex): readonly Signed[] {
    return this.shunned.has(to) ? [] : [message];
  }
}
