import * as fc from 'fast-check';
import { faultsTolerated, faultyWeightMax, quorumByCount, quorumByWeight } from './quorum';

fc.configureGlobal({ seed: 5, numRuns: 300 });

/** Every committee of up to 100 members with every f that it can tolerate. */
const committees = Array.from({ length: 100 }, (_, i) => i + 1).flatMap((n) =>
  Array.from({ length: Math.floor((n - 1) / 3) + 1 }, (_, f) => ({ n, f })),
);

/** Fewest members that two sets of `size` out of n have in common. */
const overlap = (n: number, size: number): number => Math.max(0, 2 * size - n);

describe('quorums by count, all n <= 100 and every f', () => {
  it('two quorums meet in more than f members: in an honest one', () => {
    for (const { n, f } of committees) expect([n, f, overlap(n, quorumByCount(n, f)) > f]).toEqual([n, f, true]);
  });

  it('a quorum exists without the f faulty', () => {
    for (const { n, f } of committees) expect([n, f, n - f >= quorumByCount(n, f)]).toEqual([n, f, true]);
  });

  it('none is larger than it must be: one member less, and two sets may meet in f faulty ones only', () => {
    for (const { n, f } of committees) expect([n, f, overlap(n, quorumByCount(n, f) - 1) <= f]).toEqual([n, f, true]);
  });

  it('more than f members of a quorum are honest, and no f members are one', () => {
    for (const { n, f } of committees) {
      const quorum = quorumByCount(n, f);
      expect([n, f, quorum - f > f || f === 0, quorum > f, quorum <= n]).toEqual([n, f, true, true, true]);
    }
  });

  it('is ceil((n + f + 1) / 2)', () => {
    for (const { n, f } of committees) expect(quorumByCount(n, f)).toBe(Math.ceil((n + f + 1) / 2));
  });

  it('is the same by weight when all weigh 1', () => {
    for (const { n, f } of committees)
      expect(quorumByWeight(new Array<number>(n).fill(1), f)).toBe(quorumByCount(n, f));
  });
});

it.each([
  { n: 1, f: 0, quorum: 1 },
  { n: 2, f: 0, quorum: 2 },
  { n: 3, f: 0, quorum: 2 },
  { n: 4, f: 1, quorum: 3 },
  { n: 5, f: 1, quorum: 4 },
  { n: 6, f: 1, quorum: 4 },
  { n: 7, f: 2, quorum: 5 },
  { n: 9, f: 2, quorum: 6 },
  { n: 10, f: 3, quorum: 7 },
  { n: 4, f: 0, quorum: 3 },
  { n: 10, f: 1, quorum: 6 },
  { n: 100, f: 33, quorum: 67 },
])('n = $n, f = $f: $quorum', ({ n, f, quorum }) => expect(quorumByCount(n, f)).toBe(quorum));

describe('2f + 1 splits the log where n is not 3f + 1 (scenario 10)', () => {
  /** Two sets of `size` that have as few members in common as can be, the first f of them liars. */
  function split(n: number, f: number, size: number): { common: number[]; honestCommon: number[] } {
    const one = Array.from({ length: size }, (_, i) => i);
    const other = Array.from({ length: size }, (_, i) => (i + n - (size - Math.max(0, 2 * size - n))) % n);
    const common = one.filter((member) => other.includes(member));
    return { common, honestCommon: common.filter((member) => !common.slice(0, f).includes(member)) };
  }

  it.each([5, 6, 8, 9, 11, 12])('n = %s: two sets of 2f + 1 share no honest member; two quorums do', (n) => {
    const f = faultsTolerated(n);
    const unsafe = split(n, f, 2 * f + 1);
    expect(unsafe.common).toHaveLength(overlap(n, 2 * f + 1));
    expect(unsafe.honestCommon).toEqual([]);
    const ours = split(n, f, quorumByCount(n, f));
    expect(ours.common).toHaveLength(overlap(n, quorumByCount(n, f)));
    expect(ours.honestCommon.length).toBeGreaterThan(0);
  });

  it('and is right exactly where n = 3f + 1', () => {
    for (const { n, f } of committees) {
      const safe = overlap(n, 2 * f + 1) > f;
      expect([n, f, safe]).toEqual([n, f, n === 3 * f + 1]);
      expect(quorumByCount(n, f) === 2 * f + 1).toBe(n === 3 * f + 1);
    }
  });
});

describe('faultsTolerated', () => {
  it('is the greatest f with n >= 3f + 1', () => {
    for (let n = 1; n <= 300; n++) {
      const f = faultsTolerated(n);
      expect(n >= 3 * f + 1 && n < 3 * (f + 1) + 1).toBe(true);
    }
  });

  it.each([0, -1, 0.5, Number.NaN, Number.POSITIVE_INFINITY])('refuses a committee of %s', (n) =>
    expect(() => faultsTolerated(n)).toThrow(RangeError),
  );
});

