import { isCanonicalY, isSmallOrder, PUBLIC_KEY_BYTES } from './rule';

// Edwards25519: -x² + y² = 1 + d x² y² over p = 2^255 - 19 (RFC 8032 §5.1). Only public values pass through here, so
// arithmetic in variable time does no harm.
const P = 2n ** 255n - 19n;
const L = 2n ** 252n + 27742317777372353535851937790883648493n;
const D = 37095705934669439343138083508754565189542113879843219016388785533085940283555n;
const SQRT_MINUS_1 = 19681161376707505956807079304988542015446066515923890162744021073123829784752n;
const SIGN_BIT = 1n << 255n;

/** A point as (X : Y : Z : T) with x = X/Z, y = Y/Z, T = XY/Z. Coordinates may be negative representatives. */
interface Point {
  readonly x: bigint;
  readonly y: bigint;
  readonly z: bigint;
  readonly t: bigint;
}

function power(base: bigint, exponent: bigint): bigint {
  let result = 1n;
  let square = base % P;
  for (let rest = exponent; rest > 0n; rest >>= 1n) {
    if ((rest & 1n) === 1n) result = (result * square) % P;
    square = (square * square) % P;
  }
  return result;
}

const isZero = (value: bigint): boolean => value % P === 0n;

/** RFC 8032 §5.1.8, add-2008-hwcd-3: complete, so it needs no special cases. */
function add(a: Point, b: Point): Point {
  const m = ((a.y - a.x) * (b.y - b.x)) % P;
  const n = ((a.y + a.x) * (b.y + b.x)) % P;
  const c = (((2n * D * a.t) % P) * b.t) % P;
  const d = 2n * a.z * b.z;
  const [e, f, g, h] = [n - m, d - c, d + c, n + m];
  return { x: (e * f) % P, y: (g * h) % P, z: (f * g) % P, t: (e * h) % P };
}

/** RFC 8032 §5.1.4, dbl-2008-hwcd. */
function double(a: Point): Point {
  const xx = (a.x * a.x) % P;
  const yy = (a.y * a.y) % P;
  const h = xx + yy;
  const sum = a.x + a.y;
  const e = h - ((sum * sum) % P);
  const g = xx - yy;
  const f = ((2n * a.z * a.z) % P) + g;
  return { x: (e * f) % P, y: (g * h) % P, z: (f * g) % P, t: (e * h) % P };
}

/** The point that canonical bytes encode, or undefined when there is none (RFC 8032 §5.1.3). */
function decode(encoded: Uint8Array): Point | undefined {
  const whole = BigInt(`0x${Buffer.from(encoded).reverse().toString('hex')}`);
  const odd = whole >= SIGN_BIT;
  const y = odd ? whole - SIGN_BIT : whole;
  const u = (y * y - 1n + P) % P;
  const v = (D * y * y + 1n) % P;
  let x = (((u * power(v, 3n)) % P) * power(u * power(v, 7n), (P - 5n) / 8n)) % P;
  if (!isZero(v * x * x - u)) x = (x * SQRT_MINUS_1) % P;
  if (!isZero(v * x * x - u) || (x === 0n && odd)) return undefined;
  if (((x & 1n) === 1n) !== odd) x = P - x;
  return { x, y, z: 1n, t: (x * y) % P };
}

/**
 * True when the bytes canonically encode a point of order exactly L: rule 4 of the acceptance rule.
 *
 * Exact arithmetic in BigInt, about a millisecond: once per key, and only for keys that just signed something. The
 * reference for backends that have a faster way.
 */
export function isPrimeOrderPoint(encoded: Uint8Array): boolean {
  if (encoded.length !== PUBLIC_KEY_BYTES || !isCanonicalY(encoded) || isSmallOrder(encoded)) return false;
  const point = decode(encoded);
  if (point === undefined) return false;
  let multiple = point;
  for (let bit = 251n; bit >= 0n; bit--) {
    multiple = double(multiple);
    if (((L >> bit) & 1n) === 1n) multiple = add(multiple, point);
  }
  return isZero(multiple.x) && isZero(multiple.y - multiple.z);
}
