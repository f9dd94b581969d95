import { runSchedule, STRATEGIES_OF } from './index';

describe('one Byzantine member of four breaks no rule', () => {
  it.each(STRATEGIES_OF.pbft)('%s', (strategy) => {
    for (let seed = 1; seed <= 10; seed++) {
      const { report } = runSchedule(seed, { members: 4, f: 1, liars: [{ member: seed % 4, strategy }] });
      expect(report).toBe('');
    }
  });
});

describe('two Byzantine members of seven break no rule', () => {
  it.each(STRATEGIES_OF.pbft)('%s, beside a member that votes for everything', (strategy) => {
    for (let seed = 1; seed <= 3; seed++) {
      const liars = [
        { member: 0, strategy },
        { member: 3, strategy: 'double-voter' as const },
      ];
      expect(runSchedule(seed, { members: 7, f: 2, liars }).report).toBe('');
    }
  });
});
