import { optionsOf, runSchedule } from './index';

describe('schedules whose members speak rarely while nothing is under way', () => {
  it('break no rule, and decide', () => {
    const seeds = Array.from({ length: 60 }, (_, index) => 4000 + index);
    const reports: string[] = [];
    let decided = 0;
    for (const seed of seeds) {
      const { replica } = optionsOf(seed);
      const result = runSchedule(seed, { replica: { ...replica, idleStatusIntervalMs: 5 * replica.statusIntervalMs } });
      if (result.report !== '') reports.push(result.report);
      decided += result.stats.decided;
    }
    expect(reports).toEqual([]);
    expect(decided).toBeGreaterThan(5 * seeds.length);
  });
});
