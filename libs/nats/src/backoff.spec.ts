import { Backoff } from './backoff';

const delays = (random: () => number, attempts: number): number[] => {
  const backoff = new Backoff({ delayMinMs: 100, delayMaxMs: 2_000, random });
  return Array.from({ length: attempts }, () => {
    const { delayMs } = backoff;
    backoff.onAttempt();
    return delayMs;
  });
};

describe('Backoff', () => {
  it.each([
    { name: 'the longest', random: () => 1 - Number.EPSILON, expected: [100, 200, 400, 800, 1600, 2000, 2000] },
    { name: 'the shortest', random: () => 0, expected: [50, 100, 200, 400, 800, 1000, 1000] },
  ])('doubles up to its bound: $name', ({ random, expected }) => {
    expect(delays(random, 7)).toEqual(expected);
  });

  it('stays at its bound however long it lasts', () => {
    expect(delays(() => 0, 5_000).at(-1)).toBe(1_000);
  });

  it('keeps one wait until the next attempt, and starts over after a success', () => {
    const backoff = new Backoff({ delayMinMs: 100, delayMaxMs: 2_000 });
    for (let attempt = 0; attempt < 5; attempt += 1) backoff.onAttempt();
    expect(backoff.delayMs).toBe(backoff.delayMs);
    expect(backoff.delayMs).toBeGreaterThanOrEqual(1_000);
    backoff.reset();
    expect(backoff.delayMs).toBeLessThanOrEqual(100);
  });
});
