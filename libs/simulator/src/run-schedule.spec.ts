import { runSchedule, type Fault } from './index';

/** Runs seeds and hands back the reports of those that broke a rule: the test's output is then enough to go on. */
function reportsOf(first: number, count: number): string[] {
  const reports: string[] = [];
  for (let seed = first; seed < first + count; seed++) {
    const { report } = runSchedule(seed);
    if (report !== '') reports.push(report);
  }
  return reports;
}

describe('runSchedule', () => {
  it('the same seed gives the same trace, another seed another one', () => {
    const hashes = [11, 12, 13, 14, 15].map((seed) => runSchedule(seed).traceHash);
    expect([11, 12, 13, 14, 15].map((seed) => runSchedule(seed).traceHash)).toEqual(hashes);
    expect(new Set(hashes).size).toBe(hashes.length);
  });

  it('50 schedules from seed 1 on break no rule', () => {
    expect(reportsOf(1, 50)).toEqual([]);
  });

  it('decides, changes views, crashes and accuses: the schedules are not all quiet', () => {
    const runs = Array.from({ length: 40 }, (_, index) => runSchedule(2000 + index));
    const crashes = (faults: readonly Fault[]): number => faults.filter((fault) => fault.kind !== 'network').length;
    expect(runs.filter(({ stats }) => stats.decided > 5).length).toBeGreaterThan(20);
    expect(runs.filter(({ stats }) => stats.view > 0).length).toBeGreaterThan(10);
    expect(runs.filter(({ stats }) => stats.accused > 0).length).toBeGreaterThan(0);
    expect(runs.filter(({ options }) => crashes(options.faults) > 0).length).toBeGreaterThan(10);
  });

  it('changes its members: some join, some are isolated, states are taken over, votes are weighted', () => {
    const runs = Array.from({ length: 40 }, (_, index) => runSchedule(3000 + index, { profile: 'epochs' }));
    expect(runs.filter(({ violations }) => violations.length > 0).map(({ report }) => report)).toEqual([]);
    expect(runs.filter(({ stats }) => stats.epochs >= 2).length).toBeGreaterThan(6);
    expect(runs.filter(({ stats }) => stats.takeovers > 0).length).toBeGreaterThan(5);
    expect(runs.filter(({ options }) => options.membership.weights.length > 0).length).toBeGreaterThan(5);
    expect(runs.filter(({ options }) => options.liars.length > 0).length).toBeGreaterThan(10);
  });

  it('a seed whose members stay draws the same, whatever the others do', () => {
    const still = Array.from({ length: 40 }, (_, index) => runSchedule(index + 1).options).filter(
      ({ profile }) => profile !== 'epochs',
    );
    expect(still.length).toBeGreaterThan(20);
    expect(still.every(({ membership }) => membership.observers === 0 && membership.changes.length === 0)).toBe(true);
  });
});
