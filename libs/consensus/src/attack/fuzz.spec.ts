import type { EngineName } from '@concordat/protocol';
import { envelopeOf, testCommittee } from '../testing/driver';
import { Cluster } from './cluster';

function randomOf(seed: number): () => number {
  let state = (seed * 2654435761 + 12345) >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

/** Loss, delay, partitions and crashes for a while, then a healthy network: all agree, nobody is accused, and all go on. */
function schedule(engine: EngineName, seed: number, n: number, crashes: boolean): string | undefined {
  const random = randomOf(seed);
  const swarm = new Cluster(n, { committee: testCommittee(n, { engine }) });
  const loss = random() * 0.5;
  let cut = new Set<number>();
  swarm.delay = () => 1 + Math.floor(random() * (random() < 0.1 ? 400 : 10));
  swarm.filter = (from, to) => random() >= loss && cut.has(from) === cut.has(to);
  let clients = 0;
  const submit = (): void => {
    const up = swarm.nodes.filter((node) => node.up);
    const node = up[Math.floor(random() * up.length)];
    if (node !== undefined)
      swarm.submit(node.index, envelopeOf(`c${String(clients++)}`, { expiresAt: swarm.now + 100_000 }));
  };
  try {
    for (let round = 0; round < 40; round++) {
      if (random() < 0.8) submit();
      if (random() < 0.3) cut = new Set(swarm.nodes.map((node) => node.index).filter(() => random() < 0.3));
      if (crashes && random() < 0.3) {
        const node = swarm.node(Math.floor(random() * n));
        let left = Math.floor(random() * 40);
        if (node.up) node.crashBefore = (effect) => ['persist', 'vote', 'commit'].includes(effect.kind) && left-- <= 0;
      }
      if (crashes && random() < 0.05) for (const node of swarm.nodes) if (node.up) swarm.crash(node.index);
      // HotStuff's base alone holds all that binds a member; PBFT's open slots stay in older files.
      const rotates = swarm.node(Math.floor(random() * n));
      if (engine === 'hotstuff' && rotates.up && random() < 0.2) swarm.rotate(rotates.index);
      for (const node of swarm.nodes) if (!node.up && random() < 0.4) swarm.restart(node.index);
      swarm.run(Math.floor(random() * 300));
    }
    for (const node of swarm.nodes) {
      node.crashBefore = undefined;
      if (!node.up) swarm.restart(node.index);
    }
    swarm.filter = () => true;
    swarm.delay = () => 1 + Math.floor(random() * 5);
    swarm.run(15_000);
    const before = Math.max(...swarm.executed());
    for (const node of swarm.nodes)
      swarm.submit(node.index, envelopeOf(`last${String(node.index)}`, { expiresAt: swarm.now + 100_000 }));
    swarm.run(15_000);
    swarm.checkAgreement();
    swarm.checkPromises();
    const executed = swarm.executed();
    // The leader of HotStuff's next view knows of one more decided block, without a batch, than it has told.
    const decided = swarm.nodes.map((node) => node.replica.state().totalDecided);
    const state = `executed ${executed.join()}, views ${swarm.views().join()}, stable ${swarm.nodes.map((node) => node.replica.state().stable).join()}, pools ${swarm.nodes.map((node) => node.replica.state().poolEnvelopes).join()}`;
    if (new Set(decided).size > 1) return `seed ${String(seed)}: not level: ${state}`;
    if (Math.min(...executed) <= before) return `seed ${String(seed)}: stuck: ${state}`;
    if (swarm.nodes.some((node) => node.replica.state().poolEnvelopes > 0))
      return `seed ${String(seed)}: requests wait: ${state}`;
    const accused = swarm.nodes.flatMap((node) => node.accused);
    if (accused.length > 0) return `seed ${String(seed)}: accused ${JSON.stringify(accused[0]!.accused)}`;
    if (swarm.nodes.some((node) => node.effects.some((effect) => effect.kind === 'halt')))
      return `seed ${String(seed)}: halt`;
    return undefined;
  } catch (error) {
    return `seed ${String(seed)}: ${(error as Error).stack ?? ''}`.slice(0, 600);
  }
}

const SEEDS = Number(process.env['SEEDS'] ?? 5);
const FIRST = Number(process.env['FIRST'] ?? 1);

describe('attack: fuzz', () => {
  it.each([
    ['pbft', 4, false],
    ['pbft', 4, true],
    ['pbft', 7, true],
    ['hotstuff', 4, false],
    ['hotstuff', 4, true],
    ['hotstuff', 7, true],
  ] as const)(
    '%s, n = %i, crashes = %s',
    (engine, n, crashes) => {
      const failures: string[] = [];
      for (let seed = FIRST; seed < FIRST + SEEDS; seed++) {
        const failure = schedule(engine, seed, n, crashes);
        if (failure !== undefined) failures.push(failure);
      }
      expect(failures).toEqual([]);
    },
    600_000,
  );
});
