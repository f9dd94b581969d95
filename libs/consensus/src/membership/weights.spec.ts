import * as fc from 'fast-check';
import { faultsTolerated, faultyWeightMax, quorumByWeight, REPUTATION_ONE } from '@concordat/protocol';
import { millionths, reputationAfter, weightsByReputation } from './weights';

fc.configureGlobal({ seed: 21, numRuns: 500 });

describe('weights by reputation', () => {
  it.each([
    ['equal reputations weigh the same', [1, 1, 1, 1], 1, [100, 100, 100, 100]],
    ['one member', [0.5], 0, [50]],
    ['nothing is capped with f = 0', [1, 0.01, 0, 0], 0, [100, 1, 1, 1]],
    ['no one weighs nothing', [0, 0, 0, 0], 1, [1, 1, 1, 1]],
    ['rounded down', [0.999999, 0.5, 0.509999, 0.019999], 0, [99, 50, 50, 1]],
    // 3c < c + 50 + 30 + 20 holds up to c = 49.
    ['the heaviest is capped', [1, 0.5, 0.3, 0.2], 1, [49, 49, 30, 20]],
    ['a cap of 1 where all but one have lost theirs', [1, 0, 0, 0], 1, [1, 1, 1, 1]],
    // 3c < c + 3 * 10 holds up to c = 14.
    ['little capped, little left', [0.4, 0.1, 0.1, 0.1], 1, [14, 10, 10, 10]],
    // F is the sum of two: 6c < 2c + 5 * 20.
    ['f = 2', [1, 0.9, 0.2, 0.2, 0.2, 0.2, 0.2], 2, [24, 24, 20, 20, 20, 20, 20]],
  ])('%s', (_, reputations, f, weights) =>
    expect(weightsByReputation(reputations.map(millionths), f)).toEqual(weights),
  );

  it.each([
    [3, 1],
    [4, 2],
    [4, -1],
    [4, 0.5],
    [0, 0],
  ])('refuses %d members with f = %d', (n, f) =>
    expect(() =>
      weightsByReputation(
        Array.from({ length: n }, () => REPUTATION_ONE),
        f,
      ),
    ).toThrow(RangeError),
  );

  const committee = fc
    .array(fc.integer({ min: 0, max: REPUTATION_ONE }), { minLength: 1, maxLength: 40 })
    .chain((reputations) =>
      fc.record({ reputations: fc.constant(reputations), f: fc.nat(faultsTolerated(reputations.length)) }),
    );

  it('always make a table that has quorums, and keep the order of reputations', () => {
    fc.assert(
      fc.property(committee, ({ reputations, f }) => {
        const weights = weightsByReputation(reputations, f);
        expect(quorumByWeight(weights, f)).toBeGreaterThan(0);
        weights.forEach((weight, index) => {
          expect(Number.isSafeInteger(weight) && weight >= 1 && weight <= 100).toBe(true);
          weights.forEach((other, at) => {
            if (reputations[index]! >= reputations[at]!) expect(weight).toBeGreaterThanOrEqual(other);
          });
        });
      }),
    );
  });

  it('have the greatest cap: with any greater one 3F < W does not hold', () => {
    fc.assert(
      fc.property(committee, ({ reputations, f }) => {
        const raw = reputations.map((reputation) => Math.max(1, Math.floor(reputation / 10_000)));
        const weights = weightsByReputation(reputations, f);
        const cap = Math.max(...weights);
        for (let greater = cap + 1; greater <= Math.max(...raw); greater++) {
          const capped = raw.map((weight) => Math.min(weight, greater));
          const total = capped.reduce((sum, weight) => sum + weight, 0);
          expect(3 * faultyWeightMax(capped, f)).toBeGreaterThanOrEqual(total);
        }
        expect(weights).toEqual(raw.map((weight) => Math.min(weight, cap)));
      }),
    );
  });
});

describe('reputation', () => {
  it.each([
    ['stays at 1', 1_000_000, 1_000_000, 1_000_000],
    ['falls by 30 %', 1_000_000, 0, 700_000],
    ['rises by 30 %', 0, 1_000_000, 300_000],
    ['is rounded down below a half', 1, 2, 1],
    ['is rounded up at a half', 5, 0, 4],
    ['is rounded up above a half', 8, 0, 6],
    ['ends at 0 nearly', 1, 0, 1],
  ])('%s', (_, old, score, after) => expect(reputationAfter(old, score)).toBe(after));

  it('stays within 0 and 1, between what it was and the score', () => {
    const value = fc.integer({ min: 0, max: REPUTATION_ONE });
    fc.assert(
      fc.property(value, value, (old, score) => {
        const after = reputationAfter(old, score);
        expect(Number.isSafeInteger(after)).toBe(true);
        expect(after).toBeGreaterThanOrEqual(Math.min(old, score));
        expect(after).toBeLessThanOrEqual(Math.max(old, score));
      }),
    );
  });

  it.each([
    [0.5, 500_000],
    [0.0000005, 1],
    [0.00000049, 0],
    [1, 1_000_000],
    [1.5, 1_000_000],
    [-3, 0],
    [1e308, 1_000_000],
  ])('%d is %d millionths', (value, expected) => expect(millionths(value)).toBe(expected));
});
