import { envelopeOf } from '../testing/driver';
import { Cluster } from './cluster';

/** A member that leaves a view alone votes no more until the others follow: it must not do so for its own fault. */
describe('a member that is out of touch', () => {
  it('does not leave the view while it hears no quorum, and votes again as soon as it does', () => {
    const cluster = new Cluster(4);
    cluster.run(300);
    cluster.filter = (from, to) => from !== 3 && to !== 3;
    cluster.submit(3, envelopeOf('cut off'));
    cluster.submit(0, envelopeOf('elsewhere'));
    cluster.run(5000);
    expect(cluster.views()).toEqual(['0/0', '0/0', '0/0', '0/0']);
    cluster.filter = () => true;
    cluster.run(600);
    cluster.submit(1, envelopeOf('after'));
    cluster.run(100);
    expect(cluster.views()).toEqual(['0/0', '0/0', '0/0', '0/0']);
    expect(new Set(cluster.executed())).toEqual(new Set([3]));
    expect(cluster.node(3).votes.some((vote) => vote.kind === 'commit' && vote.sequence === 3)).toBe(true);
  });

  it('does not leave the view while it catches up, however long that takes', () => {
    const cluster = new Cluster(4, { config: { phaseTimeoutMs: 100 } });
    cluster.run(300);
    cluster.crash(3);
    for (let i = 0; i < 60; i++) {
      cluster.submit(i % 3, envelopeOf(`client ${String(i)}`));
      cluster.run(20);
    }
    cluster.restart(3);
    // What it asks for comes slowly; what it hears of the present makes its timer run.
    let passed = 0;
    cluster.filter = (_, to, { kind }) => to !== 3 || kind !== 'decided' || passed++ % 12 === 0;
    cluster.run(300);
    for (let i = 0; i < 40; i++) {
      cluster.submit(i % 3, envelopeOf(`later ${String(i)}`));
      cluster.run(20);
    }
    cluster.filter = () => true;
    cluster.run(2000);
    expect(cluster.views()).toEqual(['0/0', '0/0', '0/0', '0/0']);
    expect(new Set(cluster.executed()).size).toBe(1);
  });

  it('leaves the view of a leader that is silent, for it hears a quorum without it', () => {
    const cluster = new Cluster(4);
    cluster.run(300);
    cluster.crash(0);
    cluster.submit(2, envelopeOf('alice'));
    cluster.run(1500);
    expect(cluster.views().slice(1)).toEqual(['1/1', '1/1', '1/1']);
    expect(cluster.executed().slice(1)).toEqual([1, 1, 1]);
  });

  it('leaves the view when two of four are gone and come back, though it waited meanwhile', () => {
    const cluster = new Cluster(4);
    cluster.run(300);
    cluster.crash(0);
    cluster.crash(1);
    cluster.submit(2, envelopeOf('alice'));
    cluster.run(3000);
    expect(cluster.views().slice(2)).toEqual(['0/0', '0/0']);
    cluster.restart(1);
    cluster.run(2500);
    expect(cluster.executed().slice(1)).toEqual([1, 1, 1]);
  });
});
