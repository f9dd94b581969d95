import type { ContentOf, MessageKind, Sequence, Signed } from '@concordat/protocol';
import type { ReplicaConfig } from '../replica-config';
import { envelopeOf, testCommittee } from '../testing/driver';
import { joinEnvelope, OPERATOR } from '../testing/system';
import { Cluster, type Node } from './cluster';

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
const rejections = (node: Node): string[] =>
  node.effects.flatMap((effect) =>
    effect.kind === 'rejected' ? [`${String(effect.sender)} ${effect.rejection.code}`] : [],
  );
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

/** Member 3 was away while the others went on, and dropped what it missed. */
function behind(config: Partial<ReplicaConfig> = {}, large = true): Cluster {
  const cluster = swarm(4, config);
  cluster.run(20);
  cluster.crash(3);
  if (large) manyClients(cluster);
  sequences(cluster, 5);
  prune(cluster, 0, 1, 2);
  return cluster;
}

const is = <K extends MessageKind>(kind: K, message: Signed): message is Signed<ContentOf<K>> => message.kind === kind;

describe('lying and failing sources', () => {
  it('a chunk that is not of the certified state is dropped, and its sender reported and not asked again', () => {
    const cluster = behind();
    let lies = 0;
    cluster.rewrite = (from, _to, message) => {
      if (from !== 1 || !is('chunk', message)) return message;
      lies++;
      return { ...message, bytes: message.bytes.map((byte) => byte ^ 1) };
    };
    cluster.restart(3);
    cluster.run(1500);
    // Of the request that was under way only the first lie is looked at.
    expect(rejections(cluster.node(3)).filter((text) => text.startsWith('1 '))).toContain('1 bad_chunk');
    expect(rejections(cluster.node(3)).filter((text) => text === '1 bad_chunk')).toHaveLength(1);
    expect(lies).toBeLessThanOrEqual(8);
    expect(cluster.node(3).installs).toHaveLength(1);
    expectCaughtUp(cluster, 3);
  });

  it('an offer that no quorum signed, or of another state than was signed, counts for nothing', () => {
    for (const lie of ['light', 'longer'] as const) {
      const cluster = behind({}, false);
      cluster.rewrite = (from, _to, message) => {
        if (from !== 1 || !is('snapshot', message)) return message;
        const { certificate, shape } = message;
        return lie === 'light'
          ? { ...message, certificate: { ...certificate, signatures: certificate.signatures.slice(1) } }
          : { ...message, shape: { ...shape, bytes: shape.bytes + 1 } };
      };
      cluster.filter = (from, _to, message) => from === 1 || message.kind !== 'snapshot';
      cluster.restart(3);
      cluster.run(1500);
      expect(cluster.node(3).installs).toEqual([]);
      cluster.filter = () => true;
      cluster.run(1500);
      expect(cluster.node(3).installs).toHaveLength(1);
      expectCaughtUp(cluster, 3);
    }
  });

  it('whoever claims a height that it has not, or one height and then a lower one, keeps nobody from catching up', () => {
    const cluster = behind();
    let claims = 0;
    cluster.rewrite = (from, _to, message) => {
      if (from !== 2 || !is('status', message)) return message;
      const sequence = (claims++ % 2 === 0 ? 1_000_000 : 1) as Sequence;
      return { ...message, sequence, stableSequence: sequence, oldestSequence: 1 as Sequence };
    };
    // It has nothing to show for it.
    cluster.filter = (from, _to, message) => from !== 2 || !['decided', 'snapshot', 'chunk'].includes(message.kind);
    cluster.restart(3);
    cluster.run(3000);
    expect(cluster.node(3).installs).toHaveLength(1);
    expectCaughtUp(cluster, 3);
  });

  it('a claimed height alone leads to no state: what is near comes as decisions', () => {
    const cluster = swarm();
    cluster.run(20);
    cluster.crash(3);
    sequences(cluster, 10);
    cluster.rewrite = (from, _to, message) =>
      from === 2 && is('status', message) ? { ...message, sequence: 1_000_000 as Sequence } : message;
    cluster.restart(3);
    cluster.run(1500);
    expect(cluster.node(3).installs).toEqual([]);
    expectCaughtUp(cluster, 3);
  });

  it('a source that stops in the middle is replaced, and what it sent is kept', () => {
    const cluster = behind();
    const sent = new Map<number, number>();
    const indexes: number[] = [];
    cluster.filter = (from, _to, message) => {
      if (!is('chunk', message)) return true;
      const count = (sent.get(from) ?? 0) + 1;
      sent.set(from, count);
      // The first two stop after two chunks each; only the third goes on.
      if (from !== 2 && count > 2) return false;
      indexes.push(message.index);
      return true;
    };
    cluster.restart(3);
    cluster.run(3000);
    expect(cluster.node(3).installs).toHaveLength(1);
    expect(new Set(indexes).size).toBe(indexes.length);
    expectCaughtUp(cluster, 3);
  });

  it('nothing that was not asked for is looked at', () => {
    const cluster = behind();
    const caught: Signed[] = [];
    cluster.filter = (_from, _to, message) => {
      if (is('chunk', message) || is('snapshot', message)) caught.push(message);
      return true;
    };
    cluster.restart(3);
    cluster.run(1500);
    expect(caught.length).toBeGreaterThan(3);
    const before = cluster.node(3).effects.length;
    cluster.useAdmit = false;
    for (const message of caught) cluster.inject(3, message);
    const after = cluster.node(3).effects.slice(before);
    expect(after.every((effect) => effect.kind === 'rejected' && effect.rejection.code === 'unsolicited')).toBe(true);
    expect(after).toHaveLength(caught.length);
  });
});

