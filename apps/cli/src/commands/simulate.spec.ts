import { EXIT } from '../errors';
import { describeSimulation, holds, reportOf, type SimulateReport } from '../simulate/report';
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
