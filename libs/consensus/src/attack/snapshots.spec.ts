import type { Signed } from '@concordat/protocol';
import type { ReplicaConfig } from '../replica';
import { envelopeOf, testCommittee } from '../testing/driver';
import { OPERATOR } from '../testing/system';
import { Cluster } from './cluster';

const swarm = (n = 4, config: Partial<ReplicaConfig> = {}, observers = 0): Cluster =>
  new Cluster(n, {
    committee: testCommittee(n, { operators: [OPERATOR], clientsMax: 100_000 }),
    config: { snapshotGap: 40, ...config },
    observers,
  });

let client = 0;

/** `count` requests of as many new clients, in envelopes of their own. */
function order(cluster: Cluster, count: number, to = 0): void {
  for (let i = 0; i < count; i++)
    cluster.submit(to, envelopeOf(`client ${String(client++)}`, { expiresAt: cluster.now + 100_000 }));
  cluster.run(40);
}

/** At least `count` sequences, with one request each. */
function sequences(cluster: Cluster, count: number, to = 0): void {
  for (let i = 0; i < count; i++) {
    cluster.submit(to, envelopeOf(`client ${String(client++)}`, { expiresAt: cluster.now + 100_000 }));
    cluster.run(6);
  }
}

/** So many clients that the state has several chunks. */
const manyClients = (cluster: Cluster): void => {
  for (let i = 0; i < 7; i++) order(cluster, 700);
};

const prune = (cluster: Cluster, ...indexes: number[]): void => {
  for (const index of indexes) cluster.prune(index);
};
const states = (cluster: Cluster): Set<string> =>
  new Set(
    cluster.nodes
      .filter((node) => node.up)
      .map((node) => {
        const { executed, headDigest, totalDecided } = node.replica.state();
        return `${String(executed)} ${headDigest} ${String(totalDecided)}`;
      }),
  );
const isVote = ({ kind }: Signed): boolean => kind === 'commit' || kind === 'prepare';

/** The member that was away is back where all are, and votes. */
function expectCaughtUp(cluster: Cluster, index: number): void {
  expect(states(cluster).size).toBe(1);
  const node = cluster.node(index);
  const before = node.votes.length;
  order(cluster, 1, index);
  cluster.run(300);
  expect(states(cluster).size).toBe(1);
  expect(node.votes.slice(before).some(isVote)).toBe(true);
  cluster.checkAgreement();
}

describe('catching up by a whole state', () => {
  it('a member far behind takes over a stable state, then the rest by decisions, and votes again', () => {
    const cluster = swarm();
    cluster.run(20);
    cluster.crash(3);
    manyClients(cluster);
    sequences(cluster, 49);
    cluster.restart(3);
    cluster.run(1500);
    const node = cluster.node(3);
    expect(node.installs).toHaveLength(1);
    expect(node.installs[0]).toMatchObject({ from: 1, envelopes: [] });
    expect(node.blocks[0]?.sequence).toBe(node.installs[0]!.sequence + 1);
    expectCaughtUp(cluster, 3);
  });

  it('a member a little behind fetches decisions as long as somebody has them', () => {
    const cluster = swarm();
    cluster.run(20);
    cluster.crash(3);
    sequences(cluster, 30);
    prune(cluster, 0, 1);
    cluster.restart(3);
    cluster.run(1500);
    expect(cluster.node(3).installs).toEqual([]);
    expect(cluster.node(3).blocks[0]?.sequence).toBe(1);
    expectCaughtUp(cluster, 3);
  });

  it('and a state when nobody has them any more, however little it is behind', () => {
    const cluster = swarm();
    cluster.run(20);
    cluster.crash(3);
    sequences(cluster, 6);
    prune(cluster, 0, 1, 2);
    cluster.restart(3);
    cluster.run(1000);
    expect(cluster.node(3).installs).toMatchObject([{ from: 1, sequence: 4 }]);
    expectCaughtUp(cluster, 3);
  });
});