it('refuses every f above what n tolerates, and what is no number of members', () => {
  for (let n = 1; n <= 100; n++) {
    for (const f of [faultsTolerated(n) + 1, faultsTolerated(n) + 7, -1, 0.5, Number.NaN])
      expect(() => quorumByCount(n, f)).toThrow(RangeError);
  }
});

/** Weight of the members whose bits are set. */
function weightOf(weights: readonly number[], members: number): number {
  return weights.reduce((sum, weight, index) => sum + ((members >> index) & 1) * weight, 0);
}

const bits = (members: number): number => members.toString(2).replaceAll('0', '').length;

const anyWeights = fc.array(fc.integer({ min: 1, max: 12 }), { minLength: 1, maxLength: 8 });
const anyTable = anyWeights.chain((weights) =>
  fc.record({ weights: fc.constant(weights), f: fc.nat(Math.floor((weights.length - 1) / 3)) }),
);

describe('quorums by weight, by brute force', () => {
  it('knows the greatest weight of any f members', () => {
    fc.assert(
      fc.property(anyTable, ({ weights, f }) => {
        let greatest = 0;
        for (let set = 0; set < 1 << weights.length; set++)
          if (bits(set) === f) greatest = Math.max(greatest, weightOf(weights, set));
        expect(faultyWeightMax(weights, f)).toBe(greatest);
      }),
      { numRuns: 100 },
    );
  });

  it('refuses a table exactly where 3F < W does not hold', () => {
    let refused = 0;
    fc.assert(
      fc.property(anyTable, ({ weights, f }) => {
        const total = weights.reduce((sum, weight) => sum + weight, 0);
        if (3 * faultyWeightMax(weights, f) < total) {
          expect(quorumByWeight(weights, f)).toBeLessThanOrEqual(total);
          return;
        }
        refused++;
        expect(() => quorumByWeight(weights, f)).toThrow(/3F < W/);
      }),
    );
    expect(refused).toBeGreaterThan(20);
  });

  it('any two quorums share more weight than any f members hold, and one exists without any f members', () => {
    let tables = 0;
    fc.assert(
      fc.property(anyTable, ({ weights, f }) => {
        const total = weights.reduce((sum, weight) => sum + weight, 0);
        const faulty = faultyWeightMax(weights, f);
        fc.pre(3 * faulty < total);
        tables++;
        const quorum = quorumByWeight(weights, f);
        const sets = Array.from({ length: 1 << weights.length }, (_, set) => set);
        const quorums = sets.filter((set) => weightOf(weights, set) >= quorum);
        for (const a of quorums) for (const b of quorums) if (weightOf(weights, a & b) <= faulty) throw new Error();
        for (const liars of sets) {
          if (bits(liars) > f) continue;
          if (weightOf(weights, ~liars) < quorum) throw new Error(`${weights.join()} without ${liars.toString(2)}`);
        }
        // A quorum is the least integer above (W + F) / 2.
        expect(2 * quorum > total + faulty && 2 * (quorum - 1) <= total + faulty).toBe(true);
      }),
      { numRuns: 60 },
    );
    expect(tables).toBe(60);
  });

  it.each([
    { weights: [1, 1, 1, 1], f: 1, quorum: 3 },
    { weights: [2, 1, 1, 1], f: 1, quorum: undefined },
    { weights: [2, 2, 1, 1, 1], f: 1, quorum: 5 },
    { weights: [3, 3, 3, 1], f: 1, quorum: 7 },
    { weights: [1, 1, 1, 100], f: 0, quorum: 52 },
    { weights: [10, 10, 10, 10, 10, 10, 10], f: 2, quorum: 46 },
    // Exactly a third of the weight is one too many.
    { weights: [2, 1, 1, 2], f: 1, quorum: undefined },
    { weights: [4, 4, 4, 1], f: 1, quorum: 9 },
    { weights: [4, 4, 3, 1], f: 1, quorum: undefined },
  ])('$weights with f = $f: $quorum', ({ weights, f, quorum }) => {
    if (quorum === undefined) expect(() => quorumByWeight(weights, f)).toThrow(RangeError);
    else expect(quorumByWeight(weights, f)).toBe(quorum);
  });

  it.each([0, -1, 0.5, Number.NaN, Number.MAX_SAFE_INTEGER + 1])('refuses a weight of %s', (weight) =>
    expect(() => quorumByWeight([5, 5, 5, weight], 0)).toThrow(RangeError),
  );

  it('refuses weights whose sum is no safe integer', () => {
    const weights = new Array<number>(4).fill(Number.MAX_SAFE_INTEGER);
    expect(() => quorumByWeight(weights, 1)).toThrow(RangeError);
  });
});
