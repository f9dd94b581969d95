import { createHash } from 'node:crypto';

/**
 * Edwards25519 in textbook formulas: slow, and sharing nothing with the code under test. Makes the keys and signatures
 * that no honest signer makes.
 */
export type AffinePoint = readonly [x: bigint, y: bigint];

export const P = 2n ** 255n - 19n;
export const L = 2n ** 252n + 27742317777372353535851937790883648493n;
export const NEUTRAL: AffinePoint = [0n, 1n];

const modulo = (value: bigint, modulus = P): bigint => ((value % modulus) + modulus) % modulus;

function power(base: bigint, exponent: bigint): bigint {
  let result = 1n;
  for (let [square, rest] = [modulo(base), exponent]; rest > 0n; [square, rest] = [(square * square) % P, rest >> 1n]) {
    if (rest % 2n === 1n) result = (result * square) % P;
  }
  return result;
}

const inverse = (value: bigint): bigint => power(value, P - 2n);
const D = modulo(-121665n * inverse(121666n));

type Projective = readonly [x: bigint, y: bigint, z: bigint];

const affine = ([x, y, z]: Projective): AffinePoint => {
  const scale = inverse(z);
  return [modulo(x * scale), modulo(y * scale)];
};

/** add-2008-bbjlp with a = -1: complete, and not the formula of the code under test. */
function addProjective([x1, y1, z1]: Projective, [x2, y2, z2]: Projective): Projective {
  const a = (z1 * z2) % P;
  const [b, c, d] = [(a * a) % P, (x1 * x2) % P, (y1 * y2) % P];
  const e = (((D * c) % P) * d) % P;
  const [f, g] = [b - e, b + e];
  return [modulo(((a * f) % P) * ((x1 + y1) * (x2 + y2) - c - d)), modulo(((a * g) % P) * (d + c)), modulo(f * g)];
}

export const add = ([x1, y1]: AffinePoint, [x2, y2]: AffinePoint): AffinePoint =>
  affine(addProjective([x1, y1, 1n], [x2, y2, 1n]));

export function multiply([x, y]: AffinePoint, factor: bigint): AffinePoint {
  let sum: Projective = [0n, 1n, 1n];
  let double: Projective = [x, y, 1n];
  for (let rest = factor; rest > 0n; rest >>= 1n) {
    if (rest % 2n === 1n) sum = addProjective(sum, double);
    double = addProjective(double, double);
  }
  return affine(sum);
}

/** The 32 little-endian bytes of a number below 2^256. */
export function littleEndian(value: bigint): Uint8Array {
  return new Uint8Array(Buffer.from(value.toString(16).padStart(64, '0'), 'hex').reverse());
}

const numberOf = (bytes: Uint8Array): bigint => BigInt(`0x${Buffer.from(bytes).reverse().toString('hex')}`);

/** The point with this y, taken modulo p, and this parity of x; undefined when the curve has none. Lax: knows no "-0". */
export function pointAt(y: bigint, odd: boolean): AffinePoint | undefined {
  const u = modulo(y * y - 1n);
  const xx = modulo(u * inverse(D * y * y + 1n));
  let x = power(xx, (P + 3n) / 8n);
  if ((x * x) % P !== xx) x = modulo(x * power(2n, (P - 1n) / 4n));
  if ((x * x) % P !== xx) return undefined;
  return [(x % 2n === 1n) === odd ? x : modulo(-x), modulo(y)];
}

export const encode = ([x, y]: AffinePoint): Uint8Array => littleEndian(y + (x % 2n) * 2n ** 255n);

/** The point of a lax decoder: y modulo p, "-0" allowed. */
export function decodeLax(bytes: Uint8Array): AffinePoint | undefined {
  const whole = numberOf(bytes);
  return pointAt(whole % 2n ** 255n, whole >= 2n ** 255n);
}

export const BASE = pointAt(4n * inverse(5n), false) ?? NEUTRAL;

/** The eight points whose order divides 8, as multiples 0..7 of one of order 8. */
export const TORSION: readonly AffinePoint[] = (() => {
  for (let y = 2n; ; y++) {
    const generator = multiply(pointAt(y, false) ?? NEUTRAL, L);
    if (multiply(generator, 4n)[1] !== 1n) return [0n, 1n, 2n, 3n, 4n, 5n, 6n, 7n].map((i) => multiply(generator, i));
  }
})();

/** All 14 encodings that a lax decoder takes for one of TORSION: 8 canonical, 6 with y >= p or with a sign on x = 0. */
export const TORSION_ENCODINGS: readonly Uint8Array[] = TORSION.flatMap(([x, y]) => {
  const sign = 2n ** 255n;
  const ys = y < 19n ? [y, y + P] : [y];
  return ys.flatMap((value) => (x === 0n ? [value, value + sign] : [value + (x % 2n) * sign])).map(littleEndian);
});

/** k of the verification equation, modulo L. */
export function challenge(r: Uint8Array, publicKey: Uint8Array, message: Uint8Array): bigint {
  return numberOf(createHash('sha512').update(r).update(publicKey).update(message).digest()) % L;
}

/** [8][S]B = [8]R + [8][k]A with lax decoding: accepts whatever some implementation somewhere accepts. */
export function laxVerify(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  const r = decodeLax(signature.subarray(0, 32));
  const a = decodeLax(publicKey);
  if (r === undefined || a === undefined) return false;
  const k = challenge(signature.subarray(0, 32), publicKey, message);
  const left = multiply(BASE, (8n * numberOf(signature.subarray(32))) % L);
  const right = multiply(add(r, multiply(a, k)), 8n);
  return left[0] === right[0] && left[1] === right[1];
}
