import { seal, type Committee, type MemberIndex, type Sealer, type Signed, type Verified } from '@concordat/protocol';
import { othersOf, type Adversary, type AdversaryTools } from '../adversary';
import { packetOf } from '../packet';

/** Kinds that it echoes. */
const VOTES: readonly Signed['kind'][] = [
  'prepare',
  'commit',
  'checkpoint',
  'viewChange',
  'proposal',
  'vote',
  'timeout',
];

/**
 * Has no vote any more: it was isolated, or removed, or has not joined yet. It votes all the same for whatever it hears of,
 * under its own name as far as it has one, and under places that are not its own.
 */
export class Revenant implements Adversary {
  private readonly sealers: readonly Sealer[];

  constructor(private readonly tools: AdversaryTools) {
    const { self, committee, sealer, random } = tools;
    const places = [self, random.pick(committee.indexesInOrder), committee.n as MemberIndex];
    this.sealers = places.map((sender) => ({ ...sealer, sender }));
  }

  divert(message: Signed): readonly Signed[] {
    return [message];
  }

  observe(message: Verified): void {
    if (!VOTES.includes(message.kind) || !this.tools.random.chance(0.3)) return;
    const { random } = this.tools;
    const vote = echo(random.pick(this.sealers), message, this.tools.committee);
    if (vote === undefined) return;
    const packet = packetOf(vote);
    for (const to of othersOf(this.tools)) this.tools.transmit(to, packet);
  }
}

function echo(sealer: Sealer, message: Verified, committee: Committee): Signed | undefined {
  if (message.epoch !== committee.epoch) return undefined;
  switch (message.kind) {
    case 'prepare':
    case 'commit':
    case 'vote': {
      const { kind, view, sequence, digest } = message;
      return seal(sealer, { kind, view, sequence, digest });
    }
    case 'checkpoint':
      return seal(sealer, { kind: 'checkpoint', sequence: message.sequence, content: message.content });
    case 'viewChange': {
      const { kind, view, sequence, stable } = message;
      return seal(sealer, { kind, view, sequence, stable, prepared: [] });
    }
    case 'proposal':
    case 'timeout':
      return seal(sealer, message);
    default:
      return undefined;
  }
}
