import type { Digest, EpochTable, Sequence, Signed, View } from '@concordat/protocol';
import { envelopeOf, testCommittee } from '../testing/driver';
import { joinEnvelope, OPERATOR, systemEnvelope } from '../testing/system';
import { Cluster } from './cluster';

const swarm = (n: number, options: ConstructorParameters<typeof Cluster>[1] = {}, table: Partial<EpochTable> = {}) =>
  new Cluster(n, { committee: testCommittee(n, { operators: [OPERATOR], ...table }), ...options });

const someDigest = (letter: string): Digest => letter.repeat(64) as Digest;
const epochsOf = (cluster: Cluster): number[] => cluster.nodes.map((node) => node.replica.state().epoch);
const isVote = (message: Signed): boolean => ['prePrepare', 'prepare', 'commit'].includes(message.kind);

describe('membership by decision', () => {
  it('a node joins an idle swarm, follows first, and votes from the next epoch on', () => {
    const cluster = swarm(4, { observers: 1 });
    cluster.run(50);
    cluster.submit(1, joinEnvelope(4));
    cluster.run(1000);
    expect(epochsOf(cluster)).toEqual([1, 1, 1, 1, 1]);
    expect(cluster.nodes.map((node) => node.replica.state().votes)).toEqual([true, true, true, true, true]);
    cluster.submit(4, envelopeOf('alice'));
    cluster.run(200);
    expect(new Set(cluster.executed())).toEqual(new Set([13]));
    expect(cluster.node(4).votes.some((vote) => vote.kind === 'commit' && vote.epoch === 1)).toBe(true);
    expect(cluster.node(4).votes.every((vote) => vote.epoch === 1)).toBe(true);
    cluster.checkAgreement();
  });

  it('grows 4 to 7 and shrinks back under load, with f and Q right in every epoch', () => {
    const cluster = swarm(4, { observers: 3 });
    const sizes: number[][] = [];
    let client = 0;
    const load = (ms: number): void => {
      for (let i = 0; i < ms / 10; i++) {
        cluster.submit(client % 4, envelopeOf(`client ${String(client++)}`, { expiresAt: cluster.now + 60_000 }));
        cluster.run(10);
      }
    };
    const note = (): void => {
      const { n, f, quorumWeight } = cluster.node(0).committee;
      sizes.push([n, f, quorumWeight]);
      expect(new Set(epochsOf(cluster).slice(0, 4))).toEqual(new Set([sizes.length]));
    };
    for (const index of [4, 5, 6]) {
      cluster.submit(0, joinEnvelope(index, sizes.length));
      load(500);
      note();
    }
    for (const [index, f] of [
      [6, 1],
      [5, undefined],
      [4, undefined],
    ] as const) {
      cluster.submit(
        0,
        systemEnvelope({ kind: 'leave', node_id: `node-${String(index)}`, ...(f === undefined ? {} : { f }) }),
      );
      load(500);
      note();
    }
    expect(sizes).toEqual([
      [5, 1, 4],
      [6, 1, 4],
      [7, 2, 5],
      [6, 1, 4],
      [5, 1, 4],
      [4, 1, 3],
    ]);
    cluster.run(500);
    cluster.checkAgreement();
    const decided = cluster.node(0).replica.state().totalDecided;
    expect(decided).toBe(client + 6);
    expect(cluster.nodes.slice(0, 4).map((node) => node.replica.state().totalDecided)).toEqual([
      decided,
      decided,
      decided,
      decided,
    ]);
  });

  it('a member that was away through two epochs is told by proof, catches up, and votes again', () => {
    const cluster = swarm(4, { observers: 2 });
    cluster.run(20);
    cluster.crash(3);
    cluster.submit(0, joinEnvelope(4, 0));
    cluster.run(1000);
    cluster.submit(0, joinEnvelope(5, 1));
    cluster.run(1000);
    expect(cluster.node(0).replica.state().epoch).toBe(2);
    cluster.restart(3);
    cluster.run(1500);
    expect(epochsOf(cluster)).toEqual([2, 2, 2, 2, 2, 2]);
    cluster.submit(3, envelopeOf('bob'));
    cluster.run(300);
    expect(new Set(cluster.executed()).size).toBe(1);
    expect(cluster.node(3).votes.some((vote) => vote.epoch === 2 && isVote(vote))).toBe(true);
    cluster.checkAgreement();
  });

  it('an observer that a liar once told of great heights asks the others too', () => {
    const cluster = swarm(4, { observers: 1 });
    cluster.rewrite = (from, to, message) =>
      from === 3 && to === 4 && message.kind === 'status'
        ? { ...message, sequence: (message.sequence + 100) as Sequence }
        : message;
    cluster.run(150);
    expect(cluster.node(4).replica.state().peers).toContainEqual(
      expect.objectContaining({ member: 3, executed: 100 }) as object,
    );
    // It hears of nothing while two epochs end, and from the liar never again.
    cluster.filter = (_from, to) => to !== 4;
    for (const node_id of ['node-0', 'node-1']) {
      cluster.submit(0, systemEnvelope({ kind: 'reputation', node_id, behavior_score: 0.5, reason: 'late' }));
      cluster.run(300);
    }
    expect(epochsOf(cluster)).toEqual([2, 2, 2, 2, 0]);
    cluster.filter = (from, to) => from !== 3 || to !== 4;
    cluster.run(3000);
    expect(epochsOf(cluster)).toEqual([2, 2, 2, 2, 2]);
    cluster.checkAgreement();
  });

  it('nothing beyond the boundary is voted in the epoch that ends, in whatever view', () => {
    const cluster = swarm(4, { config: { pipelineDepth: 8 } });
    cluster.run(20);
    cluster.submit(0, systemEnvelope({ kind: 'reputation', node_id: 'node-3', behavior_score: 0.5, reason: 'late' }));
    for (let i = 0; i < 20; i++) cluster.submit(i % 4, envelopeOf(`c${String(i)}`));
    // The leader goes as soon as the change is decided: the next one ends the epoch.
    cluster.run(6);
    cluster.crash(0);
    cluster.run(3000);
    const boundary = cluster.node(1).committee.table.baseSequence;
    expect(cluster.node(1).replica.state().epoch).toBe(1);
    for (const node of cluster.nodes)
      for (const vote of node.votes.filter(isVote))
        expect([vote.epoch, vote.sequence > boundary]).toEqual([vote.epoch, vote.epoch === 1]);
    expect(new Set(cluster.executed().slice(1)).size).toBe(1);
    expect(cluster.node(1).replica.state().totalDecided).toBe(21);
    cluster.checkAgreement();
  });

  it('a restart at any point of the change ends in the same epoch', () => {
    for (let at = 0; at < 120; at += 4) {
      const cluster = swarm(4);
      cluster.submit(0, systemEnvelope({ kind: 'reputation', node_id: 'node-1', behavior_score: 0, reason: 'test' }));
      let steps = 0;
      cluster.node(2).crashBefore = () => ++steps > at;
      cluster.run(300);
      cluster.node(2).crashBefore = undefined;
      if (!cluster.node(2).up) cluster.restart(2);
      cluster.run(1500);
      expect([at, epochsOf(cluster)]).toEqual([at, [1, 1, 1, 1]]);
      cluster.submit(2, envelopeOf('alice'));
      cluster.run(500);
      expect([at, new Set(cluster.executed()).size]).toEqual([at, 1]);
      cluster.checkAgreement();
    }
  });

  it('a restart in the next epoch, after the log began anew between the last checkpoint and the end', () => {
    const cluster = swarm(4, {}, { checkpointInterval: 2, windowSize: 4 });
    cluster.run(20);
    // The last sequence is executed before the checkpoints above the first are stable at member 3.
    cluster.filter = (_from, to, message) => to !== 3 || message.kind !== 'checkpoint' || message.sequence <= 2;
    cluster.submit(0, systemEnvelope({ kind: 'reputation', node_id: 'node-1', behavior_score: 0, reason: 'test' }));
    const node = cluster.node(3);
    const states = (): number[] =>
      node.records.filter((record) => record.kind === 'state').map(({ sequence }) => sequence);
    for (let ms = 0; ms < 300 && !states().includes(6); ms++) cluster.run(1);
    expect(node.replica.state()).toMatchObject({ epoch: 0, stable: 2, boundary: 6, executed: 6 });
    // A new file begins with the stable state, and makes the old one needless.
    cluster.rotate(3);
    expect(states()).toEqual([2]);
    cluster.filter = () => true;
    cluster.run(500);
    expect(epochsOf(cluster)).toEqual([1, 1, 1, 1]);
    cluster.submit(2, envelopeOf('alice'));
    cluster.run(100);
    expect(node.votes.some(({ epoch }) => epoch === 1)).toBe(true);
    cluster.crash(3);
    cluster.restart(3);
    // Its votes in epoch 1 bind it: it may not begin before them.
    expect(node.committee.epoch).toBe(1);
    cluster.run(300);
    cluster.checkAgreement();
  });

  it('all members restart with the epoch ended, and with it not yet ended', () => {
    for (const ms of [5, 10, 20, 40, 80]) {
      const cluster = swarm(4);
      cluster.submit(0, systemEnvelope({ kind: 'reputation', node_id: 'node-1', behavior_score: 0, reason: 'test' }));
      cluster.run(ms);
      for (const index of [0, 1, 2, 3]) cluster.crash(index);
      for (const index of [0, 1, 2, 3]) cluster.restart(index);
      cluster.run(1500);
      cluster.submit(2, envelopeOf('alice'));
      cluster.run(500);
      expect([ms, new Set(cluster.executed()).size]).toEqual([ms, 1]);
      expect(cluster.node(0).replica.state().totalDecided).toBeGreaterThanOrEqual(1);
      cluster.checkAgreement();
    }
  });

  it('who is isolated counts for nothing from the next epoch on, and can be released', () => {
    const cluster = swarm(4);
    const proof = Buffer.from('node-3').toString('base64url');
    cluster.submit(0, systemEnvelope({ kind: 'isolate', node_id: 'node-3', proof }));
    cluster.run(1000);
    expect(epochsOf(cluster)).toEqual([1, 1, 1, 1]);
    expect(cluster.node(3).replica.state().votes).toBe(false);
    cluster.crash(2);
    cluster.submit(1, envelopeOf('alice'));
    cluster.run(1500);
    // Two votes of four: isolated signers count for nothing, and what a quorum weighs stays.
    expect(cluster.node(0).replica.state().totalDecided).toBe(1);
    cluster.restart(2);
    cluster.run(3000);
    expect(cluster.node(3).replica.state().totalDecided).toBe(2);
    cluster.submit(1, systemEnvelope({ kind: 'release', node_id: 'node-3' }));
    cluster.run(2000);
    expect(cluster.nodes.map((node) => node.replica.state().votes)).toEqual([true, true, true, true]);
  });

  it('a proof against a member outlives the epoch in which it was found', () => {
    const cluster = swarm(4);
    cluster.run(20);
    const slot = { kind: 'commit', view: 0 as View, sequence: 1 as Sequence } as const;
    cluster.inject(1, cluster.sealAs(3, { ...slot, digest: someDigest('a') }));
    cluster.inject(1, cluster.sealAs(3, { ...slot, digest: someDigest('b') }));
    expect(cluster.node(1).replica.state().proven).toEqual([3]);
    cluster.submit(0, systemEnvelope({ kind: 'reputation', node_id: 'node-2', behavior_score: 0.5, reason: 'late' }));
    cluster.run(1000);
    expect(cluster.node(1).replica.state()).toMatchObject({ epoch: 1, proven: [3] });
    expect(cluster.node(2).replica.state()).toMatchObject({ epoch: 1, proven: [] });
  });

  it('who leaves follows on without a vote, and refuses what is handed in', () => {
    const cluster = swarm(4, { observers: 1 });
    cluster.submit(1, systemEnvelope({ kind: 'leave', node_id: 'node-3', f: 0 }));
    cluster.run(1000);
    expect(epochsOf(cluster).slice(0, 3)).toEqual([1, 1, 1]);
    expect(cluster.node(0).committee).toMatchObject({ n: 3, f: 0, quorumWeight: 2 });
    expect(cluster.node(3).replica.state()).toMatchObject({ epoch: 1, votes: false });
    cluster.submit(3, envelopeOf('late'));
    expect(cluster.node(3).effects.at(-1)).toMatchObject({ kind: 'refused', rejection: { code: 'not_a_member' } });
  });
});
