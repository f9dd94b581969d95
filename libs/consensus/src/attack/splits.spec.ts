import type { EngineName } from '@concordat/protocol';
import { envelopeOf, testCommittee } from '../testing/driver';
import { Cluster, type Node } from './cluster';

const MEMBERS = 4;
const ROUNDS = 4;
/** Each bit says on which side a node stands; the twin is the fifth. Complements are the same split. */
const SPLITS = Array.from({ length: 2 ** MEMBERS }, (_, split) => split);
const CONFIG = {
  phaseTimeoutMs: 40,
  viewChangeTimeoutMs: 40,
  viewChangeTimeoutMaxMs: 200,
  statusIntervalMs: 30,
} as const;

const sideOf = (split: number, node: number): number => (split >> node) & 1;

/** Four rounds, alternately under two splits, with requests of its own on each side; then everybody hears everybody. */
function play(
  engine: EngineName,
  twin: number,
  first: number,
  second: number,
): { readonly swarm: Cluster; readonly good: Node[] } {
  const swarm = new Cluster(MEMBERS, { committee: testCommittee(MEMBERS, { engine }), twinOf: [twin], config: CONFIG });
  let split = first;
  swarm.filter = (from, to) => sideOf(split, from) === sideOf(split, to);
  const submit = (text: string): void => {
    for (const node of swarm.nodes)
      swarm.submit(node.index, envelopeOf(`${text} of ${String(node.index)}`, { expiresAt: swarm.now + 100_000 }));
  };
  for (let round = 0; round < ROUNDS; round++) {
    split = round % 2 === 0 ? first : second;
    submit(`round ${String(round)}`);
    swarm.run(90);
  }
  swarm.filter = () => true;
  submit('after healing');
  swarm.run(1500);
  return { swarm, good: swarm.nodes.filter(({ self }) => self !== twin) };
}

describe.each<EngineName>(['pbft', 'hotstuff'])('attack: splits, %s', (engine) => {
  it.each([0, 1, 2, 3])(
    'every split of four members and a twin of member %i, over four rounds (scenario 4)',
    (twin) => {
      const decided: number[] = [];
      for (const first of SPLITS) {
        // Another split after it, every one of them once.
        const { swarm, good } = play(engine, twin, first, (first * 5 + 3) % SPLITS.length);
        expect(() => swarm.checkAgreement((node) => good.includes(node))).not.toThrow();
        expect(good.flatMap((node) => node.accused).filter(({ accused }) => accused !== twin)).toEqual([]);
        expect(good.map((node) => node.replica.state().poolEnvelopes)).toEqual([0, 0, 0]);
        decided.push(Math.min(...good.map((node) => node.replica.state().totalDecided)));
      }
      // What every honest member brought is decided: three in each round, and three afterwards.
      expect(Math.min(...decided)).toBeGreaterThanOrEqual((ROUNDS + 1) * (MEMBERS - 1));
    },
  );
});
