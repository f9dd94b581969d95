import { fitPolynomial, type Point } from './fit';

const SIZES = [4, 7, 16, 31, 64, 100];
const pointsOf = (y: (n: number) => number): Point[] => SIZES.map((n) => [n, y(n)]);

describe('fitPolynomial', () => {
  it.each([
    { name: 'a constant', degree: 0, y: () => 7, coefficients: [7] },
    { name: 'a line', degree: 1, y: (n: number) => 2.5 + 6 * n, coefficients: [2.5, 6] },
    { name: 'a parabola', degree: 2, y: (n: number) => 1 - 3 * n + 2 * n * n, coefficients: [1, -3, 2] },
    { name: 'a line, by a parabola', degree: 2, y: (n: number) => 4 * n, coefficients: [0, 4, 0] },
  ])('finds $name', ({ degree, y, coefficients }) => {
    const fit = fitPolynomial(pointsOf(y), degree);
    fit.coefficients.forEach((found, index) => expect(found).toBeCloseTo(coefficients[index] ?? NaN, 6));
    expect(fit.coefficients).toHaveLength(degree + 1);
    expect(fit.r2).toBeCloseTo(1, 9);
  });

  it('lies between points that are on no line, and says how well', () => {
    // Means 2 and 3, so b = 1/2 * ... by hand: sum of (x-2)(y-3) = 2, sum of (x-2)^2 = 2.
    const fit = fitPolynomial(
      [
        [1, 2],
        [2, 3],
        [2, 3],
        [3, 4],
        [2, 5],
        [2, 1],
      ],
      1,
    );
    expect(fit.coefficients[0]).toBeCloseTo(1, 9);
    expect(fit.coefficients[1]).toBeCloseTo(1, 9);
    // Residuals are 2 and -2; the variance is 2 + 8.
    expect(fit.r2).toBeCloseTo(1 - 8 / 10, 9);
  });

  it('a line explains a parabola less well than a parabola', () => {
    const points = pointsOf((n) => n * n);
    expect(fitPolynomial(points, 1).r2).toBeLessThan(0.97);
    expect(fitPolynomial(points, 2).r2).toBeGreaterThan(0.999_999);
  });

  it('refuses too few points', () => {
    expect(() => fitPolynomial([[4, 1]], 1)).toThrow(/needs 2 points/);
    expect(() =>
      fitPolynomial(
        [
          [4, 1],
          [4, 2],
          [7, 1],
        ],
        2,
      ),
    ).toThrow(/needs 3 points/);
  });
});
