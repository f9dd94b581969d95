import { InvariantError } from '@concordat/protocol';
import { HostStoppedError } from './halt';
import { Bench } from './testing/bench';
import {
  askForView,
  batchOf,
  decide,
  digestOf,
  enterView,
  envelopeOf,
  prepareFrom,
  propose,
  sealAs,
  statusOf,
  voteFor,
} from './testing/messages';

const LEAVES = /^(broadcast|send|committed|entered|left|accused)/;

interface Row {
  readonly name: string;
  readonly code: string;
  /** Lets the fault happen while a vote waits for its sync. */
  readonly fault: (bench: Bench) => void;
}

const receive = (bench: Bench, n: number): void => bench.host.receive(prepareFrom(0, n));

const faults: Row[] = [
  { name: 'a failed sync', code: 'storage', fault: (bench) => bench.log.syncs.let(new Error('EIO')) },
  {
    name: 'a failed append',
    code: 'storage',
    fault: (bench) => {
      bench.log.appendFails = true;
      bench.replica.on('prepare 2 of 0', voteFor('commit', 2));
      receive(bench, 2);
    },
  },
  {
    name: 'a decision that cannot be kept',
    code: 'storage',
    fault: (bench) => {
      bench.decisions.appendFails = true;
      bench.replica.on('prepare 2 of 0', decide(1));
      receive(bench, 2);
    },
  },
  {
    name: 'a store of decisions that fails later',
    code: 'storage',
    fault: (bench) => {
      bench.decisions.lag = Promise.reject(new Error('EIO'));
      bench.replica.on('prepare 2 of 0', decide(1));
      receive(bench, 2);
    },
  },
  {
    name: 'an InvariantError of the replica',
    code: 'invariant',
    fault: (bench) => {
      bench.replica.step = () => {
        throw new InvariantError('bug');
      };
      receive(bench, 2);
    },
  },
  {
    name: 'an InvariantError while opening',
    code: 'invariant',
    fault: (bench) => {
      bench.beforeOpen = () => {
        throw new InvariantError('bug');
      };
      receive(bench, 2);
    },
  },
  {
    name: 'any other error of the replica',
    code: 'defect',
    fault: (bench) => {
      bench.replica.step = () => {
        throw new TypeError('undefined is not a function');
      };
      receive(bench, 2);
    },
  },
  {
    name: 'a halt of the replica',
    code: 'replica',
    fault: (bench) => {
      bench.replica.on('prepare 2 of 0', { kind: 'halt', reason: 'state differs' }, voteFor('commit', 3));
      receive(bench, 2);
    },
  },
  {
    name: 'an envelope that gets no answer',
    code: 'invariant',
    fault: (bench) => {
      bench.replica.on('submit 4');
      bench.host.submit(envelopeOf(4)).catch(() => undefined);
    },
  },
  {
    name: 'an answer that nobody waits for',
    code: 'invariant',
    fault: (bench) => {
      bench.replica.on('prepare 2 of 0', { kind: 'admitted', envelope: envelopeOf(4) });
      receive(bench, 2);
    },
  },
];

describe('the host halts', () => {
  it.each(faults)('at $name: no further step, and nothing more leaves', async ({ code, fault }) => {
    const bench = new Bench().started();
    bench.log.syncs.held = true;
    bench.replica.on('prepare 1 of 0', voteFor('commit', 1), statusOf(1), {
      kind: 'startTimer',
      timer: 'status',
      delayMs: 10,
    });
    receive(bench, 1);
    await bench.settle();
    const waiting = bench.host.submit(envelopeOf(9));
    const told = expect(waiting).rejects.toBeInstanceOf(HostStoppedError);
    bench.replica.on('submit 9', voteFor('prepare', 9), { kind: 'admitted', envelope: envelopeOf(9) });
    fault(bench);
    await bench.settle();
    await told;
    expect(bench.halts).toMatchObject([{ code }]);
    expect(bench.host.state).toBe('halted');
    const whileHalting = bench.take();
    if (bench.log.syncs.waiting > 0) bench.log.syncs.let();
    receive(bench, 5);
    bench.clock.advance(100);
    await bench.settle();
    await bench.host.stop();
    expect(whileHalting.concat(bench.take()).filter((line) => LEAVES.test(line))).toEqual([]);
    expect(whileHalting.at(-1)).toBe('halted');
    expect(bench.halts).toHaveLength(1);
    await expect(bench.host.submit(envelopeOf(1))).rejects.toBeInstanceOf(HostStoppedError);
  });

  it('at a failed blocking sync', async () => {
    const bench = new Bench({ groupCommit: 'sync' }).started();
    bench.log.syncNowFails = true;
    bench.replica.on('prepare 1 of 0', voteFor('commit', 1));
    receive(bench, 1);
    await bench.settle();
    expect(bench.halts).toMatchObject([{ code: 'storage', message: 'fsync failed' }]);
    expect(bench.take().filter((line) => LEAVES.test(line))).toEqual([]);
  });

  it('in its first step, and takes no second', async () => {
    const bench = new Bench();
    bench.replica.on('start', { kind: 'halt', reason: 'state differs' });
    bench.host.start();
    await bench.settle();
    expect(bench.take()).toEqual(['step start', 'halted']);
  });

  it('when an observer throws', async () => {
    const bench = new Bench(
      {},
      {
        observer: {
          viewLeft: () => {
            throw new Error('metrics');
          },
        },
      },
    ).started();
    bench.replica.on('prepare 1 of 0', { kind: 'viewLeft', view: 0 as never, reason: 'timeout' }, statusOf(1));
    receive(bench, 1);
    await bench.settle();
    expect(bench.host.state).toBe('halted');
    expect(bench.take().filter((line) => LEAVES.test(line))).toEqual([]);
  });
});

