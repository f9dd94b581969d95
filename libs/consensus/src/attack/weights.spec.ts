import { EpochTableError, type Sequence, type View } from '@concordat/protocol';
import { weightsByReputation } from '../membership/weights';
import { envelopeOf, weightedCommittee } from '../testing/driver';
import { joinEnvelope, OPERATOR, systemEnvelope } from '../testing/system';
import { Cluster } from './cluster';

/** W = 9, F = 2, Q = 6, where counting would ask for 4 of 6: the heavy three are a quorum, the light three with one are none. */
const WEIGHTS = [2, 2, 2, 1, 1, 1];
const swarm = (options: ConstructorParameters<typeof Cluster>[1] = {}): Cluster =>
  new Cluster(6, { committee: weightedCommittee(WEIGHTS, { f: 1, operators: [OPERATOR] }), ...options });
const crash = (cluster: Cluster, ...indexes: number[]): void => indexes.forEach((index) => cluster.crash(index));

describe('votes by weight', () => {
  it('three heavy members decide alone, and their checkpoints are stable', () => {
    const cluster = swarm();
    cluster.run(50);
    crash(cluster, 3, 4, 5);
    for (let i = 0; i < 20; i++) {
      cluster.submit(i % 3, envelopeOf(`c${String(i)}`));
      cluster.run(20);
    }
    const states = cluster.nodes.slice(0, 3).map((node) => node.replica.state());
    for (const state of states) expect(state).toMatchObject({ totalDecided: 20, view: 0 });
    for (const { executed, stable } of states) expect(executed - stable).toBeLessThan(4);
    for (const index of [3, 4, 5]) cluster.restart(index);
    cluster.run(2000);
    expect(new Set(cluster.executed()).size).toBe(1);
  });

  it('four members that weigh too little decide nothing, prepare nothing and leave no view; one heavy one more and they do', () => {
    const cluster = swarm();
    cluster.run(50);
    crash(cluster, 1, 2);
    cluster.submit(3, envelopeOf('alice'));
    cluster.run(5000);
    expect(cluster.executed().filter((_, index) => ![1, 2].includes(index))).toEqual([0, 0, 0, 0]);
    const votes = cluster.nodes.flatMap((node) => node.votes.map((vote) => vote.kind));
    expect(new Set(votes)).toEqual(new Set(['prePrepare', 'prepare']));
    cluster.restart(2);
    cluster.run(2000);
    expect(cluster.executed().filter((_, index) => index !== 1)).toEqual([1, 1, 1, 1, 1]);
  });

  it('changes the view when the heavy leader fails, by weight and not by count', () => {
    const cluster = swarm();
    cluster.run(300);
    crash(cluster, 0);
    cluster.submit(3, envelopeOf('alice'));
    cluster.run(1500);
    expect(cluster.views().slice(1)).toEqual(['1/1', '1/1', '1/1', '1/1', '1/1']);
    expect(cluster.executed().slice(1)).toEqual([1, 1, 1, 1, 1]);
    const newView = cluster.node(1).votes.find((vote) => vote.kind === 'newView');
    const senders = newView?.kind === 'newView' ? newView.viewChanges.map(({ sender }) => sender) : [];
    expect(cluster.committee.weightOf(senders)).toBeGreaterThanOrEqual(6);
    expect(senders).toContain(1);
  });

  it('one member moves nobody to another view, however much it weighs; two that weigh little do', () => {
    const cluster = swarm();
    cluster.run(300);
    const asks = (sender: number): void => {
      const content = {
        kind: 'viewChange',
        view: 1 as View,
        sequence: 0 as Sequence,
        stable: undefined,
        prepared: [],
      } as const;
      const message = cluster.sealAs(sender, content);
      for (const { index } of cluster.nodes) if (index !== sender) cluster.inject(index, message);
    };
    asks(0);
    cluster.run(1000);
    expect(cluster.views()).toEqual(Array.from({ length: 6 }, () => '0/0'));
    cluster.crash(0);
    asks(5);
    cluster.run(1000);
    expect(cluster.views().slice(1, 5)).toEqual(['1/1', '1/1', '1/1', '1/1']);
  });

  it('no new view begins of VIEW-CHANGEs that weigh less than a quorum', () => {
    const cluster = swarm();
    cluster.run(300);
    // Members 1, 3, 4 and 5 weigh 5; what member 2 says of views does not arrive.
    cluster.filter = (from, _, { kind }) => from !== 2 || kind !== 'viewChange';
    crash(cluster, 0);
    cluster.submit(3, envelopeOf('alice'));
    cluster.run(3000);
    expect(
      cluster
        .views()
        .slice(1)
        .map((text) => text.split('/')[0]),
    ).toEqual(['0', '0', '0', '0', '0']);
    cluster.filter = () => true;
    cluster.run(6000);
    expect(cluster.executed().slice(1)).toEqual([1, 1, 1, 1, 1]);
    cluster.checkAgreement();
  });

  it('weights follow reputations from the next epoch on, and its first decision is made with them', () => {
    const cluster = swarm();
    cluster.run(50);
    cluster.submit(0, systemEnvelope({ kind: 'reputation', node_id: 'node-0', behavior_score: 0, reason: 'slow' }));
    cluster.run(1000);
    const expected = weightsByReputation([700_000, ...Array.from({ length: 5 }, () => 1_000_000)], 1);
    for (const { committee } of cluster.nodes) {
      expect(committee.epoch).toBe(1);
      expect(committee.table.members.map(({ weight }) => weight)).toEqual(expected);
    }
    const { committee } = cluster.node(1);
    // Who was light is not any more: three that were a quorum are none now.
    expect(committee.isQuorum(cluster.committee.indexesInOrder.slice(0, 3))).toBe(false);
    crash(cluster, 0);
    cluster.submit(3, envelopeOf('alice'));
    cluster.run(3000);
    const block = cluster.node(1).blocks.at(-1);
    expect(committee.isQuorum(block?.certificate.signatures.map(({ sender }) => sender) ?? [])).toBe(true);
    expect(new Set(cluster.executed().slice(1)).size).toBe(1);
    expect(cluster.node(1).replica.state().totalDecided).toBe(2);
    cluster.checkAgreement();
  });

  it('a member joins a weighted swarm, and a quorum holds under the new weights', () => {
    const cluster = swarm({ observers: 1 });
    cluster.run(50);
    cluster.submit(1, joinEnvelope(6));
    cluster.run(1000);
    const { committee } = cluster.node(6);
    expect([committee.epoch, committee.n, committee.f]).toEqual([1, 7, 2]);
    cluster.submit(6, envelopeOf('alice'));
    cluster.run(500);
    expect(new Set(cluster.executed()).size).toBe(1);
    cluster.checkAgreement();
  });

  it.each([
    [[3, 1, 1, 1, 1], 1],
    [[3, 3, 3, 1, 1, 1, 1], 2],
    [[4, 4, 4], 1],
  ])('no table has weights %j with f = %i: the liars could outweigh the rest', (weights, f) => {
    expect(() => weightedCommittee(weights, { f })).toThrow(EpochTableError);
  });
});
