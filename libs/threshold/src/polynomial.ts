import { invariant } from '@concordat/protocol';
import type { Group } from './group';

/** Value of the polynomial with these coefficients, lowest first, at `x`. */
export function evaluate(order: bigint, coefficients: readonly bigint[], x: bigint): bigint {
  let value = 0n;
  for (const coefficient of coefficients.toReversed()) value = (value * x + coefficient) % order;
  return value;
}

/** The same of the polynomial whose coefficients these points commit to: `evaluate` times the base. */
export function evaluateCommitments<P>(group: Group<P>, commitments: readonly P[], x: bigint): P {
  let value = group.zero;
  for (const commitment of commitments.toReversed()) value = group.add(group.scalePublic(value, x), commitment);
  return value;
}

function inverse(order: bigint, value: bigint): bigint {
  let [r, nextR, s, nextS] = [order, ((value % order) + order) % order, 0n, 1n];
  while (nextR !== 0n) {
    const quotient = r / nextR;
    [r, nextR] = [nextR, r - quotient * nextR];
    [s, nextS] = [nextS, s - quotient * nextS];
  }
  invariant(r === 1n, 'only numbers without a common factor have an inverse');
  return ((s % order) + order) % order;
}

/** What to weigh the values at `indices` with to get the value at 0 (Lagrange). Indices are distinct, none is 0. */
export function lagrangeAtZero(order: bigint, indices: readonly number[]): readonly bigint[] {
  invariant(new Set([0, ...indices]).size === indices.length + 1, 'indices are distinct and not 0');
  return indices.map((own) => {
    let [above, below] = [1n, 1n];
    for (const other of indices) {
      if (other === own) continue;
      above = (above * BigInt(other)) % order;
      below = (below * BigInt(other - own)) % order;
    }
    return (above * inverse(order, below)) % order;
  });
}

/** Value at 0 of the polynomial through these points: `sum` and `scale` are those of where the values live. */
export function interpolateAtZero<V>(
  order: bigint,
  values: readonly { readonly index: number; readonly value: V }[],
  zero: V,
  weighted: (value: V, weight: bigint) => V,
  sum: (a: V, b: V) => V,
): V {
  const weights = lagrangeAtZero(
    order,
    values.map(({ index }) => index),
  );
  return values.reduce((total, { value }, at) => sum(total, weighted(value, weights[at] ?? 0n)), zero);
}
