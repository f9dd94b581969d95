import type { EngineName } from '@concordat/protocol';
import { envelopeOf, testCommittee } from '../testing/driver';
import { joinEnvelope, OPERATOR, systemEnvelope } from '../testing/system';
import { Cluster } from './cluster';

const SEEDS = 24;

/** mulberry32: a small generator, the same everywhere. */
function randomOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** Members come and go while messages are lost, late and out of order, and nodes crash and restart. */
describe.each<EngineName>(['pbft', 'hotstuff'])('epochs under faults: %s', (engine) => {
  const epochsReached: number[] = [];

  it.each(Array.from({ length: SEEDS }, (_, seed) => seed))(
    'seed %i: one log, one chain of epochs, and progress after',
    (seed) => {
      const random = randomOf(seed);
      const pick = (below: number): number => Math.floor(random() * below);
      const cluster = new Cluster(4, { committee: testCommittee(4, { operators: [OPERATOR], engine }), observers: 2 });
      const loss = random() * 0.15;
      cluster.delay = () => 1 + pick(12);
      cluster.filter = () => random() >= loss;
      let down: number | undefined;
      for (let step = 0; step < 60; step++) {
        const at = pick(6);
        const epoch = cluster.node(at).replica.state().epoch;
        const asker = down === at ? (at + 1) % 4 : at;
        const chance = random();
        const expires = cluster.now + 60_000;
        if (chance < 0.08) cluster.submit(asker, joinEnvelope(4 + pick(2), epoch, expires));
        else if (chance < 0.14)
          cluster.submit(asker, systemEnvelope({ kind: 'leave', node_id: `node-${String(4 + pick(2))}` }, expires));
        else if (chance < 0.22)
          cluster.submit(
            asker,
            systemEnvelope(
              { kind: 'reputation', node_id: `node-${String(pick(4))}`, behavior_score: random(), reason: '' },
              expires,
            ),
          );
        else if (chance < 0.32 && down === undefined) cluster.crash((down = pick(4)));
        else if (chance < 0.5 && down !== undefined) {
          cluster.restart(down);
          down = undefined;
        } else cluster.submit(asker, envelopeOf(`client ${String(step)}`, { expiresAt: expires }));
        cluster.run(20 + pick(80));
        cluster.checkAgreement();
      }
      cluster.filter = () => true;
      cluster.delay = () => 1;
      if (down !== undefined) cluster.restart(down);
      cluster.run(12_000);
      cluster.submit(0, envelopeOf('after all', { expiresAt: cluster.now + 60_000 }));
      cluster.run(6_000);
      cluster.checkAgreement();
      const states = cluster.nodes.map((node) => node.replica.state());
      // The leader of HotStuff's next view may know of one more decided block, without a batch, than it has told.
      expect(new Set(states.map(({ totalDecided, epoch }) => `${String(epoch)} ${String(totalDecided)}`)).size).toBe(1);
      expect(cluster.nodes.flatMap((node) => node.accused)).toEqual([]);
      epochsReached.push(cluster.node(0).committee.epoch);
      expect(new Set(cluster.nodes.map((node) => node.committee.hash)).size).toBe(1);
    },
  );

  it('went through several epochs for each seed', () => {
    expect(epochsReached).toHaveLength(SEEDS);
    expect(epochsReached.reduce((sum, epoch) => sum + epoch, 0)).toBeGreaterThan(2 * SEEDS);
  });
});