describe('a vote that contradicts an earlier one', () => {
  it.each([
    {
      name: 'another digest for a slot',
      first: voteFor('commit', 5),
      second: voteFor('commit', 5, { content: digestOf('b') }),
    },
    { name: 'another batch for a slot', first: propose(5, batchOf(1)), second: propose(5, batchOf(2)) },
    { name: 'a view below an entered one', first: enterView(2), second: voteFor('commit', 5, { inView: 1 }) },
    { name: 'a view that was left', first: askForView(2), second: voteFor('commit', 5, { inView: 1 }) },
  ])('is never signed: $name', async ({ first, second }) => {
    let sealed = 0;
    const bench = new Bench(
      {},
      {
        seal: (draft) => {
          sealed++;
          return sealAs(draft);
        },
      },
    ).started();
    bench.replica.on('prepare 1 of 0', first);
    bench.replica.on('prepare 2 of 0', second, statusOf(1));
    receive(bench, 1);
    await bench.settle();
    receive(bench, 2);
    await bench.settle();
    expect(sealed).toBe(first.kind === 'vote' ? 1 : 0);
    expect(bench.halts).toMatchObject([{ code: 'invariant' }]);
  });

  it('is never signed after a restart either', async () => {
    const votes = [sealAs({ kind: 'commit', view: 0 as never, sequence: 5 as never, digest: digestOf('a') })];
    const bench = new Bench({}, { recovered: { votes, newViews: [], stable: undefined } }).started();
    bench.replica.on('prepare 1 of 0', voteFor('commit', 5, { content: digestOf('b') }));
    receive(bench, 1);
    await bench.settle();
    expect(bench.halts).toMatchObject([{ code: 'invariant' }]);
  });
});

describe('stop', () => {
  it('makes durable what was promised, lets it leave, flushes the decisions, and takes nothing more', async () => {
    const bench = new Bench().started();
    bench.log.syncs.held = true;
    bench.replica.on('prepare 1 of 0', voteFor('commit', 1), decide(1), {
      kind: 'startTimer',
      timer: 'status',
      delayMs: 5,
    });
    receive(bench, 1);
    await bench.settle();
    bench.take();
    const waiting = expect(bench.host.submit(envelopeOf(9))).rejects.toBeInstanceOf(HostStoppedError);
    const stopped = bench.host.stop();
    expect(bench.host.stop()).toBe(stopped);
    receive(bench, 2);
    bench.clock.advance(100);
    await bench.settle();
    expect([bench.take(), bench.host.state]).toEqual([[], 'stopping']);
    bench.log.syncs.let();
    await stopped;
    await waiting;
    await bench.settle();
    expect(bench.take()).toEqual(['sync ends', 'broadcast: commit 1', 'committed 1', 'flush begins', 'flush ends']);
    expect([bench.host.state, bench.clock.timersRunning, bench.halts]).toEqual(['stopped', 0, []]);
  });

  it('tells of a failure on the way', async () => {
    const bench = new Bench().started();
    bench.decisions.flushes.held = true;
    bench.replica.on('prepare 1 of 0', decide(1));
    receive(bench, 1);
    await bench.settle();
    const stopped = bench.host.stop();
    await bench.settle();
    bench.decisions.flushes.let(new Error('EIO'));
    await stopped;
    expect(bench.halts).toMatchObject([{ code: 'storage', message: 'EIO' }]);
  });

  it('ends a host that never started, which then cannot start', async () => {
    const bench = new Bench();
    await bench.host.stop();
    expect(bench.host.state).toBe('stopped');
    expect(() => bench.host.start()).toThrow('stopped');
  });
});