describe('a swarm that moves on', () => {
  it('does not take away the progress of who is fetching: the state that it fetches stays', () => {
    const cluster = behind();
    let chunks = 0;
    let target: number | undefined;
    // A slow line: every other chunk is lost.
    cluster.filter = (_from, _to, message) => message.kind !== 'chunk' || chunks++ % 2 === 0;
    cluster.restart(3);
    for (let i = 0; i < 500 && target === undefined; i++)
      target = cluster.run(1).node(3).replica.state().snapshot?.sequence;
    expect(target).toBeGreaterThan(0);
    for (let i = 0; i < 30 && cluster.node(3).installs.length === 0; i++) sequences(cluster, 5);
    expect(cluster.node(3).installs[0]?.sequence).toBe(target);
    expect(cluster.node(0).replica.state().stable).toBeGreaterThan(target!);
    cluster.filter = () => true;
    cluster.run(1500);
    expectCaughtUp(cluster, 3);
  });

  it('a state that nobody serves any more is given up for a newer one', () => {
    const cluster = behind();
    let first: number | undefined;
    cluster.filter = (_from, _to, message) => {
      if (is('snapshot', message)) first ??= message.sequence;
      return message.kind !== 'chunk' || message.sequence !== first;
    };
    cluster.restart(3);
    for (let i = 0; i < 10; i++) {
      sequences(cluster, 3);
      cluster.run(400);
      prune(cluster, 0, 1, 2);
    }
    expect(cluster.node(3).installs.length).toBeGreaterThan(0);
    expect(cluster.node(3).installs[0]!.sequence).toBeGreaterThan(first!);
    expectCaughtUp(cluster, 3);
  });
});

