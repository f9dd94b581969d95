/** Bytes of an Ed25519 public key. */
export const PUBLIC_KEY_BYTES = 32;
/** Bytes of an Ed25519 signature: R, then S. */
export const SIGNATURE_BYTES = 64;

// Little-endian, as on the wire. L = 2^252 + 27742317777372353535851937790883648493: the order of the base point.
const L = Uint8Array.from(Buffer.from('edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010', 'hex'));

/** The y coordinates of the eight points whose order divides 8, each by its canonical encoding without the sign bit. */
const SMALL_ORDER_Y = [
  '0000000000000000000000000000000000000000000000000000000000000000', // order 4, two points
  '0100000000000000000000000000000000000000000000000000000000000000', // the neutral point
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05', // order 8, two points
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a', // order 8, two points
  'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f', // order 2
].map((text) => Uint8Array.from(Buffer.from(text, 'hex')));

/** True when the y coordinate that the first 32 bytes encode is below p = 2^255 - 19 (the sign bit aside). */
export function isCanonicalY(encoded: Uint8Array): boolean {
  if (((encoded[31] ?? 0) & 0x7f) !== 0x7f) return true;
  for (let i = 30; i > 0; i--) if (encoded[i] !== 0xff) return true;
  return (encoded[0] ?? 0) < 0xed;
}

/**
 * True when the first 32 bytes encode, with either sign bit, a point whose order divides 8. Covers "-0" too: x is 0 at
 * order 1 and 2 only. For encodings that isCanonicalY accepts.
 */
export function isSmallOrder(encoded: Uint8Array): boolean {
  for (const y of SMALL_ORDER_Y) {
    if (encoded[0] !== y[0]) continue;
    let difference = ((encoded[31] ?? 0) & 0x7f) ^ (y[31] ?? 0);
    for (let i = 1; i < 31; i++) difference |= (encoded[i] ?? 0) ^ (y[i] ?? 0);
    if (difference === 0) return true;
  }
  return false;
}

function isBelowL(signature: Uint8Array): boolean {
  for (let i = 31; i >= 0; i--) {
    const s = signature[32 + i] ?? 0;
    const l = L[i] ?? 0;
    if (s !== l) return s < l;
  }
  return false;
}

/**
 * The part of the acceptance rule that looks at the signature alone. Costs well under a microsecond.
 *
 * **The acceptance rule.** A signature (R, S) by the public key A over the message M is accepted exactly when:
 *
 * 1. A is 32 bytes and the signature 64: R is its first 32 bytes, S its last 32, little-endian.
 * 2. S < L. (Otherwise S + L would be a second signature that nobody made.)
 * 3. R is a canonical encoding: y < p, and the sign bit is 0 where x is 0. Its order does not divide 8.
 * 4. A is a canonical encoding of a point of order exactly L: on the curve, not neutral, in the prime-order subgroup.
 * 5. `[S]B = R + [k]A` with k = SHA-512(R || A || M) mod L, without multiplying by the cofactor: the encoding of
 *    `[S]B - [k]A` is R, byte for byte.
 *
 * Why no two implementations can differ under it. What RFC 8032 leaves open is (a) whether S, R and A must be
 * canonical, (b) small orders, and (c) whether the equation is multiplied by 8. Rules 2 to 4 settle (a) and (b) before
 * an implementation is asked. As to (c): with A of order L, `[S]B - [k]A` always lies in the prime-order subgroup, so
 * rule 5 refuses every R with a torsion component. An implementation that compares encodings (libsodium up to 1.0.21,
 * OpenSSL, tweetnacl) computes exactly rule 5, and whether it reduces k or compares k as 512 bits makes no difference
 * for an A of order L. **A backend that multiplies by the cofactor would accept R plus torsion and must not be added**;
 * the conformance table has rows that turn red.
 */
export const isAcceptableSignature = (signature: Uint8Array): boolean =>
  signature.length === SIGNATURE_BYTES && isBelowL(signature) && isCanonicalY(signature) && !isSmallOrder(signature);
