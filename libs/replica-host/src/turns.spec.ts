import type { Effect } from '@concordat/consensus';
import {
  Committee,
  concatBytes,
  encodeMessage,
  Epochs,
  memberIndex,
  NULL_DIGEST,
  OBSERVER,
  portableHash,
  reject,
  sequence,
  view,
} from '@concordat/protocol';
import { DURATION_UNKNOWN } from '@concordat/records';
import { Bench } from './testing/bench';
import {
  batchOf,
  COMMITTEE,
  decide,
  digestOf,
  draftOf,
  envelopeOf,
  prepareFrom,
  propose,
  proposeBlock,
  relayFrom,
  sealAs,
  statusOf,
  voteFor,
  voteForBlock,
} from './testing/messages';

const steps = (bench: Bench): string[] =>
  bench
    .take()
    .filter((line) => line.startsWith('step '))
    .map((line) => line.slice(5));

describe('a turn', () => {
  it('takes what arrived together, then says drained once', async () => {
    const bench = new Bench().started();
    for (const n of [1, 2, 3]) bench.host.receive(prepareFrom(0, n));
    await bench.settle();
    expect(steps(bench)).toEqual(['prepare 1 of 0', 'prepare 2 of 0', 'prepare 3 of 0', 'drained']);
  });

  it('ends after its share of events, says drained then too, and another follows', () => {
    const bench = new Bench({ eventsPerTurnMax: 2 }).started();
    for (const n of [1, 2, 3]) bench.host.receive(prepareFrom(0, n));
    bench.clock.turn();
    expect(steps(bench)).toEqual(['prepare 1 of 0', 'prepare 2 of 0', 'drained']);
    bench.clock.turn();
    expect(steps(bench)).toEqual(['prepare 3 of 0', 'drained']);
  });

  it('ends when its time is over, after one event at least', () => {
    const bench = new Bench({ turnMs: 4 }).started();
    bench.clock.costMs = 3;
    for (const n of [1, 2, 3]) bench.host.receive(prepareFrom(0, n));
    bench.clock.turn();
    expect(steps(bench)).toEqual(['prepare 1 of 0', 'prepare 2 of 0', 'drained']);
    bench.clock.costMs = 50;
    bench.clock.turn();
    expect(steps(bench)).toEqual(['prepare 3 of 0', 'drained']);
  });

  it('says drained only when something was stepped', async () => {
    const bench = new Bench().started();
    bench.beforeOpen = () => {
      throw new RangeError('a decoder stumbles');
    };
    bench.host.receive(prepareFrom(0, 1));
    await bench.settle();
    expect(steps(bench)).toEqual([]);
    expect(bench.rejections).toEqual(['malformed of 0']);
  });

  it('takes no further event while too much waits for the disk', async () => {
    const bench = new Bench({ outboxEffectsMax: 2 }).started();
    bench.log.syncs.held = true;
    for (const n of [1, 2, 3]) {
      bench.replica.on(`prepare ${String(n)} of 0`, voteFor('commit', n));
      bench.host.receive(prepareFrom(0, n));
    }
    await bench.settle();
    expect(steps(bench)).toEqual(['prepare 1 of 0', 'prepare 2 of 0', 'drained']);
    bench.log.syncs.let();
    await bench.settle();
    expect(steps(bench)).toEqual(['commit 1 of 1', 'commit 2 of 1', 'prepare 3 of 0', 'drained']);
  });

  it('takes no further event while too many bytes wait for the disk', async () => {
    const bench = new Bench({ unsyncedBytesMax: 100 }).started();
    bench.log.syncs.held = true;
    bench.replica.on('prepare 1 of 0', voteFor('commit', 1));
    for (const n of [1, 2]) bench.host.receive(prepareFrom(0, n));
    await bench.settle();
    expect(steps(bench)).toEqual(['prepare 1 of 0', 'drained']);
    bench.log.syncs.let();
    await bench.settle();
    expect(steps(bench)).toEqual(['commit 1 of 1', 'prepare 2 of 0', 'drained']);
  });
});

