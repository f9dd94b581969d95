import type { Millis } from '@concordat/protocol';
import { Driver, envelopeOf, testCommittee } from '../testing/driver';

interface Row {
  readonly name: string;
  readonly self?: number;
  readonly n?: number;
  readonly run: (member: Driver) => void;
  readonly effects: readonly string[];
}

const rows: Row[] = [
  {
    name: 'prepares an accepted proposal, its batch durable first',
    run: (m) => m.prePrepare('A'),
    effects: ['persist batch', 'prepare 0/1 A'],
  },
  {
    name: 'commits on the quorum-th vote, leader and itself included',
    run: (m) => m.prePrepare('A').prepare(2, 'A'),
    effects: ['persist batch', 'prepare 0/1 A', 'persist prepared', 'commit 0/1 A'],
  },
  {
    name: 'counts a repeated PREPARE once (n = 7, quorum 5)',
    n: 7,
    run: (m) => m.prePrepare('A').prepare(2, 'A').prepare(2, 'A').prepare(2, 'A'),
    effects: ['persist batch', 'prepare 0/1 A'],
  },
  {
    name: 'keeps PREPAREs that come before the proposal',
    run: (m) => m.prepare(2, 'A').prepare(3, 'A').prePrepare('A'),
    effects: ['persist batch', 'prepare 0/1 A', 'persist prepared', 'commit 0/1 A'],
  },
  {
    name: 'does not count PREPAREs for another digest',
    run: (m) => m.prePrepare('A').prepare(2, 'B').prepare(3, 'B'),
    effects: ['persist batch', 'prepare 0/1 A'],
  },
  {
    name: 'executes on a quorum of COMMITs',
    run: (m) => m.prePrepare('A').prepare(2, 'A').commit(2, 'A').commit(3, 'A'),
    effects: ['persist batch', 'prepare 0/1 A', 'persist prepared', 'commit 0/1 A', 'execute 1 A [0]'],
  },
  {
    name: 'counts a repeated COMMIT once',
    run: (m) => m.prePrepare('A').commit(2, 'A').commit(2, 'A').commit(2, 'A'),
    effects: ['persist batch', 'prepare 0/1 A'],
  },
  {
    name: 'is decided by a quorum of COMMITs whatever it accepted itself, and wants that batch',
    run: (m) => {
      m.prePrepare('A').commit(0, 'B').commit(2, 'B').commit(3, 'B');
      m.from(2, { kind: 'batch', view: 0 as never, sequence: 0 as never, batch: m.batch('B') });
    },
    effects: ['persist batch', 'prepare 0/1 A', 'execute 1 B [0]'],
  },
  {
    name: 'does not vote for a proposal that contradicts what was decided',
    run: (m) => m.commit(0, 'B').commit(2, 'B').commit(3, 'B').prePrepare('A'),
    effects: [],
  },
  {
    name: 'executes in sequence order',
    run: (m) => {
      for (const sender of [0, 2, 3]) m.commit(sender, 'B', { sequence: 2 });
      m.prePrepare('B', { sequence: 2 }).prePrepare('A');
      for (const sender of [0, 2, 3]) m.commit(sender, 'A');
    },
    effects: ['persist batch', 'prepare 0/2 B', 'persist batch', 'prepare 0/1 A', 'execute 1 A [0]', 'execute 2 B [0]'],
  },
  {
    name: 'accuses a leader of two proposals for one slot and keeps to the first',
    run: (m) => m.prePrepare('A').prePrepare('B'),
    effects: ['persist batch', 'prepare 0/1 A', 'persist evidence', 'accuse 0', 'reject conflicting_proposal'],
  },
  {
    name: 'accuses a member that prepares two digests, once',
    run: (m) => m.prepare(2, 'A').prepare(2, 'B').prepare(2, 'C'),
    effects: ['persist evidence', 'accuse 2'],
  },
  {
    name: 'accuses a member that commits two digests and lets neither weigh twice',
    run: (m) => m.prePrepare('A').commit(2, 'A').commit(2, 'B').commit(3, 'B').commit(0, 'B'),
    effects: ['persist batch', 'prepare 0/1 A', 'persist evidence', 'accuse 2'],
  },
  {
    name: 'refuses a fresh proposal without its batch',
    run: (m) =>
      m.from(0, {
        kind: 'prePrepare',
        view: 0 as never,
        sequence: 1 as never,
        digest: m.digest('A'),
        batch: undefined,
      }),
    effects: ['reject malformed'],
  },
  {
    name: 'prepares the null batch, which has no content to store',
    run: (m) => m.prePrepare('null'),
    effects: ['prepare 0/1 null'],
  },
  {
    name: 'refuses a proposal above its window',
    run: (m) => m.prePrepare('A', { sequence: 9 }),
    effects: ['reject outside_window'],
  },
  {
    name: 'takes the last sequence of the window',
    run: (m) => m.prePrepare('A', { sequence: 8 }),
    effects: ['persist batch', 'prepare 0/8 A'],
  },
  {
    name: 'refuses a proposal of a view that has not started here',
    run: (m) => m.prePrepare('A', { view: 4 }),
    effects: ['reject future_view'],
  },
  {
    name: 'refuses a fresh proposal whose time is too far from its clock',
    run: (m) => {
      m.now = 1000 + 10_001;
      m.prePrepare('A');
    },
    effects: ['reject time_out_of_bounds'],
  },
  {
    name: 'skips at execution a nonce that was executed before',
    run: (m) => {
      m.prePrepare('A').prePrepare('A', { sequence: 2 });
      for (const sequence of [1, 2]) for (const sender of [0, 2, 3]) m.commit(sender, 'A', { sequence });
    },
    effects: ['persist batch', 'prepare 0/1 A', 'persist batch', 'prepare 0/2 A', 'execute 1 A [0]', 'execute 2 A [1]'],
  },
  {
    name: 'proposes as leader when its queue is empty, batch durable first, and counts its proposal as its vote',
    self: 0,
    run: (m) => {
      const envelope = envelopeOf('A');
      m.submit(envelope);
      expect(m.told()).toEqual([]);
      m.call(m.batch('A').digest, 'A');
      m.drained().prepare(1, 'A').prepare(2, 'A');
    },
    effects: ['persist batch', 'prePrepare 0/1 A', 'persist prepared', 'commit 0/1 A'],
  },
  {
    name: 'relays as backup what its clients brought',
    run: (m) => m.submit(envelopeOf('A')).drained(),
    effects: ['broadcast requests'],
  },
];