describe('taking over a state', () => {
  it('executes nothing twice, whatever decisions come at the same time', () => {
    const cluster = swarm();
    cluster.run(20);
    cluster.crash(3);
    manyClients(cluster);
    sequences(cluster, 50);
    const decided: Signed[] = [];
    cluster.filter = (_from, to, message) => {
      if (to === 3 && is('decided', message)) decided.push(message);
      return true;
    };
    cluster.restart(3);
    for (let i = 0; i < 60; i++) {
      cluster.run(10);
      for (const message of decided.splice(0)) cluster.inject(3, message);
      cluster.submit(i % 3, envelopeOf(`more ${String(i)}`, { expiresAt: cluster.now + 60_000 }));
    }
    cluster.run(1000);
    const executed = cluster.node(3).blocks.map((block) => block.sequence);
    expect(executed).toEqual([...new Set(executed)].sort((a, b) => a - b));
    for (const { from, sequence } of cluster.node(3).installs)
      expect(executed.filter((at) => at >= from && at <= sequence)).toEqual([]);
    expectCaughtUp(cluster, 3);
  });

  it('leaves views and votes alone: what was promised before is not voted against after', () => {
    for (let at = 0; at < 60; at += 3) {
      const cluster = behind({}, false);
      cluster.restart(3);
      // The leader goes while member 3 catches up, at a different moment each time.
      cluster.run(90 + at);
      cluster.submit(1, envelopeOf('waits', { expiresAt: cluster.now + 60_000 }));
      cluster.crash(0);
      cluster.run(4000);
      const { promisedView, view } = cluster.node(3).replica.state();
      expect([at, promisedView >= 1, view]).toEqual([at, true, cluster.node(1).replica.state().view]);
      const views = cluster
        .node(3)
        .votes.filter(isVote)
        .map((vote) => vote.view);
      expect([at, views]).toEqual([at, [...views].sort((a, b) => a - b)]);
      expect([at, cluster.node(3).installs.length]).toEqual([at, 1]);
      expect([at, cluster.node(3).replica.state().totalDecided]).toEqual([
        at,
        cluster.node(1).replica.state().totalDecided,
      ]);
      cluster.restart(0);
      cluster.run(1500);
      expectCaughtUp(cluster, 3);
    }
  });

  it('ends the wait of what was executed in the gap, and proposes the rest anew', () => {
    const cluster = behind({}, false);
    const known = cluster.node(0).blocks[2]!.batch!.envelopes[0]!;
    cluster.filter = (from, to) => from !== 3 && to !== 3;
    cluster.restart(3);
    cluster.submit(3, known as never);
    cluster.submit(3, envelopeOf('fresh', { expiresAt: cluster.now + 60_000 }));
    cluster.run(50);
    cluster.filter = () => true;
    cluster.run(2500);
    expect(cluster.node(3).installs.flatMap(({ envelopes }) => envelopes.map(({ id }) => id))).toEqual([known.id]);
    expect(cluster.node(3).replica.state().poolEnvelopes).toBe(0);
    expectCaughtUp(cluster, 3);
  });

  it('a restart at any point of it ends where all are', () => {
    for (let at = 0; at < 40; at++) {
      const cluster = behind({}, false);
      cluster.restart(3);
      let steps = 0;
      let begun = false;
      cluster.node(3).crashBefore = (effect) => {
        begun ||= effect.kind === 'installed';
        return begun && steps++ === at;
      };
      cluster.run(1200);
      cluster.node(3).crashBefore = undefined;
      if (!cluster.node(3).up) cluster.restart(3);
      cluster.run(1500);
      expect([at, states(cluster).size]).toEqual([at, 1]);
      expectCaughtUp(cluster, 3);
    }
  });

  it('a restart in the middle of a transfer begins it again', () => {
    const cluster = behind();
    cluster.filter = (_from, _to, message) => !is('chunk', message) || message.index < 2;
    cluster.restart(3);
    cluster.run(1000);
    expect(cluster.node(3).replica.state().snapshot).toMatchObject({ chunks: 2 });
    cluster.crash(3);
    cluster.filter = () => true;
    cluster.restart(3);
    cluster.run(1500);
    expect(cluster.node(3).installs).toHaveLength(1);
    expectCaughtUp(cluster, 3);
  });

  it('is possible from members that were all restarted on new log files, idle ever since', () => {
    const cluster = behind();
    for (const index of [0, 1, 2]) {
      cluster.run(100);
      cluster.rotate(index);
      cluster.crash(index);
    }
    for (const index of [0, 1, 2, 3]) cluster.restart(index);
    cluster.run(2000);
    expect(cluster.node(3).installs).toHaveLength(1);
    expectCaughtUp(cluster, 3);
  });

  it('a member that took over a state serves it to the next one', () => {
    const cluster = behind();
    cluster.restart(3);
    cluster.run(1500);
    expect(cluster.node(3).replica.state().oldest).toBe(cluster.node(3).installs[0]!.sequence + 1);
    cluster.crash(2);
    sequences(cluster, 1);
    cluster.node(2).records.length = 0;
    cluster.node(2).votes.length = 0;
    cluster.node(2).blocks.length = 0;
    cluster.filter = (from, _to, message) => from === 3 || !['snapshot', 'chunk'].includes(message.kind);
    cluster.restart(2);
    cluster.run(2500);
    expect(cluster.node(2).installs).toHaveLength(1);
    expectCaughtUp(cluster, 2);
  });
});