describe('the inbox', () => {
  it('puts consensus ahead of requests, whatever came first, and lets neither starve', async () => {
    const bench = new Bench({ consensusPerClient: 2 }).started();
    for (const nonce of [1, 2]) bench.host.receive(relayFrom(2, nonce));
    for (const n of [1, 2, 3, 4, 5]) bench.host.receive(prepareFrom(0, n));
    await bench.settle();
    expect(steps(bench)).toEqual([
      'prepare 1 of 0',
      'prepare 2 of 0',
      'requests 0 of 2',
      'prepare 3 of 0',
      'prepare 4 of 0',
      'requests 0 of 2',
      'prepare 5 of 0',
      'drained',
    ]);
  });

  it('puts this member’s own votes ahead of all', async () => {
    const bench = new Bench({ eventsPerTurnMax: 1 }).started();
    bench.replica.on('prepare 1 of 0', voteFor('commit', 1));
    for (const n of [1, 2]) bench.host.receive(prepareFrom(0, n));
    bench.clock.turn();
    await bench.settle();
    expect(steps(bench)).toEqual([
      'prepare 1 of 0',
      'drained',
      'commit 1 of 1',
      'drained',
      'prepare 2 of 0',
      'drained',
    ]);
  });

  it('drops the newest of a member beyond its share, and nobody else’s', async () => {
    const bench = new Bench({ inboxPerMemberMessagesMax: 2 }).started();
    for (const n of [1, 2, 3, 4]) bench.host.receive(prepareFrom(0, n));
    bench.host.receive(prepareFrom(2, 1));
    await bench.settle();
    expect(steps(bench)).toEqual(['prepare 1 of 0', 'prepare 1 of 2', 'prepare 2 of 0', 'drained']);
    expect(bench.overflows).toEqual(['consensus of 0', 'consensus of 0']);
  });

  it('leaves members their shares when a stranger speaks in their names on a subject of its own', async () => {
    const bench = new Bench({ inboxPerMemberMessagesMax: 2 }).started();
    for (const n of [1, 2, 3]) bench.host.receive(prepareFrom(0, n), OBSERVER);
    for (const n of [4, 5]) bench.host.receive(prepareFrom(0, n));
    await bench.settle();
    expect(bench.overflows).toEqual([`consensus of ${String(OBSERVER)}`]);
    expect(steps(bench).sort()).toEqual(['drained', ...[1, 2, 4, 5].map((n) => `prepare ${String(n)} of 0`)]);
  });

  it('uses the share of whoever brought a message, where the broker vouches for that', async () => {
    const bench = new Bench({ inboxPerMemberMessagesMax: 1 }).started();
    bench.host.receive(prepareFrom(0, 1), memberIndex(3));
    bench.host.receive(prepareFrom(0, 2), memberIndex(3));
    bench.host.receive(prepareFrom(0, 3), memberIndex(0));
    await bench.settle();
    expect(steps(bench)).toEqual(['prepare 1 of 0', 'prepare 3 of 0', 'drained']);
    expect(bench.overflows).toEqual(['consensus of 3']);
  });

  it('refuses an envelope at once when as many wait as may', async () => {
    const bench = new Bench({ submitsMax: 1 }).started();
    bench.replica.on('submit 1', { kind: 'admitted', envelope: envelopeOf(1) });
    const first = bench.host.submit(envelopeOf(1));
    expect(await bench.host.submit(envelopeOf(2))).toMatchObject({ code: 'pool_full' });
    await bench.settle();
    expect(await first).toBeUndefined();
  });

  it('refuses without opening: what is no frame, of another epoch, of a stranger, and proposals of who does not lead', async () => {
    const bench = new Bench().started();
    bench.beforeOpen = () => {
      throw new Error('opened');
    };
    const vote = { kind: 'prepare', view: view(0), sequence: sequence(1), digest: digestOf('a') } as const;
    const proposal = { ...vote, kind: 'prePrepare', digest: NULL_DIGEST, batch: undefined } as const;
    const bytes = prepareFrom(0, 1);
    const otherEpoch = bytes.slice();
    otherEpoch[9] = 1;
    for (const hostile of [
      new Uint8Array(0),
      bytes.subarray(0, 30),
      Uint8Array.of(2, ...bytes.subarray(1)),
      otherEpoch,
      encodeMessage(sealAs(vote, memberIndex(4))),
      encodeMessage(sealAs(proposal, memberIndex(2))),
    ]) {
      bench.host.receive(hostile, memberIndex(3));
    }
    await bench.settle();
    expect(steps(bench)).toEqual([]);
    expect(bench.rejections).toEqual([
      'malformed of 3',
      'malformed of 3',
      'unsupported_version of 3',
      'wrong_epoch of 0',
      'not_a_member of 4',
      'not_the_leader of 2',
    ]);
  });

  it('passes over what the bus returns of this member’s own', async () => {
    const bench = new Bench().started();
    bench.host.receive(prepareFrom(1, 1));
    await bench.settle();
    expect(bench.take()).toEqual([]);
    expect(bench.rejections).toEqual([]);
  });

  it('opens a message only when its turn comes', async () => {
    const bench = new Bench().started();
    const opened: number[] = [];
    bench.beforeOpen = (statement) => opened.push(statement.sequence);
    bench.host.receive(prepareFrom(0, 1));
    expect(opened).toEqual([]);
    await bench.settle();
    expect(opened).toEqual([1]);
  });

  it('keeps bytes of its own, not the socket’s', async () => {
    const bench = new Bench().started();
    const bytes = prepareFrom(0, 1);
    const chunk = concatBytes(bytes, new Uint8Array(1000));
    bench.host.receive(chunk.subarray(0, bytes.length));
    chunk.fill(0xff);
    await bench.settle();
    expect(steps(bench)).toEqual(['prepare 1 of 0', 'drained']);
  });

  it('reports what the opener refuses', async () => {
    const bench = new Bench({}, { open: () => reject('bad_signature', '') }).started();
    bench.host.receive(prepareFrom(2, 1));
    await bench.settle();
    expect(bench.rejections).toEqual(['bad_signature of 2']);
  });
});

