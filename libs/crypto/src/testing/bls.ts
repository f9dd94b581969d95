import { bls12_381 } from '@noble/curves/bls12-381.js';
import type { MemberIndex, VoteSignature } from '@concordat/protocol';
import type { BlsMember } from '../bls/committee';

/**
 * A forger for BLS12-381 that shares nothing with what it attacks: the arithmetic is that of @noble/curves, the encodings
 * are written here, and it knows every private key.
 */

const { G1, G2, fields, longSignatures } = bls12_381;
const { Fp, Fp2 } = fields;
export type G1Point = typeof G1.Point.BASE;
export type G2Point = typeof G2.Point.BASE;

/** The one tag that the binding hashes under. */
const SIGNATURE_TAG = 'BLS_SIG_BLS12381G2_XMD:SHA-256_SSWU_RO_POP_';
/** Order of the base field. */
export const P = Fp.ORDER;
/** Order of the groups. */
export const R = fields.Fr.ORDER;
const G1_COFACTOR = 0x396c8c005555e1568c00aaab0000aaabn;
const G2_COFACTOR =
  0x5d543a95414e7f1091d50792876a202cd91de4547085abaa68a205b2e5a7ddfa628f1cb4d9e82ef21537e293a6691ae1616ec6e786f0c70cf1c38e31c7238e5n;

export const text = (value: string): Uint8Array => Uint8Array.from(Buffer.from(value));
export const hex = (value: string): Uint8Array => Uint8Array.from(Buffer.from(value, 'hex'));

export function bigEndian(value: bigint, length: number): Uint8Array {
  return hex(value.toString(16).padStart(2 * length, '0'));
}
export const integer = (bytes: Uint8Array): bigint => BigInt(`0x${Buffer.from(bytes).toString('hex')}`);

/** The private scalar of somebody, the same every time. Powers: of no two sets of people are the sums equal by construction. */
export const scalarOf = (who: number): bigint => 0x1f3d_5b79_9775_5331n ** BigInt(who + 5) % R;
export const privateKeyOf = (who: number): Uint8Array => bigEndian(scalarOf(who), 32);
export const keyPoint = (who: number): G1Point => G1.Point.BASE.multiply(scalarOf(who));

/** [scalar]H(message). */
export const signWith = (scalar: bigint, message: Uint8Array, tag = SIGNATURE_TAG): G2Point =>
  longSignatures.hash(message, tag).multiply(scalar);

/** Whether noble finds the aggregate of `keys` under the message. */
export const nobleVerifies = (signature: Uint8Array, message: Uint8Array, keys: readonly Uint8Array[]): boolean =>
  longSignatures.verify(
    signature,
    longSignatures.hash(message, SIGNATURE_TAG),
    keys.map((key) => G1.Point.fromBytes(key)).reduce((a, b) => a.add(b)),
  );

const isUpper = (y: bigint): boolean => 2n * y > P;

/** The compressed encoding, whether or not the point has order r. */
export function encodeG1(point: G1Point): Uint8Array {
  if (point.is0()) return bigEndian(0xc0n << 376n, 48);
  const { x, y } = point.toAffine();
  return flagged(bigEndian(x, 48), isUpper(y));
}

/** The compressed encoding, whether or not the point has order r: the imaginary part of x comes first. */
export function encodeG2(point: G2Point): Uint8Array {
  if (point.is0()) return bigEndian(0xc0n << 760n, 96);
  const { x, y } = point.toAffine();
  return flagged(bigEndian((x.c1 << 384n) | x.c0, 96), y.c1 === 0n ? isUpper(y.c0) : isUpper(y.c1));
}

function flagged(bytes: Uint8Array, upper: boolean): Uint8Array {
  return bytes.with(0, (bytes[0] ?? 0) | 0x80 | (upper ? 0x20 : 0));
}

/** Any multiple, by doubling and adding: noble's own takes scalars below r only. */
function times<Point extends { add(other: Point): Point; double(): Point }>(
  point: Point,
  zero: Point,
  by: bigint,
): Point {
  let product = zero;
  for (const bit of by.toString(2)) {
    product = product.double();
    if (bit === '1') product = product.add(point);
  }
  return product;
}

/** A point of G1's curve outside the subgroup, with a small x. */
export function strayG1(): G1Point {
  for (let x = 1n; ; x++) {
    const y2 = Fp.create(x ** 3n + 4n);
    try {
      return G1.Point.fromAffine({ x, y: Fp.sqrt(y2) });
    } catch {
      // No point has that x.
    }
  }
}

/** A point of G2's curve outside the subgroup, with a small x. */
export function strayG2(): G2Point {
  for (let c0 = 1n; ; c0++) {
    const x = Fp2.create({ c0, c1: 0n });
    const y2 = Fp2.add(Fp2.mul(Fp2.sqr(x), x), Fp2.create({ c0: 4n, c1: 4n }));
    try {
      return G2.Point.fromAffine({ x, y: Fp2.sqrt(y2) });
    } catch {
      // No point has that x.
    }
  }
}

/** A point of order 3 of G1's curve: to add it changes no pairing. */
export const torsionG1 = (): G1Point => {
  const point = times(strayG1(), G1.Point.ZERO, (R * G1_COFACTOR) / 3n);
  return point.is0() ? G1.Point.fromAffine({ x: 0n, y: 2n }) : point;
};

/** A point of order 13 of G2's curve. */
export function torsionG2(): G2Point {
  const zero = G2.Point.ZERO;
  let point = times(strayG2(), zero, (R * G2_COFACTOR) / 169n);
  for (let next = times(point, zero, 13n); !next.is0(); next = times(point, zero, 13n)) point = next;
  return point;
}

export const POSSESSION_PURPOSE = 'concordat/1 bls-possession\n';
/** What a proof of possession signs. */
export const possessionMessage = (publicKey: Uint8Array): Uint8Array =>
  Uint8Array.from([...text(POSSESSION_PURPOSE), ...publicKey]);

/** A member with an honest proof. */
export function member(who: number): BlsMember {
  const publicKey = encodeG1(keyPoint(who));
  return { publicKey, possession: encodeG2(signWith(scalarOf(who), possessionMessage(publicKey))) };
}

export const vote = (sender: number, signature: Uint8Array): VoteSignature => ({
  sender: sender as MemberIndex,
  signature,
});

/** `bytes` with one bit changed: bit 0 is the lowest of byte 0. */
export const flipped = (bytes: Uint8Array, bit: number): Uint8Array =>
  bytes.with(bit >> 3, (bytes[bit >> 3] ?? 0) ^ (1 << (bit & 7)));
