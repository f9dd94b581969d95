import { chaosPlan, MEMBER_FAULTS, type Step } from './chaos-plan';

const SEEDS = Array.from({ length: 50 }, (_, n) => n * 7_919);
const ROUND = MEMBER_FAULTS.length + 2;

function plan(seed: number, steps: number): Step[] {
  const iterator = chaosPlan(seed);
  return Array.from({ length: steps }, () => iterator.next().value);
}

describe('chaosPlan', () => {
  it('gives the same steps for the same seed, and others for another', () => {
    for (const seed of SEEDS) {
      expect(plan(seed, 40)).toEqual(plan(seed, 40));
      expect(plan(seed, 40)).not.toEqual(plan(seed + 1, 40));
    }
  });

  it('brings every kind of fault in every round', () => {
    for (const seed of SEEDS) {
      for (const first of [0, ROUND, 2 * ROUND]) {
        const steps = plan(seed, first + ROUND).slice(first);
        const alone = steps.filter(({ kind }) => kind === 'minority').flatMap(({ faults }) => faults);
        expect(alone.map(({ fault }) => fault).sort()).toEqual([...MEMBER_FAULTS].sort());
        expect(steps.map(({ kind }) => kind).filter((kind) => kind !== 'minority')).toHaveLength(2);
        expect(steps.map(({ kind }) => kind)).toEqual(expect.arrayContaining(['broker', 'majority']));
      }
    }
  });

  it('never strikes a member twice in one step, nor more than f outside of a spell', () => {
    for (const { kind, faults } of SEEDS.flatMap((seed) => plan(seed, 3 * ROUND))) {
      const targets = faults.map(({ target }) => target);
      expect(new Set(targets).size).toBe(targets.length);
      const [least, most] = { minority: [1, 1], broker: [0, 1], majority: [2, 4] }[kind] as [number, number];
      expect(targets.length).toBeGreaterThanOrEqual(least);
      expect(targets.length).toBeLessThanOrEqual(most);
      if (kind !== 'minority') expect(targets).not.toContain('leader');
    }
  });

  it('strikes leaders and every member, and keeps the long faults for later rounds', () => {
    const first = SEEDS.flatMap((seed) => plan(seed, ROUND));
    const targets = first.flatMap(({ faults }) => faults.map(({ target }) => target));
    expect(new Set(targets)).toEqual(new Set(['leader', 0, 1, 2, 3]));
    expect(Math.max(...first.map(({ holdMs }) => holdMs))).toBeLessThanOrEqual(3_000);
    const later = SEEDS.flatMap((seed) => plan(seed, 3 * ROUND));
    expect(Math.max(...later.map(({ holdMs }) => holdMs))).toBeGreaterThan(10_000);
  });
});
