import type { Effect } from '@concordat/consensus';
import { encodeMessage, memberIndex, nodeId, sequence, view } from '@concordat/protocol';
import type { SuppliedDecision } from './ports';
import { Bench } from './testing/bench';
import { batchOf, certificateFor, prepareFrom, sealAs, statusOf, voteFor } from './testing/messages';

const supply = (to: number, from: number, through: number) =>
  ({ kind: 'supply', to: memberIndex(to), from: sequence(from), through: sequence(through) }) as const;

const decisionOf = (n: number): SuppliedDecision => {
  const batch = batchOf(n, n + 100);
  return { sequence: sequence(n), batch, certificate: certificateFor(n, batch) };
};

/** Bytes of each decision as it is sent. */
const SIZE = encodeMessage(sealAs({ kind: 'decided', view: view(0), ...decisionOf(1) })).length;

/** A bench whose store holds so many decisions, two of which may be under way to a member, and three to all. */
function benchWith(count: number): Bench {
  const bench = new Bench({ supplyPerMemberBytesMax: 2 * SIZE, supplyBytesMax: 3 * SIZE }).started();
  bench.decisions.kept = Array.from({ length: count }, (_, i) => decisionOf(i + 1));
  return bench;
}

const sentTo = (lines: string[], member: number): number[] =>
  lines
    .filter((line) => line.startsWith(`send to ${String(member)}: decided`))
    .map((line) => Number(line.split(' ').at(-1)));

function ask(bench: Bench, n: number, ...effects: Extract<Effect, { kind: 'supply' }>[]): void {
  bench.replica.on(`prepare ${String(n)} of 0`, ...effects);
  bench.host.receive(prepareFrom(0, n));
}

describe('supply', () => {
  it('sends decided sequences in order, as far as they are there', async () => {
    const bench = benchWith(7);
    ask(bench, 1, supply(2, 3, 20));
    await bench.settle();
    expect(sentTo(bench.take(), 2)).toEqual([3, 4, 5, 6, 7]);
  });

  it('keeps no more under way than the bounds, for each member and for all, each in its turn', async () => {
    const bench = benchWith(9);
    bench.network.flushes.held = true;
    ask(bench, 1, supply(0, 1, 9), supply(2, 1, 9), supply(3, 1, 9));
    const rounds: number[][][] = [];
    for (let i = 0; i < 4; i++) {
      await bench.settle();
      const lines = bench.take();
      rounds.push([0, 2, 3].map((member) => sentTo(lines, member)));
      bench.network.flushes.let();
    }
    expect(rounds).toEqual([
      // The first request is served at once, alone.
      [[1, 2], [], []],
      [[], [1, 2], [1]],
      [[3, 4], [3], []],
      [[5], [], [2, 3]],
    ]);
  });

  it('does not hold up the loop', async () => {
    const bench = benchWith(2);
    bench.decisions.reads.held = true;
    ask(bench, 1, supply(2, 1, 2));
    await bench.settle();
    bench.replica.on('prepare 2 of 0', voteFor('commit', 2));
    bench.host.receive(prepareFrom(0, 2));
    await bench.settle();
    expect(bench.take()).toEqual(expect.arrayContaining(['broadcast: commit 2']));
    bench.decisions.reads.let();
    await bench.settle();
    expect(sentTo(bench.take(), 2)).toEqual([1, 2]);
  });

  it('begins only behind what was said before it', async () => {
    const bench = benchWith(2);
    bench.log.syncs.held = true;
    bench.replica.on('prepare 1 of 0', voteFor('commit', 1), supply(2, 1, 2), statusOf(1));
    bench.host.receive(prepareFrom(0, 1));
    await bench.settle();
    expect(bench.take().join()).not.toContain('read');
    bench.log.syncs.let();
    await bench.settle();
    expect(sentTo(bench.take(), 2)).toEqual([1, 2]);
  });

  it('goes on where it stands for a member that asks again, and skips what that one no longer needs', async () => {
    const bench = benchWith(8);
    bench.network.flushes.held = true;
    ask(bench, 1, supply(2, 1, 4));
    await bench.settle();
    expect(sentTo(bench.take(), 2)).toEqual([1, 2]);
    ask(bench, 2, supply(2, 2, 4));
    await bench.settle();
    bench.network.flushes.let();
    await bench.settle();
    expect(sentTo(bench.take(), 2)).toEqual([3, 4]);
    bench.decisions.reads.held = true;
    ask(bench, 3, supply(2, 5, 8));
    bench.network.flushes.let();
    await bench.settle();
    ask(bench, 4, supply(2, 7, 8));
    await bench.settle();
    bench.decisions.reads.let();
    await bench.settle();
    expect(sentTo(bench.take(), 2)).toEqual([7, 8]);
  });

  it('has one part for all observers together, whatever they call themselves', async () => {
    const bench = benchWith(9);
    bench.network.flushes.held = true;
    const observers = Array.from({ length: 40 }, (_, i) => ({
      ...supply(0, 1, 9),
      to: nodeId(`stranger-${String(i)}`),
      isObserver: true,
    }));
    ask(bench, 1, ...observers, supply(2, 1, 4));
    let rounds = 0;
    const served: string[] = [];
    while (sentTo(served, 2).length < 4 && rounds < 40) {
      await bench.settle();
      served.push(...bench.take());
      bench.network.flushes.let();
      rounds++;
    }
    expect(rounds).toBeLessThanOrEqual(5);
    const strangers = served.filter((line) => line.includes('stranger-')).map((line) => line.split(':')[0]);
    expect(new Set(strangers)).toEqual(new Set(['send to stranger-0']));
  });

  it('serves whoever asks after all were served', async () => {
    const bench = benchWith(2);
    for (const n of [1, 2]) {
      ask(bench, n, supply(2, n, n));
      await bench.settle();
      expect(sentTo(bench.take(), 2)).toEqual([n]);
    }
  });

  it('gives up when nobody is reached, and serves the next request', async () => {
    const bench = benchWith(8);
    bench.network.flushes.held = true;
    ask(bench, 1, supply(2, 1, 8));
    await bench.settle();
    bench.network.flushes.let(new Error('disconnected'));
    await bench.settle();
    expect(sentTo(bench.take(), 2)).toEqual([1, 2]);
    ask(bench, 2, supply(2, 5, 5));
    await bench.settle();
    expect(sentTo(bench.take(), 2)).toEqual([5]);
    expect(bench.halts).toEqual([]);
  });

  it('halts the host when decisions cannot be read', async () => {
    const bench = benchWith(1);
    bench.decisions.reads.held = true;
    ask(bench, 1, supply(2, 1, 1));
    await bench.settle();
    bench.decisions.reads.let(new Error('EIO'));
    await bench.settle();
    expect(bench.halts).toMatchObject([{ code: 'storage', message: 'EIO' }]);
  });

  it('sends nothing once the host stops, which waits for the read under way', async () => {
    const bench = benchWith(1);
    bench.decisions.reads.held = true;
    ask(bench, 1, supply(2, 1, 1));
    await bench.settle();
    let stopped = false;
    void bench.host.stop().then(() => (stopped = true));
    await bench.settle();
    expect(stopped).toBe(false);
    bench.decisions.reads.let();
    await bench.settle();
    expect([stopped, sentTo(bench.take(), 2)]).toEqual([true, []]);
  });
});
