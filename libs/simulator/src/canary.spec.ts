import { runSchedule, type Fault } from './index';

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

  it('a member that forgets its votes, beside an equivocating leader', () => {
    const broken = new Set<string>();
    for (let seed = 1; seed <= 80; seed++) {
      const { violations } = runSchedule(seed, {
        members: 4,
        f: 1,
        settleMs: 500,
        amnesiacs: [1],
        liars: [{ member: 0, strategy: 'equivocating-leader' }],
        faults: amnesia(seed),
      });
      for (const { rule } of violations) broken.add(rule);
      if (broken.has('one-vote') && broken.has('agreement')) break;
    }
    expect([...broken]).toEqual(expect.arrayContaining(['one-vote', 'agreement']));
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
