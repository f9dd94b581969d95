import { bls12_381 } from '@noble/curves/bls12-381.js';
import { ristretto255 as ristretto } from '@noble/curves/ed25519.js';
import { equalBytes } from '@concordat/protocol';
import { refuse, type ThresholdRefusal } from './refusal';

/** Bytes of a scalar in every group: big-endian, below the order. */
export const SCALAR_BYTES = 32;

/**
 * A group of prime order, written additively. `P` is its point type.
 *
 * `scale` is for secret scalars: the same steps for each, as far as JavaScript's big integers allow (their time depends on
 * their values; who can measure a member's own process closely learns something). `scalePublic` is faster and for public ones.
 */
export interface Group<P> {
  /** Stands in every layout: 1 is BLS12-381 (G1), 2 is ristretto255. */
  readonly id: number;
  readonly name: string;
  readonly order: bigint;
  /** Bytes of an encoded point. */
  readonly pointBytes: number;
  readonly base: P;
  readonly zero: P;
  add(a: P, b: P): P;
  subtract(a: P, b: P): P;
  scale(point: P, scalar: bigint): P;
  scalePublic(point: P, scalar: bigint): P;
  equal(a: P, b: P): boolean;
  isIdentity(point: P): boolean;
  encode(point: P): Uint8Array;
  /** The point that `bytes` encode: canonical, of the prime order, not the identity. `what` names it in a refusal. */
  decode(bytes: Uint8Array, what: string, index?: number): P | ThresholdRefusal;
}

interface CurvePoint<P> {
  add(other: P): P;
  subtract(other: P): P;
  multiply(scalar: bigint): P;
  multiplyUnsafe(scalar: bigint): P;
  equals(other: P): boolean;
  is0(): boolean;
  isTorsionFree(): boolean;
  toBytes(): Uint8Array;
}

interface Curve<P> extends Pick<Group<P>, 'id' | 'name' | 'order' | 'pointBytes' | 'base' | 'zero'> {
  /** Throws for bytes that are no point of the curve. */
  parse(bytes: Uint8Array): P;
}

/** Reads a point of a curve of any cofactor; shared with the signatures, which live in another group than the keys. */
export function decodePoint<P extends CurvePoint<P>>(
  { pointBytes, parse }: Pick<Curve<P>, 'pointBytes' | 'parse'>,
  bytes: Uint8Array,
  what: string,
  index?: number,
): P | ThresholdRefusal {
  if (bytes.length !== pointBytes)
    return refuse('not_a_point', `${what} has ${String(pointBytes)} bytes, not ${String(bytes.length)}`, index);
  let point: P;
  try {
    point = parse(bytes);
  } catch (error) {
    // The curve library tells this case apart in its message only.
    if (error instanceof Error && error.message.includes('subgroup'))
      return refuse('outside_subgroup', `${what} is outside the subgroup`, index);
    return refuse('not_a_point', `${what} is no canonical point of the curve`, index);
  }
  if (!equalBytes(point.toBytes(), bytes)) return refuse('not_a_point', `${what} is not canonical`, index);
  if (point.is0()) return refuse('identity_point', `${what} is the identity`, index);
  if (!point.isTorsionFree()) return refuse('outside_subgroup', `${what} is outside the subgroup`, index);
  return point;
}

function createGroup<P extends CurvePoint<P>>(curve: Curve<P>): Group<P> {
  const { id, name, order, pointBytes, base, zero } = curve;
  const reduced = (scalar: bigint): bigint => ((scalar % order) + order) % order;
  return {
    id,
    name,
    order,
    pointBytes,
    base,
    zero,
    add: (a, b) => a.add(b),
    subtract: (a, b) => a.subtract(b),
    scale: (point, scalar) => (reduced(scalar) === 0n ? zero : point.multiply(reduced(scalar))),
    scalePublic: (point, scalar) => (reduced(scalar) === 0n ? zero : point.multiplyUnsafe(reduced(scalar))),
    equal: (a, b) => a.equals(b),
    isIdentity: (point) => point.is0(),
    encode: (point) => point.toBytes(),
    decode: (bytes, what, index) => decodePoint(curve, bytes, what, index),
  };
}

const G1 = bls12_381.G1.Point;
const R255 = ristretto.Point;

/** A point of BLS12-381's G1. */
export type BlsPoint = InstanceType<typeof G1>;
/** A point of ristretto255 (RFC 9496). */
export type RistrettoPoint = InstanceType<typeof R255>;

/** Keys of threshold BLS signatures: points of G1, 48 bytes compressed. */
export const blsGroup: Group<BlsPoint> = createGroup({
  id: 1,
  name: 'BLS12-381 G1',
  order: G1.Fn.ORDER,
  pointBytes: 48,
  base: G1.BASE,
  zero: G1.ZERO,
  parse: (bytes) => G1.fromBytes(bytes),
});

/** Keys of ballots: ristretto255, 32 bytes. */
export const ristrettoGroup: Group<RistrettoPoint> = createGroup({
  id: 2,
  name: 'ristretto255',
  order: R255.Fn.ORDER,
  pointBytes: 32,
  base: R255.BASE,
  zero: R255.ZERO,
  parse: (bytes) => R255.fromBytes(bytes),
});

/** 32 bytes, big-endian, of a scalar below the order. */
export function encodeScalar(scalar: bigint): Uint8Array {
  const bytes = new Uint8Array(SCALAR_BYTES);
  let rest = scalar;
  for (let at = SCALAR_BYTES - 1; at >= 0; at--) {
    bytes[at] = Number(rest & 0xffn);
    rest >>= 8n;
  }
  return bytes;
}

/** The number in big-endian bytes of any length. */
export function integerOf(bytes: Uint8Array): bigint {
  let value = 0n;
  for (const byte of bytes) value = (value << 8n) | BigInt(byte);
  return value;
}

/** The scalar in 32 bytes, refused unless it is below the group's order. */
export function decodeScalar(
  { order, name }: Pick<Group<unknown>, 'order' | 'name'>,
  bytes: Uint8Array,
  what: string,
  index?: number,
): bigint | ThresholdRefusal {
  const value = integerOf(bytes);
  if (bytes.length === SCALAR_BYTES && value < order) return value;
  return refuse('not_a_scalar', `${what} is no scalar below the order of ${name}`, index);
}
