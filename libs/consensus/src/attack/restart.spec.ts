import type { DurableRecord, Effect } from '../replica';
import { envelopeOf } from '../testing/driver';
import { Cluster } from './cluster';

const persists =
  (kind: DurableRecord['kind']) =>
  (effect: Effect): boolean =>
    effect.kind === 'persist' && effect.record.kind === kind;
const votes =
  (kind: string, sequence?: number) =>
  (effect: Effect): boolean =>
    effect.kind === 'vote' &&
    effect.draft.kind === kind &&
    (sequence === undefined || effect.draft.sequence === sequence);

describe('attack: restarts', () => {
  it('R1 SAFETY: NEW-VIEW durable, the checkpoint that it adopts is not: no second decision at a stable sequence', () => {
    const swarm = new Cluster(4);
    // Member 1 hears nothing; CHECKPOINTs reach member 0 only.
    swarm.filter = (from, to, message) => from !== 1 && to !== 1 && (message.kind !== 'checkpoint' || to === 0);
    swarm.run(50);
    for (const name of ['a', 'b', 'c', 'd']) {
      swarm.submit(0, envelopeOf(name, { expiresAt: 100_000 }));
      swarm.run(20);
    }
    swarm.run(300);
    expect(swarm.executed()).toEqual([4, 0, 4, 4]);
    expect(swarm.nodes.map((node) => node.replica.state().stable)).toEqual([4, 0, 0, 0]);
    // View change. Member 0 is slow but for its VIEW-CHANGE; that of member 3 does not reach member 1.
    swarm.filter = (from, to, message) =>
      message.kind !== 'checkpoint' &&
      message.kind !== 'decided' &&
      message.kind !== 'commit' &&
      (from !== 0 || message.kind === 'viewChange') &&
      !(to === 1 && message.kind === 'viewChange' && message.sender === 3);
    for (const index of [1, 2, 3]) swarm.node(index).crashBefore = persists('stable'); // the lights go out
    swarm.submit(2, envelopeOf('e', { expiresAt: 100_000 }));
    // The leaders of views 1 and 2 adopt the checkpoint before their NEW-VIEW, so they stop before they could bind anybody.
    for (let i = 0; i < 10_000 && [1, 2].some((index) => swarm.node(index).up); i++) swarm.run(1);
    expect(swarm.nodes.map((node) => node.up)).toEqual([true, false, false, true]);
    for (const index of [0, 3]) swarm.crash(index);
    for (const index of [1, 2, 3]) swarm.restart(index);
    swarm.filter = () => true;
    swarm.submit(1, envelopeOf('f', { expiresAt: 100_000 }));
    swarm.run(100);
    swarm.checkAgreement();
  });

  it('R2 power loss between state and CHECKPOINT, at two checkpoints: the swarm goes on', () => {
    const swarm = new Cluster(4);
    swarm.run(50);
    const order = (from: number, to: number): void => {
      for (let i = from; i <= to; i++) {
        swarm.submit(0, envelopeOf(`c${String(i)}`, { expiresAt: 100_000 }));
        swarm.run(20);
      }
    };
    for (const at of [4, 8]) {
      for (const node of swarm.nodes) node.crashBefore = votes('checkpoint', at);
      order(at - 3, at);
      swarm.run(20);
      expect(swarm.nodes.map((node) => node.up)).toEqual([false, false, false, false]);
      for (const node of swarm.nodes) swarm.restart(node.index);
      swarm.run(300);
      expect(swarm.executed()).toEqual([at, at, at, at]);
    }
    order(9, 9);
    swarm.run(30_000);
    expect(Math.max(...swarm.executed())).toBeGreaterThan(8);
  });

  it('R3 power loss between the prepared certificate and COMMIT: decided without leaving the view', () => {
    const swarm = new Cluster(4);
    swarm.run(50);
    for (const node of swarm.nodes) node.crashBefore = votes('commit');
    swarm.submit(0, envelopeOf('alice', { expiresAt: 100_000 }));
    swarm.run(20);
    expect(swarm.nodes.map((node) => node.up)).toEqual([false, false, false, false]);
    for (const node of swarm.nodes) swarm.restart(node.index);
    swarm.run(20_000);
    expect(swarm.executed()).toEqual([1, 1, 1, 1]);
    expect(swarm.views()).toEqual(['0/0', '0/0', '0/0', '0/0']);
  });

  it('R4 the base of a new log file holds the CHECKPOINT of the stable sequence, which lagging members ask for', () => {
    const swarm = new Cluster(4);
    swarm.run(50);
    for (let i = 1; i <= 4; i++) {
      swarm.submit(0, envelopeOf(`c${String(i)}`, { expiresAt: 100_000 }));
      swarm.run(20);
    }
    const { replica } = swarm.node(2);
    expect(replica.state().stable).toBe(4);
    expect(replica.base().votes.map((vote) => vote.kind)).toContain('checkpoint');
  });

  it('R5 a leader that restarts with only its NEW-VIEW durable proposes nothing at or below the checkpoint that it names', () => {
    const swarm = new Cluster(4);
    swarm.filter = (from, to, message) => from !== 1 && to !== 1 && (message.kind !== 'checkpoint' || to === 0);
    swarm.run(50);
    for (const name of ['a', 'b', 'c', 'd']) {
      swarm.submit(0, envelopeOf(name, { expiresAt: 100_000 }));
      swarm.run(20);
    }
    swarm.filter = (from, to, message) =>
      message.kind !== 'checkpoint' &&
      message.kind !== 'decided' &&
      message.kind !== 'commit' &&
      (from !== 0 || message.kind === 'viewChange') &&
      !(to === 1 && message.kind === 'viewChange' && message.sender === 3);
    swarm.node(1).crashBefore = persists('newView');
    swarm.submit(2, envelopeOf('e', { expiresAt: 100_000 }));
    for (let i = 0; i < 3000 && swarm.node(1).up; i++) swarm.run(1);
    expect(swarm.node(1).up).toBe(false);
    swarm.restart(1);
    swarm.submit(1, envelopeOf('f', { expiresAt: 100_000 }));
    swarm.run(5);
    const proposed = swarm
      .node(1)
      .votes.filter((vote) => vote.kind === 'prePrepare')
      .map((vote) => vote.sequence);
    expect(Math.min(...proposed, 99)).toBeGreaterThan(4);
  });
});
