import type { LeaderElection, View } from '@concordat/protocol';
import { envelopeOf, testCommittee } from '../testing/driver';
import { OPERATOR, systemEnvelope } from '../testing/system';
import { Cluster } from './cluster';

/** Just under the 500 ms after which members give a leader up. */
const SLOW_MS = 450;

/** Node 0 sends its proposals so late that it is barely not replaced. */
function slowLeader(leaderElection: LeaderElection): Cluster {
  const cluster = new Cluster(4, { committee: testCommittee(4, { operators: [OPERATOR], leaderElection }) });
  cluster.delay = (from, _, { kind }) => (from === 0 && kind === 'prePrepare' ? SLOW_MS : 1);
  cluster.run(300);
  return cluster;
}

let clients = 0;
/** Milliseconds until one request is executed by all. */
function latency(cluster: Cluster): number {
  const decided = cluster.node(1).replica.state().totalDecided;
  const start = cluster.now;
  cluster.submit(2, envelopeOf(`client ${String(clients++)}`, { expiresAt: cluster.now + 60_000 }));
  while (cluster.nodes.some((node) => node.replica.state().totalDecided === decided) && cluster.now < start + 5000)
    cluster.run(1);
  return cluster.now - start;
}

/** An operator says how node 0 behaves; the next epoch begins with it. */
function score(cluster: Cluster, behavior: number): void {
  const before = cluster.node(1).committee.epoch;
  cluster.submit(
    1,
    systemEnvelope(
      { kind: 'reputation', node_id: 'node-0', behavior_score: behavior, reason: 'slow' },
      cluster.now + 60_000,
    ),
  );
  cluster.run(6000);
  expect(cluster.nodes.map((node) => node.committee.epoch)).toEqual([1, 2, 3, 4].map(() => before + 1));
}

/** Turns of each member in so many views of the newest epoch. */
const turns = (cluster: Cluster, views: number): number[] => {
  const { committee } = cluster.node(1);
  const leaders = Array.from({ length: views }, (_, view) => committee.leaderOf(view as View));
  return committee.indexesInOrder.map((member) => leaders.filter((leader) => leader === member).length);
};

describe('a slow but legal leader', () => {
  it('is not given up by timers: it is just fast enough', () => {
    const cluster = slowLeader('reputation');
    for (let i = 0; i < 5; i++) expect(latency(cluster)).toBeGreaterThan(SLOW_MS);
    expect(cluster.views()).toEqual(['0/0', '0/0', '0/0', '0/0']);
  });

  it('loses the lead, and most of its turns, once reputation decisions say so', () => {
    const cluster = slowLeader('reputation');
    expect(turns(cluster, 16)).toEqual([4, 4, 4, 4]);
    score(cluster, 0);
    expect(cluster.node(1).committee.leaderOf(0 as View)).not.toBe(0);
    for (let i = 0; i < 5; i++) expect(latency(cluster)).toBeLessThan(50);
    for (let i = 0; i < 3; i++) score(cluster, 0);
    // 0.7 to the fourth is 0.24: one turn of thirteen is what nobody can take from it.
    expect(cluster.node(1).committee.table.members.map(({ reputation }) => reputation)).toEqual([
      240_100, 1e6, 1e6, 1e6,
    ]);
    expect(turns(cluster, 13)).toEqual([1, 4, 4, 4]);
    expect(cluster.nodes.flatMap((node) => node.effects).filter((effect) => effect.kind === 'viewLeft')).toEqual([]);
    cluster.checkAgreement();
  });

  it('gets its turns back with its reputation', () => {
    const cluster = slowLeader('reputation');
    score(cluster, 0);
    score(cluster, 1);
    score(cluster, 1);
    expect(turns(cluster, 15)).toEqual([3, 4, 4, 4]);
  });

  it('keeps the lead where leaders go round, whatever its reputation', () => {
    const cluster = slowLeader('round-robin');
    score(cluster, 0);
    expect(turns(cluster, 16)).toEqual([4, 4, 4, 4]);
    expect(latency(cluster)).toBeGreaterThan(SLOW_MS);
  });
});
