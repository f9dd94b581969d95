import { EXIT } from '../errors';
import { describeSimulation, holds, reportOf, type SimulateReport } from '../simulate/report';
import type { MessagesReport } from '../simulate/messages';
import { sweepAll, sweepHere, type Portion, type Sweeper } from '../simulate/sweepers';
import { run } from '../testing/captured';
import { nothingSwept, runSweep, type SweepResult } from '@concordat/simulator';

describe('concordat simulate', () => {
  it('replays one seed: the same report but for its time', async () => {
    const [first, second] = [
      await run(['simulate', '--seed', '11', '--json']),
      await run(['simulate', '--seed', '11', '--json']),
    ];
    expect([first.exitCode, first.err]).toEqual([EXIT.done, '']);
    const timeless = (text: string): object => ({ ...(JSON.parse(text) as SimulateReport), seconds: 0, per_second: 0 });
    expect(timeless(first.out)).toEqual(timeless(second.out));
    expect(timeless(first.out)).toMatchObject({ first_seed: 11, schedules: 1, canary: null, violations: [] });
  });

  it('runs --count seeds, and shows people what was hit', async () => {
    const { exitCode, out } = await run(['simulate', '--seed', '400', '--count', '3', '--jobs', '1']);
    expect(exitCode).toBe(EXIT.done);
    expect(out).toContain('3 from seed 400');
    expect(out).toMatch(/canary +seen within \d+ schedules/);
    expect(out).toMatch(/real signatures +in 1/);
    expect(out).toContain('equivocating-leader');
  }, 60_000);

  it('draws a fresh seed when none is named', async () => {
    const seeds = new Set<number>();
    for (let index = 0; index < 2; index++) {
      const { out } = await run(['simulate', '--count', '1', '--json']);
      seeds.add((JSON.parse(out) as SimulateReport).first_seed);
    }
    expect(seeds.size).toBe(2);
  });
});

describe('concordat simulate --protocol hotstuff', () => {
  it('runs schedules of the linear engine, with its own steps and strategies', async () => {
    const { exitCode, out } = await run(['simulate', '--protocol', 'hotstuff', '--seed', '3', '--json']);
    const { protocol, coverage, violations } = JSON.parse(out) as SimulateReport;
    expect({ exitCode, protocol, violations }).toEqual({ exitCode: EXIT.done, protocol: 'hotstuff', violations: [] });
    expect(Object.keys(coverage)).toEqual(expect.arrayContaining(['force-locker', 'loss']));
    expect(Object.keys(coverage)).not.toContain('new-view-liar');
    expect(Object.keys(coverage['loss'] ?? {})).toEqual(expect.arrayContaining(['propose', 'vote', 'timeout', 'sync']));
  });

  it('refuses an engine that there is none of', async () => {
    const { exitCode, err } = await run(['simulate', '--protocol', 'raft']);
    expect(exitCode).toBe(EXIT.usage);
    expect(err).toContain('pbft, hotstuff');
  });
});

describe('concordat simulate --messages', () => {
  const SIZES = ['--members', '4', '7', '10'];

  it('prints both engines by size, and how their messages grow', async () => {
    const { exitCode, out } = await run(['simulate', '--messages', ...SIZES]);
    expect(exitCode).toBe(EXIT.done);
    expect(out).toMatch(/pbft messages +-?[\d.]+ [-+] [\d.]+ n \+ 2\.\d+ n\^2, R\^2 = (1|0\.9999)/);
    expect(out).toMatch(/hotstuff messages +-?[\d.]+ \+ [34]\.\d+ n, R\^2 = (1|0\.99)/);
  }, 60_000);

  it('prints the same for machines, but for the time', async () => {
    const { out } = await run(['simulate', '--messages', ...SIZES, '--json']);
    const { costs, fits, decisions } = JSON.parse(out) as MessagesReport;
    expect(costs.map(({ protocol, members }) => [protocol, members])).toEqual(
      ['pbft', 'hotstuff'].flatMap((protocol) => [4, 7, 10].map((members) => [protocol, members])),
    );
    expect(decisions).toBe(32);
    expect(fits.pbft?.coefficients).toHaveLength(3);
    expect(costs.every(({ messages, bytes, cpu_ms: cpuMs }) => messages > 0 && bytes > messages && cpuMs > 0)).toBe(
      true,
    );
  }, 60_000);

  it('without enough sizes there is no fit; sizes without it are a mistake', async () => {
    const { out } = await run(['simulate', '--messages', '--members', '4', '7', '--json']);
    expect((JSON.parse(out) as MessagesReport).fits).toEqual({ pbft: null, hotstuff: null });
    expect((await run(['simulate', '--members', '4'])).exitCode).toBe(EXIT.usage);
  }, 60_000);
});

