/** A polynomial that lies closest to points, by the squares of the distances in y. */
export interface Fit {
  /** From the constant upwards. */
  readonly coefficients: readonly number[];
  /** Share of the variance in y that it explains: 1 when all points lie on it. */
  readonly r2: number;
}

/** A point to fit. */
export type Point = readonly [x: number, y: number];

/**
 * Least squares by the normal equations. Throws a RangeError with fewer distinct x than coefficients: nothing would be fixed.
 */
export function fitPolynomial(points: readonly Point[], degree: number): Fit {
  const size = degree + 1;
  if (new Set(points.map(([x]) => x)).size < size)
    throw new RangeError(`a polynomial of degree ${String(degree)} needs ${String(size)} points apart`);
  const powerSum = (power: number, weigh: (y: number) => number): number =>
    points.reduce((sum, [x, y]) => sum + x ** power * weigh(y), 0);
  const rows = Array.from({ length: size }, (_, row) => [
    ...Array.from({ length: size }, (_column, column) => powerSum(row + column, () => 1)),
    powerSum(row, (y) => y),
  ]);
  const coefficients = solved(rows);
  const valueAt = (x: number): number => coefficients.reduceRight((value, factor) => value * x + factor, 0);
  const mean = powerSum(0, (y) => y) / points.length;
  const residual = points.reduce((sum, [x, y]) => sum + (y - valueAt(x)) ** 2, 0);
  const variance = points.reduce((sum, [, y]) => sum + (y - mean) ** 2, 0);
  return { coefficients, r2: variance === 0 ? 1 : 1 - residual / variance };
}

/** Gauss-Jordan elimination of rows with their right-hand side last; the largest pivot first. */
function solved(rows: number[][]): number[] {
  const size = rows.length;
  const at = (row: number, column: number): number => rows[row]?.[column] ?? 0;
  for (let pivot = 0; pivot < size; pivot++) {
    let largest = pivot;
    for (let row = pivot + 1; row < size; row++)
      if (Math.abs(at(row, pivot)) > Math.abs(at(largest, pivot))) largest = row;
    const [found, other] = [rows[largest] ?? [], rows[pivot] ?? []];
    rows[pivot] = found.map((value) => value / (found[pivot] ?? 1));
    if (largest !== pivot) rows[largest] = other;
    for (let row = 0; row < size; row++) {
      if (row === pivot) continue;
      const factor = at(row, pivot);
      rows[row] = (rows[row] ?? []).map((value, column) => value - factor * at(pivot, column));
    }
  }
  return rows.map((row) => row[size] ?? 0);
}
