import type { Committee } from '@concordat/protocol';
import { envelopeOf, testCommittee, weightedCommittee } from '../testing/driver';
import { Cluster, type Node } from './cluster';

function randomOf(seed: number): () => number {
  let state = (seed * 2654435761 + 777) >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

/** Proofs against the liars, over all schedules: without any, the schedules prove nothing. */
let proofs = 0;

/** Two copies of one key speak to changing halves of the swarm; honest members crash and lose messages. */
function schedule(seed: number, committee: Committee, bad: readonly number[]): string | undefined {
  const random = randomOf(seed);
  const { n } = committee;
  const swarm = new Cluster(n, { committee, twinOf: bad });
  const honest = (node: Node): boolean => !bad.includes(node.self);
  const side = new Map<number, number>(swarm.nodes.map((node) => [node.index, 0]));
  const twin = (index: number): boolean => bad.includes(swarm.node(index).self);
  const loss = random() * 0.3;
  swarm.delay = () => 1 + Math.floor(random() * (random() < 0.1 ? 300 : 8));
  // A liar's copies hear and reach their own half only; honest members lose some.
  let chaos = true;
  swarm.filter = (from, to) => {
    if (twin(from) || twin(to)) return side.get(from) === side.get(to) && random() >= 0.05;
    return !chaos || (random() >= loss && (random() < 0.5 || side.get(from) === side.get(to)));
  };
  const shuffle = (): void => {
    for (const node of swarm.nodes)
      side.set(node.index, node.index >= n ? 1 : bad.includes(node.index) ? 0 : random() < 0.5 ? 0 : 1);
  };
  let clients = 0;
  const submit = (): void => {
    const node = swarm.nodes[Math.floor(random() * swarm.nodes.length)]!;
    if (node.up) swarm.submit(node.index, envelopeOf(`c${String(clients++)}`, { expiresAt: swarm.now + 100_000 }));
  };
  try {
    for (let round = 0; round < 60; round++) {
      if (random() < 0.3) shuffle();
      for (let i = 0; i < 3; i++) if (random() < 0.6) submit();
      if (random() < 0.1) {
        const node = swarm.node(Math.floor(random() * n));
        let left = Math.floor(random() * 30);
        if (node.up && honest(node))
          node.crashBefore = (effect) => ['persist', 'vote', 'commit'].includes(effect.kind) && left-- <= 0;
      }
      for (const node of swarm.nodes) if (!node.up && random() < 0.4) swarm.restart(node.index);
      swarm.run(Math.floor(random() * 300));
      swarm.checkAgreement(honest);
    }
    for (const node of swarm.nodes) {
      node.crashBefore = undefined;
      if (!node.up) swarm.restart(node.index);
    }
    chaos = false;
    swarm.delay = () => 1 + Math.floor(random() * 5);
    swarm.run(20_000);
    const good = swarm.nodes.filter(honest);
    const before = Math.max(...good.map((node) => node.replica.state().executed));
    for (const node of good)
      swarm.submit(node.index, envelopeOf(`last${String(node.index)}`, { expiresAt: swarm.now + 100_000 }));
    swarm.run(40_000);
    swarm.checkAgreement(honest);
    const states = good.map((node) => node.replica.state());
    const text = states
      .map(
        (state) =>
          `${String(state.executed)}@${String(state.view)}/${String(state.promisedView)} h${String(state.stable)} pool ${String(state.poolEnvelopes)}`,
      )
      .join(', ');
    if (states.some((state) => state.executed <= before || state.poolEnvelopes > 0))
      return `seed ${String(seed)}: stuck above ${String(before)}: ${text}`;
    proofs += good.flatMap((node) => node.accused).length;
    const accused = good.flatMap((node) => node.accused).filter((evidence) => !bad.includes(evidence.accused));
    if (accused.length > 0)
      return `seed ${String(seed)}: honest accused: ${JSON.stringify(accused[0]!.accused)} ${accused[0]!.kind}`;
    if (good.some((node) => node.effects.some((effect) => effect.kind === 'halt'))) return `seed ${String(seed)}: halt`;
    return undefined;
  } catch (error) {
    return `seed ${String(seed)}: ${(error as Error).stack ?? ''}`.slice(0, 700);
  }
}

const SEEDS = Number(process.env['SEEDS'] ?? 2);
const FIRST = Number(process.env['FIRST'] ?? 1);

describe('attack: twins', () => {
  it.each([
    [[1, 1, 1, 1], [3]],
    [[1, 1, 1, 1], [0]],
    [
      [1, 1, 1, 1, 1, 1, 1],
      [1, 2],
    ],
    // W = 9, F = 2, Q = 6: three members may be a quorum, and four may be none.
    [[2, 2, 2, 1, 1, 1], [1]],
  ])(
    'weights %j, twins of %j',
    (weights, bad) => {
      const weighted = weights.some((weight) => weight !== 1);
      const committee = weighted ? weightedCommittee(weights, { f: bad.length }) : testCommittee(weights.length);
      const failures: string[] = [];
      for (let seed = FIRST; seed < FIRST + SEEDS; seed++) {
        const failure = schedule(seed, committee, bad);
        if (failure !== undefined) failures.push(failure);
      }
      expect(failures).toEqual([]);
      expect(proofs).toBeGreaterThan(0);
    },
    600_000,
  );
});