describe('a violation', () => {
  const failure = {
    seed: 5,
    rule: 'agreement',
    member: 2,
    atMs: 1.239,
    text: 'differs',
    traceHash: 'f0',
    report: 'REPORT',
  };
  const swept: SweepResult = { ...nothingSwept(), failures: [failure, { ...failure, seed: 6 }] };
  const outcome = { engine: 'pbft' as const, firstSeed: 5, swept, elapsedMs: 2000, jobs: 1, canary: undefined };

  it('is reported with its seed, and the first one with its shrunk schedule', () => {
    const shrunk = { seed: 5, options: { members: 4 }, report: 'SMALL' } as never;
    const report = reportOf({ ...outcome, shrunk });
    expect(report.violations).toMatchObject([
      { seed: 5, rule: 'agreement', member: 2, at_ms: 1.24, trace_hash: 'f0', shrunk: { report: 'SMALL' } },
      { seed: 6 },
    ]);
    expect(report.violations[1]).not.toHaveProperty('shrunk');
    expect(describeSimulation(report)).toContain('REPORT\n\nSHRUNK to what still breaks the rule:\nSMALL');
  });
});

it('holds without a violation, and with checkers that see', () => {
  const canary = { schedules: 3, seen: ['agreement'], unseen: [] };
  const outcome = {
    engine: 'pbft' as const,
    firstSeed: 5,
    swept: nothingSwept(),
    elapsedMs: 1,
    jobs: 1,
    canary,
    shrunk: undefined,
  };
  const failure = { seed: 5, rule: 'prefix', member: 0, atMs: 1, text: '', traceHash: '', report: '' };
  expect(holds(reportOf(outcome))).toBe(true);
  expect(holds(reportOf({ ...outcome, canary: undefined }))).toBe(true);
  expect(holds(reportOf({ ...outcome, canary: { ...canary, unseen: ['one-vote'] } }))).toBe(false);
  expect(holds(reportOf({ ...outcome, swept: { ...nothingSwept(), failures: [failure] } }))).toBe(false);
});

describe('sweepAll', () => {
  const portions =
    (...list: Portion[]): (() => Portion | undefined) =>
    () =>
      list.shift();

  it('loses nothing when sweepers finish at once', async () => {
    const list = [0, 1, 2, 3, 4, 5].map((index) => ({ engine: 'pbft' as const, first: 70 + index * 2, count: 2 }));
    const parts: number[] = [];
    const swept = await sweepAll([sweepHere(), sweepHere(), sweepHere()], portions(...list), ({ figures }) =>
      parts.push(figures.schedules),
    );
    expect(swept).toEqual(runSweep(70, 12));
    expect(parts).toEqual([2, 4, 6, 8, 10, 12]);
  });

  it('fails with a sweeper', async () => {
    const broken: Sweeper = { run: () => Promise.reject(new Error('gone')), stop: () => undefined };
    await expect(sweepAll([broken], portions({ engine: 'pbft', first: 1, count: 1 }), () => undefined)).rejects.toThrow(
      'gone',
    );
  });
});
