import { faultsTolerated, faultyWeightMax, REPUTATION_ONE } from '@concordat/protocol';

/** Weight of a member with reputation 1, before the cap. */
export const WEIGHT_ONE = 100;

/**
 * Weights of members by their reputations (millionths), for a committee that tolerates f faults (Spec §7). Each weighs
 * `max(1, floor(reputation * 100))`; then no one weighs more than c, the greatest c >= 1 with which 3F < W holds. c = 1 always
 * does, because n >= 3f + 1. Integers only. Throws a RangeError for an f that n members cannot tolerate.
 */
export function weightsByReputation(reputations: readonly number[], f: number): number[] {
  if (!Number.isSafeInteger(f) || f < 0 || f > faultsTolerated(reputations.length))
    throw new RangeError(`${String(reputations.length)} members cannot tolerate f = ${String(f)}`);
  const raw = reputations.map((reputation) => Math.max(1, Math.floor((reputation * WEIGHT_ONE) / REPUTATION_ONE)));
  let cap = raw.reduce((greatest, weight) => Math.max(greatest, weight), 1);
  let weights = raw;
  while (cap > 1 && !holds(weights, f)) {
    cap--;
    const limit = cap;
    weights = raw.map((weight) => Math.min(weight, limit));
  }
  return weights;
}

const holds = (weights: readonly number[], f: number): boolean =>
  3 * faultyWeightMax(weights, f) < weights.reduce((sum, weight) => sum + weight, 0);

/** A number as millionths, halves up; what is outside 0 to 1 becomes 0 or 1. */
export const millionths = (value: number): number => Math.floor(Math.min(1, Math.max(0, value)) * REPUTATION_ONE + 0.5);

/** Reputation after a score, both in millionths: 70 % of the old one and 30 % of the score, halves up. */
export const reputationAfter = (reputation: number, score: number): number =>
  Math.floor((7 * reputation + 3 * score + 5) / 10);
