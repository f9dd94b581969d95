/**
 * Quorum arithmetic (Spec §2).
 *
 * Two quorums must share more than F weight, so that they share an honest member. `2f + 1` is right only when n = 3f + 1:
 * with n = 9 and f = 2, two sets of 5 may meet in one member, who may be the liar.
 */

/** Greatest f with n >= 3f + 1. Throws a RangeError for n < 1. */
export function faultsTolerated(n: number): number {
  if (!Number.isSafeInteger(n) || n < 1) throw new RangeError(`a committee has at least one member, not ${String(n)}`);
  return Math.floor((n - 1) / 3);
}

/** Members in a quorum when all weigh the same: floor((n + f) / 2) + 1. Throws a RangeError unless n >= 3f + 1. */
export function quorumByCount(n: number, f: number): number {
  if (!Number.isSafeInteger(f) || f < 0 || f > faultsTolerated(n))
    throw new RangeError(`n = ${String(n)} cannot tolerate f = ${String(f)}: n >= 3f + 1`);
  return Math.floor((n + f) / 2) + 1;
}

/** Greatest weight that any f members hold together. */
export function faultyWeightMax(weights: readonly number[], f: number): number {
  return [...weights]
    .sort((a, b) => b - a)
    .slice(0, f)
    .reduce((sum, weight) => sum + weight, 0);
}

/** Least weight of a quorum: the least integer above (W + F) / 2. Throws a RangeError unless 3F < W and all weights are integers >= 1. */
export function quorumByWeight(weights: readonly number[], f: number): number {
  if (!Number.isSafeInteger(f) || f < 0) throw new RangeError(`f is an integer >= 0, not ${String(f)}`);
  for (const weight of weights) {
    if (!Number.isSafeInteger(weight) || weight < 1)
      throw new RangeError(`a weight is an integer >= 1, not ${String(weight)}`);
  }
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const faulty = faultyWeightMax(weights, f);
  if (!Number.isSafeInteger(total + faulty)) throw new RangeError('weights add up to more than 2^53-1');
  if (3 * faulty >= total)
    throw new RangeError(`weights refused: 3F < W does not hold for F = ${String(faulty)}, W = ${String(total)}`);
  return Math.floor((total + faulty) / 2) + 1;
}