describe('across epochs', () => {
  /** Member 3 missed two epochs; node 4 and 5 joined meanwhile. */
  function twoEpochsBehind(after = 20): Cluster {
    const cluster = swarm(4, {}, 2);
    cluster.run(20);
    cluster.crash(3);
    for (const [index, epoch] of [
      [4, 0],
      [5, 1],
    ] as const) {
      cluster.submit(0, joinEnvelope(index, epoch));
      cluster.run(1000);
      sequences(cluster, 6);
    }
    sequences(cluster, after);
    cluster.run(300);
    expect(cluster.node(0).replica.state().epoch).toBe(2);
    return cluster;
  }

  it('a member that missed two epochs whose decisions all are gone takes over a state of the newest, and votes there', () => {
    const cluster = twoEpochsBehind();
    prune(cluster, 0, 1, 2, 4, 5);
    cluster.restart(3);
    cluster.run(3000);
    expect(cluster.node(3).replica.state()).toMatchObject({ epoch: 2, votes: true });
    expect(cluster.node(3).installs).toHaveLength(1);
    expect(cluster.node(3).records.filter((record) => record.kind === 'epoch')).toHaveLength(2);
    expectCaughtUp(cluster, 3);
    cluster.crash(3);
    cluster.restart(3);
    cluster.run(500);
    expect(cluster.node(3).replica.state().epoch).toBe(2);
    expectCaughtUp(cluster, 3);
  });

  it('a member that missed 50,000 decisions and two epochs is back soon, and holds no more than any', () => {
    const cluster = swarm(4, { pipelineDepth: 4 }, 2);
    cluster.run(20);
    cluster.crash(3);
    const many = (envelopes: number): void => {
      for (let i = 0; i < envelopes; i++)
        cluster.submit(i % 3, envelopeOf(`many ${String(client++)}`, { count: 100, expiresAt: cluster.now + 100_000 }));
      cluster.run(100);
    };
    for (let i = 0; i < 13; i++) many(20);
    cluster.submit(0, joinEnvelope(4, 0));
    cluster.run(500);
    for (let i = 0; i < 13; i++) many(20);
    cluster.submit(0, joinEnvelope(5, 1));
    cluster.run(500);
    prune(cluster, 0, 1, 2, 4, 5);
    expect(cluster.node(0).replica.state()).toMatchObject({ epoch: 2, totalDecided: 52_002 });
    cluster.restart(3);
    cluster.run(2000);
    expect(cluster.node(3).installs).toHaveLength(1);
    expectCaughtUp(cluster, 3);
    const sizes = cluster.nodes.map((node) => node.replica.state().slots);
    expect(Math.max(...sizes)).toBeLessThanOrEqual(2 * cluster.committee.table.windowSize);
  });

  it('takes over the state with which the newest epoch began, when that is the newest stable one', () => {
    const cluster = swarm(4, {}, 1);
    cluster.run(20);
    cluster.crash(3);
    cluster.submit(0, joinEnvelope(4, 0));
    cluster.run(1000);
    prune(cluster, 0, 1, 2, 4);
    const base = cluster.node(0).committee.table.baseSequence;
    expect(cluster.node(0).replica.state()).toMatchObject({ epoch: 1, stable: base });
    cluster.restart(3);
    cluster.run(3000);
    expect(cluster.node(3).installs).toMatchObject([{ from: 1, sequence: base }]);
    expectCaughtUp(cluster, 3);
  });

  it('an observer that never was a member comes in by a state too, and may join', () => {
    const cluster = swarm(4, {}, 1);
    cluster.run(20);
    cluster.crash(4);
    sequences(cluster, 30);
    prune(cluster, 0, 1, 2, 3);
    cluster.restart(4);
    cluster.run(3000);
    expect(cluster.node(4).installs).toHaveLength(1);
    cluster.submit(0, joinEnvelope(4, 0));
    cluster.run(1500);
    expect(cluster.node(4).replica.state()).toMatchObject({ epoch: 1, votes: true });
    expectCaughtUp(cluster, 4);
  });

  it('a restart at any point of the way ends in the newest epoch', () => {
    for (let at = 0; at < 24; at++) {
      const cluster = twoEpochsBehind(6);
      prune(cluster, 0, 1, 2, 4, 5);
      cluster.restart(3);
      let steps = 0;
      let begun = false;
      cluster.node(3).crashBefore = (effect) => {
        begun ||= effect.kind === 'installed';
        return begun && steps++ === at;
      };
      cluster.run(2500);
      cluster.node(3).crashBefore = undefined;
      if (!cluster.node(3).up) cluster.restart(3);
      cluster.run(2500);
      expect([at, cluster.node(3).replica.state().epoch]).toEqual([at, 2]);
      expectCaughtUp(cluster, 3);
    }
  });
});