describe('agreement in the normal case', () => {
  it.each(rows)('$name', ({ self = 1, n = 4, run, effects }) => {
    const member = new Driver(self, { committee: testCommittee(n) });
    run(member);
    expect(member.told()).toEqual(effects);
  });

  it('keeps at most the pipeline depth in flight, and proposes on as sequences are executed', () => {
    const leader = new Driver(0, { config: { pipelineDepth: 2, batchSize: 1 } });
    for (const name of ['A', 'B', 'C']) leader.submit(envelopeOf(name));
    for (const name of ['A', 'B', 'C']) leader.batch(name);
    leader.drained();
    expect(leader.told()).toEqual(['persist batch', 'prePrepare 0/1 A', 'persist batch', 'prePrepare 0/2 B']);
    // What did not fit is relayed a little later, unless it was proposed by then.
    expect(leader.timer('relay').told()).toEqual(['broadcast requests']);
    for (const sender of [1, 2, 3]) leader.commit(sender, 'A');
    leader.drained();
    expect(leader.told()).toEqual(['execute 1 A [0]', 'persist batch', 'prePrepare 0/3 C']);
  });

  it.each([
    { eagerDepth: 1, sizes: [1, 2, 2, 2] },
    { eagerDepth: 2, sizes: [1, 1, 2, 2] },
    { eagerDepth: 9, sizes: [1, 1, 1, 1] },
  ])('opens more than $eagerDepth sequences only for full batches', ({ eagerDepth, sizes }) => {
    const leader = new Driver(0, { config: { pipelineDepth: 4, batchSize: 2, eagerDepth } });
    for (const name of ['A', 'B', 'C', 'D', 'E', 'F', 'G']) leader.submit(envelopeOf(name)).drained();
    const proposals = leader.sealed.filter((message) => message.kind === 'prePrepare');
    expect(proposals.map((message) => message.batch?.envelopes.length)).toEqual(sizes);
  });

  it('relays the first of a burst at once, and the rest together', () => {
    const member = new Driver(1);
    member.submit(envelopeOf('A')).drained().submit(envelopeOf('B')).drained().submit(envelopeOf('C')).drained();
    expect(member.told()).toEqual(['broadcast requests']);
    expect(member.timer('relay').told()).toEqual(['broadcast requests']);
    expect(member.timer('relay').told()).toEqual([]);
    expect(member.submit(envelopeOf('D')).drained().told()).toEqual(['broadcast requests']);
  });

  it('says which phase an envelope is in, and who voted', () => {
    const member = new Driver(1);
    const envelope = envelopeOf('A');
    expect(member.replica.progressOf(envelope.id)).toBeUndefined();
    member.submit(envelope);
    expect(member.replica.progressOf(envelope.id)).toMatchObject({ phase: 'waiting' });
    member.prePrepare('A');
    expect(member.replica.progressOf(envelope.id)).toMatchObject({
      phase: 'prepare',
      sequence: 1,
      votes: { prePrepare: 1, prepare: 1, commit: 0 },
    });
    member.prepare(2, 'A');
    expect(member.replica.progressOf(envelope.id)).toMatchObject({
      phase: 'commit',
      votes: { prePrepare: 1, prepare: 2, commit: 1 },
    });
  });

  it('gives the same effects for the same events', () => {
    const run = (): unknown[] => {
      const member = new Driver(1);
      member.prePrepare('A').prepare(2, 'A').commit(2, 'A').commit(3, 'A').timer('status');
      return member.told(['start ', 'cancel ', 'broadcast status', 'admit']);
    };
    expect(run()).toEqual(run());
  });

  it('takes the time of a batch from the batch, never from its own clock', () => {
    const member = new Driver(1);
    member.now = 5000;
    member.prePrepare('A');
    for (const sender of [0, 2, 3]) member.commit(sender, 'A');
    expect(member.replica.state().logTime).toBe(1000 as Millis);
  });
});