describe('timers', () => {
  const start = (timer: 'status' | 'progress', delayMs: number) => ({ kind: 'startTimer', timer, delayMs }) as const;

  it('come once, after what had arrived by then', async () => {
    const bench = new Bench();
    bench.replica.on('start', start('progress', 100));
    bench.started();
    bench.clock.advance(99);
    await bench.settle();
    expect(steps(bench)).toEqual([]);
    bench.clock.advance(1);
    bench.host.receive(prepareFrom(0, 1));
    await bench.settle();
    expect(steps(bench)).toEqual(['prepare 1 of 0', 'timer progress', 'drained']);
    bench.clock.advance(1000);
    await bench.settle();
    expect(steps(bench)).toEqual([]);
  });

  it('are replaced by a start, and ended by a cancel', async () => {
    const bench = new Bench();
    bench.replica.on('start', start('progress', 100), start('status', 100));
    bench.replica.on('prepare 1 of 0', start('progress', 100), { kind: 'cancelTimer', timer: 'status' });
    bench.started();
    bench.clock.advance(60);
    bench.host.receive(prepareFrom(0, 1));
    await bench.settle();
    steps(bench);
    bench.clock.advance(60);
    await bench.settle();
    expect(steps(bench)).toEqual([]);
    bench.clock.advance(40);
    await bench.settle();
    expect(steps(bench)).toEqual(['timer progress', 'drained']);
  });

  it('that ran out do not come when a message that arrived before cancels or restarts them', async () => {
    const bench = new Bench();
    bench.replica.on('start', start('progress', 100), start('status', 100));
    bench.replica.on('prepare 1 of 0', { kind: 'cancelTimer', timer: 'progress' }, start('status', 50));
    bench.started();
    bench.host.receive(prepareFrom(0, 1));
    bench.clock.advance(100);
    await bench.settle();
    expect(steps(bench)).toEqual(['prepare 1 of 0', 'drained']);
    bench.clock.advance(50);
    await bench.settle();
    expect(steps(bench)).toEqual(['timer status', 'drained']);
  });

  it('act at once, not behind a barrier', async () => {
    const bench = new Bench().started();
    bench.log.syncs.held = true;
    bench.replica.on('prepare 1 of 0', voteFor('commit', 1), start('progress', 10));
    bench.host.receive(prepareFrom(0, 1));
    await bench.settle();
    expect(bench.clock.timersRunning).toBe(1);
  });
});

