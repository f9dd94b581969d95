import { runSchedule, shrinkSchedule, type Fault } from './index';

describe('the checkers see', () => {
  /** Member 1 loses its disk at every crash, while the leader equivocates: two faults where one is tolerated. */
  const amnesia = (seed: number): Fault[] =>
    Array.from({ length: 6 }, (_, index) => ({
      kind: 'crash',
      atMs: 20 + 35 * index + (seed % 7) * 3,
      member: 1,
      point: 'now',
      downMs: 3,
    }));

  it('a member that forgets its votes, and shrink that to a smaller schedule that breaks the same rule', () => {
    const broken = {
      members: 4,
      f: 1,
      settleMs: 300,
      amnesiacs: [1],
      liars: [{ member: 0, strategy: 'equivocating-leader' as const }],
    };
    const found = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10].find((seed) => {
      const { violations } = runSchedule(seed, { ...broken, faults: amnesia(seed) });
      return violations[0]?.rule === 'one-vote';
    });
    const seed = found ?? 0;
    const smallest = shrinkSchedule(seed, { ...broken, faults: amnesia(seed) });
    expect(smallest.violations[0]?.rule).toBe('one-vote');
    expect(smallest.options.faults.length).toBeLessThan(6);
    expect(runSchedule(seed, smallest.options).traceHash).toBe(smallest.traceHash);
  });

  it('a swarm without a quorum', () => {
    const silence = { settleMs: 2000, members: 4, f: 1, faults: [] };
    const liars = [
      { member: 1, strategy: 'silent' as const },
      { member: 2, strategy: 'silent' as const },
    ];
    const results = [1, 2, 3, 4, 5, 6].map((seed) => runSchedule(seed, { ...silence, liars }));
    const stuck = results.filter(({ violations }) => violations.some(({ rule }) => rule === 'liveness'));
    expect(stuck.length).toBeGreaterThan(0);
    expect(stuck[0]?.report).toContain('VIOLATION liveness');
    expect(stuck[0]?.report).toContain(`seed ${String(stuck[0]?.seed)}`);
  });
});
