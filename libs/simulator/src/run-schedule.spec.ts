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

  it.each([1, 51, 101, 151, 201])('50 schedules from seed %i on break no rule', (first) => {
    expect(reportsOf(first, 50)).toEqual([]);
  });

  it('decides, changes views, crashes and accuses: the schedules are not all quiet', () => {
    const runs = Array.from({ length: 40 }, (_, index) => runSchedule(2000 + index));
    const crashes = (faults: readonly Fault[]): number => faults.filter((fault) => fault.kind !== 'network').length;
    expect(runs.filter(({ stats }) => stats.decided > 5).length).toBeGreaterThan(20);
    expect(runs.filter(({ stats }) => stats.view > 0).length).toBeGreaterThan(10);
    expect(runs.filter(({ stats }) => stats.accused > 0).length).toBeGreaterThan(0);
    expect(runs.filter(({ options }) => crashes(options.faults) > 0).length).toBeGreaterThan(10);
  });
});
