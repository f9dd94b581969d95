import { OBSERVER } from '@concordat/protocol';
import { CALM, type ScheduleOptions } from './index';
import { cutOff, lost, Scene } from './testing/scene';

const MEMBERSHIP = CALM.membership;
/** A checkpoint every two sequences, a window of four, and one node beyond the members. */
const CHANGING: Partial<ScheduleOptions> = {
  checkpointInterval: 2,
  windowSize: 4,
  membership: { ...MEMBERSHIP, observers: 1 },
};

describe('epoch schedules', () => {
  it('a node follows, joins and votes; another one leaves and follows', () => {
    const scene = new Scene(CHANGING);
    scene.run(50);
    expect(scene.hasVote(4)).toBe(false);
    scene.change({ kind: 'join', node: 4 });
    scene.untilEpoch(1, 0, 1, 2, 3, 4);
    expect(scene.hasVote(4)).toBe(true);
    scene.change({ kind: 'leave', node: 1 });
    scene.untilEpoch(2, 0, 1, 2, 3, 4);
    expect(scene.hasVote(1)).toBe(false);
    scene.decide(3, 2);
    scene.settle();
    expect(scene.executed(1)).toBe(scene.executed(2));
  });

  it.each(['leaves', 'crashes'] as const)(
    'a request that its member alone knew when it %s is owed no outcome there, and has one where it is handed in again',
    (end) => {
      const scene = new Scene(CHANGING);
      scene.change({ kind: 'join', node: 4 });
      scene.untilEpoch(1, 0, 1, 2, 3, 4);
      // Whatever member 3 tells of the request is lost.
      scene.impose(lost({ from: [3], kinds: ['requests', 'status', 'prePrepare'] }));
      const envelope = scene.submit(3);
      scene.until(() => scene.cluster.admissions.admittedCount > 0);
      if (end === 'crashes') scene.cluster.crash(3, 100);
      else {
        scene.change({ kind: 'leave', node: 3 });
        scene.untilEpoch(2, 0, 1, 2, 3, 4);
        expect(scene.cluster.member(3).tenure?.self).toBe(OBSERVER);
      }
      scene.run(1500);
      const { requests, admissions } = scene.cluster;
      expect(requests.hasOutcome(envelope)).toBe(false);
      expect(admissions.open(() => false).filter((owed) => owed.envelope.id === envelope.id)).toEqual([]);
      scene.cluster.submit(0, envelope);
      scene.until(() => requests.hasOutcome(envelope));
      expect(requests.hasOutcome(envelope)).toBe(true);
      scene.settle();
    },
  );

  it('a member that left comes back with a new key only', () => {
    const scene = new Scene(CHANGING);
    scene.change({ kind: 'join', node: 4 });
    scene.untilEpoch(1, 0, 1, 2, 3, 4);
    scene.change({ kind: 'leave', node: 1 });
    scene.untilEpoch(2, 0, 1, 2, 3, 4);
    scene.change({ kind: 'join', node: 1, oldKey: true });
    scene.run(500);
    expect(scene.cluster.history.epochs.newest.epoch).toBe(2);
    expect(scene.hasVote(1)).toBe(false);
    scene.change({ kind: 'join', node: 1 });
    scene.untilEpoch(3, 0, 1, 2, 3, 4);
    expect(scene.hasVote(1)).toBe(true);
    scene.decide(2, 0);
    scene.settle();
    expect(scene.sealedVotes.some(({ member, message }) => member === 1 && message.epoch === 3)).toBe(true);
  });

  it('the end of an epoch is pipelined through three views, and nobody goes beyond it', () => {
    const scene = new Scene({ ...CHANGING, replica: { ...CALM.replica, batchSize: 1, pipelineDepth: 8 } });
    scene.decide(1, 2);
    scene.change({ kind: 'reputation', node: 2, score: 0.5 });
    for (let count = 0; count < 12; count++) scene.submit(count % 4);
    const boundary = (): number => Math.max(...[0, 1, 2, 3].map((member) => scene.state(member)?.boundary ?? 0));
    scene.until(() => boundary() > 0);
    const end = boundary();
    // Two leaders in a row propose, and too few hear of it to decide.
    scene.impose(
      lost({ from: [0], to: [2, 3], kinds: ['prePrepare'] }),
      lost({ from: [1], to: [0, 3], kinds: ['prePrepare', 'newView'] }),
    );
    scene.untilEpoch(1, 0, 1, 2, 3);
    const last = scene.blocks(2).find(({ sequence }) => sequence === end);
    expect(last?.certificate.view).toBeGreaterThanOrEqual(2);
    expect(scene.sealedVotes.some(({ message }) => message.epoch === 0 && message.sequence > end)).toBe(false);
    scene.cluster.network.heal();
    scene.decide(1, 2);
    expect(scene.sealedVotes.some(({ message }) => message.epoch === 1 && message.kind === 'commit')).toBe(true);
    scene.settle();
  });

  it('two isolations in flight: both count from the next epoch on, and f is the most', () => {
    const scene = new Scene({
      ...CHANGING,
      members: 7,
      f: 2,
      liars: [
        { member: 2, strategy: 'double-voter' },
        { member: 5, strategy: 'double-voter' },
      ],
    });
    scene.decide(3, 0);
    scene.until(() => [2, 5].every((liar) => [...scene.cluster.conduct.accusedMembers].some((node) => node === liar)));
    scene.change({ kind: 'isolate', node: 2 });
    scene.change({ kind: 'isolate', node: 5 });
    scene.change({ kind: 'isolate', node: 0 });
    scene.untilEpoch(1, 0, 1, 3, 4, 6);
    const { newest } = scene.cluster.history.epochs;
    expect(newest.table.members.filter(({ isolated }) => isolated).map(({ nodeId }) => nodeId)).toEqual([
      'node-2',
      'node-5',
    ]);
    expect(newest.quorumWeight).toBe(5);
    // All five that are left must vote now.
    scene.decide(3, 1);
    scene.settle();
  });

  it('a member that was down through two epochs and many checkpoints takes over a state, and votes again (scenario 22)', () => {
    const scene = new Scene({
      ...CHANGING,
      membership: { ...MEMBERSHIP, observers: 1, retain: 2 },
      replica: { ...CALM.replica, snapshotGap: 6 },
    });
    scene.decide(2, 0);
    scene.cluster.crash(3, 'for-good');
    scene.change({ kind: 'join', node: 4 });
    scene.untilEpoch(1, 0, 1, 2, 4);
    scene.change({ kind: 'rotate', node: 1 });
    scene.untilEpoch(2, 0, 1, 2, 4);
    scene.decide(20, 0);
    const before = scene.cluster.epochs.takeovers;
    scene.settle();
    expect(scene.cluster.epochs.takeovers).toBeGreaterThan(before);
    expect(scene.hasVote(3)).toBe(true);
    const { epoch } = scene.cluster.history.epochs.newest;
    expect(scene.sealedVotes.some(({ member, message }) => member === 3 && message.epoch === epoch)).toBe(true);
  });

  it('in a table with weights who weighs a quorum decides, and as many who weigh less do not', () => {
    const scene = new Scene({ membership: { ...MEMBERSHIP, observers: 1, weights: [2, 2, 2, 1, 1] }, members: 5 });
    // W = 8, F = 2: a quorum weighs more than 5. Three heavy ones weigh 6; two light ones with a heavy one weigh 4.
    scene.impose(...cutOff(3), ...cutOff(4));
    scene.submit(0);
    scene.until(() => scene.executed(0) === 1);
    expect(scene.executed(0)).toBe(1);
    scene.cluster.network.heal();
    scene.until(() => scene.executed(4) === 1);
    scene.impose(...cutOff(1), ...cutOff(2));
    scene.submit(0);
    scene.run(1000);
    expect(scene.executed(0)).toBe(1);
    scene.settle();
  });
});
