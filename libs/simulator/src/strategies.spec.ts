import { ENGINES, type EngineName } from '@concordat/protocol';
import { runSchedule, STRATEGIES_OF } from './index';

const STRATEGIES = (Object.keys(ENGINES) as EngineName[]).flatMap((engine) =>
  STRATEGIES_OF[engine].map((strategy) => ({ engine, strategy })),
);

describe('one Byzantine member of four breaks no rule', () => {
  it.each(STRATEGIES)('$engine: $strategy', ({ engine, strategy }) => {
    for (let seed = 1; seed <= 10; seed++) {
      const { report } = runSchedule(seed, { engine, members: 4, f: 1, liars: [{ member: seed % 4, strategy }] });
      expect(report).toBe('');
    }
  });
});

describe('two Byzantine members of seven break no rule', () => {
  it.each(STRATEGIES)('$engine: $strategy, beside a member that votes for everything', ({ engine, strategy }) => {
    for (let seed = 1; seed <= 3; seed++) {
      const liars = [
        { member: 0, strategy },
        { member: 3, strategy: 'double-voter' as const },
      ];
      expect(runSchedule(seed, { engine, members: 7, f: 2, liars }).report).toBe('');
    }
  });
});