describe('durations', () => {
  it('are from an envelope’s first arrival to its decision, known or not', async () => {
    const bench = new Bench({ arrivalsMax: 2 }).started();
    bench.replica.on('submit 1', { kind: 'admitted', envelope: envelopeOf(1) });
    void bench.host.submit(envelopeOf(1));
    await bench.settle();
    bench.clock.advance(30);
    bench.host.receive(relayFrom(0, 1));
    bench.host.receive(relayFrom(0, 2));
    await bench.settle();
    bench.clock.advance(12);
    bench.replica.on('prepare 1 of 0', decide(1, batchOf(1, 2, 3)), decide(2, batchOf(1)));
    bench.host.receive(prepareFrom(0, 1));
    await bench.settle();
    expect(bench.decisions.durations).toEqual([[42, 12, DURATION_UNKNOWN], [DURATION_UNKNOWN]]);
  });

  it.each([
    { what: 'a PRE-PREPARE', engine: 'pbft', proposal: propose(1, batchOf(1, 2)), next: voteFor('commit', 1) },
    { what: 'a block', engine: 'hotstuff', proposal: proposeBlock(1, 1, batchOf(1, 2)), next: voteForBlock(1, 1) },
  ] as const)('begin with $what where nobody relayed the envelope before', async ({ engine, proposal, next }) => {
    const committee = new Committee({ ...COMMITTEE.table, engine }, portableHash);
    const epochs = new Epochs(portableHash, committee.table);
    const bench = new Bench({}, { committee, epochs }).started();
    const from = (effect: Effect): Uint8Array => encodeMessage(sealAs(draftOf(effect), memberIndex(0)));
    bench.host.receive(from(proposal));
    await bench.settle();
    bench.clock.advance(12);
    bench.replica.on('drained', decide(1, batchOf(1, 2)));
    bench.host.receive(from(next));
    await bench.settle();
    expect(bench.decisions.durations).toEqual([[12, 12]]);
  });

  it('are bounded: the oldest arrivals are forgotten, and a clock that is set back gives 0', async () => {
    const bench = new Bench({ arrivalsMax: 2 }).started();
    for (const nonce of [1, 2, 3]) bench.host.receive(relayFrom(0, nonce));
    await bench.settle();
    bench.clock.time -= 500;
    bench.replica.on('prepare 1 of 0', decide(1, batchOf(1, 2, 3)));
    bench.host.receive(prepareFrom(0, 1));
    await bench.settle();
    expect(bench.decisions.durations).toEqual([[DURATION_UNKNOWN, 0, 0]]);
  });
});

it('counts what waits', async () => {
  const bench = new Bench().started();
  bench.log.syncs.held = true;
  bench.replica.on('prepare 1 of 0', voteFor('commit', 1), statusOf(0));
  bench.host.receive(prepareFrom(0, 1));
  expect([bench.host.waiting, bench.host.departing]).toEqual([1, 0]);
  await bench.settle();
  expect([bench.host.waiting, bench.host.departing]).toEqual([0, 2]);
});
