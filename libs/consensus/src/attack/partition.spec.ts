import { envelopeOf } from '../testing/driver';
import { Cluster } from './cluster';

/** What each member says not to hear, as member `at` heard it last. */
const vectors = (cluster: Cluster, at: number): Readonly<Record<number, string>> =>
  Object.fromEntries(
    cluster
      .node(at)
      .replica.state()
      .peers.map(({ member, silent }) => [member, silent.join()]),
  );

describe('who hears whom, as heartbeats tell it', () => {
  it('nobody is said to be silent in a swarm that is well, nor right after a start', () => {
    const cluster = new Cluster(4);
    cluster.run(150);
    expect(vectors(cluster, 0)).toEqual({ 1: '', 2: '', 3: '' });
    cluster.run(3000);
    expect(vectors(cluster, 0)).toEqual({ 1: '', 2: '', 3: '' });
    cluster.crash(1);
    cluster.crash(2);
    cluster.run(2000);
    cluster.crash(3);
    cluster.restart(3);
    cluster.run(500);
    expect(vectors(cluster, 0)[3]).toBe('');
    cluster.run(1000);
    expect(vectors(cluster, 0)[3]).toBe('1,2');
  });

  it('a link that is down one way is told by who listens at its end, and is well again by itself', () => {
    const cluster = new Cluster(4);
    cluster.run(200);
    cluster.filter = (from, to) => !(from === 1 && to === 2);
    cluster.run(1000);
    expect(vectors(cluster, 0)).toEqual({ 1: '', 2: '', 3: '' });
    cluster.run(400);
    expect(vectors(cluster, 0)).toEqual({ 1: '', 2: '1', 3: '' });
    expect(vectors(cluster, 1)).toEqual({ 0: '', 2: '1', 3: '' });
    cluster.submit(1, envelopeOf('alice'));
    cluster.run(500);
    expect(cluster.executed()).toEqual([1, 1, 1, 1]);
    cluster.filter = () => true;
    cluster.run(250);
    expect(vectors(cluster, 0)).toEqual({ 1: '', 2: '', 3: '' });
  });

  it('two halves decide nothing and tell it; healed, they decide what waited, in the view that they were in', () => {
    const cluster = new Cluster(4);
    cluster.run(200);
    cluster.filter = (from, to) => from < 2 === to < 2;
    cluster.run(1500);
    cluster.submit(0, envelopeOf('left'));
    cluster.submit(3, envelopeOf('right'));
    cluster.run(3000);
    expect(cluster.executed()).toEqual([0, 0, 0, 0]);
    expect([vectors(cluster, 0)[1], vectors(cluster, 3)[2]]).toEqual(['2,3', '0,1']);
    cluster.filter = () => true;
    cluster.run(1500);
    expect(cluster.nodes.map((node) => node.replica.state().totalDecided)).toEqual([2, 2, 2, 2]);
    expect(cluster.views()).toEqual(['0/0', '0/0', '0/0', '0/0']);
    cluster.checkAgreement();
  });

  it('members that restart without a quorum wait for one where they are', () => {
    const cluster = new Cluster(4);
    cluster.run(300);
    for (const index of [0, 1, 2, 3]) cluster.crash(index);
    cluster.restart(2);
    cluster.restart(3);
    cluster.submit(3, envelopeOf('alice'));
    cluster.run(5000);
    expect(cluster.views().slice(2)).toEqual(['0/0', '0/0']);
    cluster.restart(0);
    cluster.run(1500);
    expect(cluster.executed().filter((_, index) => index !== 1)).toEqual([1, 1, 1]);
    expect(cluster.views().filter((_, index) => index !== 1)).toEqual(['0/0', '0/0', '0/0']);
  });
});

describe('what a member tells of what it waits for', () => {
  it('the timer of the oldest request, the votes that came, and who asks for another view', () => {
    const cluster = new Cluster(4);
    cluster.run(300);
    const state = () => cluster.node(2).replica.state();
    expect(state()).toMatchObject({ timer: undefined, asking: [] });
    // PREPAREs of members 1 and 3 are lost: two of four have accepted it.
    cluster.filter = (from, _, { kind }) => !(kind === 'prepare' && (from === 1 || from === 3)) && kind !== 'commit';
    const envelope = envelopeOf('alice');
    const submittedAt = cluster.now;
    cluster.submit(2, envelope);
    cluster.run(50);
    expect(state().timer).toEqual({ timer: 'progress', startedAt: submittedAt, lengthMs: 500, envelope: envelope.id });
    const progress = () => cluster.node(2).replica.progressOf(envelope.id);
    expect(progress()).toMatchObject({
      phase: 'prepare',
      sequence: 1,
      voters: [0, 2],
      behind: undefined,
      proposed: 1,
      windowTop: 8,
    });
    const second = envelopeOf('bob');
    cluster.submit(2, second);
    cluster.run(50);
    expect(cluster.node(2).replica.progressOf(second.id)?.behind).toEqual({
      sequence: 1,
      phase: 'prepare',
      voters: [0, 2],
    });
    // Nobody hears what the leader of view 1 says: a quorum asks, and waits for it.
    cluster.filter = (from, _, { kind }) => from !== 1 && kind !== 'commit' && kind !== 'prepare';
    cluster.run(500);
    expect(state()).toMatchObject({ promisedView: 1, asking: [0, 2, 3], timer: { timer: 'new-view', lengthMs: 1000 } });
    expect(progress()?.phase).toBe('prepare');
    cluster.filter = () => true;
    cluster.run(3000);
    expect(cluster.executed()).toEqual([2, 2, 2, 2]);
    expect(state()).toMatchObject({ timer: undefined, asking: [] });
    expect(progress()).toBeUndefined();
  });
});
