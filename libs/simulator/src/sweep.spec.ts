import { addSwept, nothingSwept, runCanary, runSweep } from './index';

describe('runSweep', () => {
  it('gives the same for the same seeds, in whatever portions they run', () => {
    const whole = runSweep(500, 12);
    const parts = [runSweep(505, 7), runSweep(500, 5)].reduce(addSwept, nothingSwept());
    expect(parts).toEqual(whole);
    expect(whole.figures.schedules).toBe(12);
    expect(whole.traceHash).not.toBe(runSweep(501, 12).traceHash);
  });

  it('runs every profile, and every sort of fault', () => {
    const { profiles, figures, failures } = runSweep(9000, 60);
    expect(failures).toEqual([]);
    for (const count of Object.values(profiles)) expect(count).toBeGreaterThan(3);
    expect(figures.faults / figures.schedules).toBeGreaterThan(4);
    expect(figures.views / figures.schedules).toBeGreaterThan(1);
    expect(figures.sequences / figures.schedules).toBeGreaterThan(7);
  });
});

it.each([
  { engine: 'pbft', rule: 'agreement' },
  { engine: 'hotstuff', rule: 'two-quorums' },
] as const)('the canary of $engine is seen, and what is seen follows from its seed', ({ engine, rule }) => {
  const canary = runCanary(1, engine);
  expect(canary.unseen).toEqual([]);
  expect(canary.seen).toEqual(expect.arrayContaining([rule, 'one-vote']));
  expect(runCanary(1, engine)).toEqual(canary);
});

it('schedules of the linear engine break no rule, and are not trivial', () => {
  const { figures, failures } = runSweep(1, 100, 'hotstuff');
  expect(failures).toEqual([]);
  expect(figures.sequences / figures.schedules).toBeGreaterThan(7);
  expect(figures.decided / figures.schedules).toBeGreaterThan(10);
  expect(figures.views / figures.schedules).toBeGreaterThan(10);
  expect(figures.accused).toBeGreaterThan(0);
});
