import { Writer } from '@concordat/protocol';
import { accept, decodeWith, readHead, readIndex, THRESHOLD_KINDS, THRESHOLD_VERSION } from './dealing-codec';
import { decodeScalar, encodeScalar, SCALAR_BYTES } from './group';
import { hashToScalar, u16 } from './hashing';
import type { SharedKey } from './key-generation';
import type { KeyShare } from './key-share';
import { interpolateAtZero } from './polynomial';
import { isThresholdRefusal, refuse, type ThresholdRefusal } from './refusal';

/** An ElGamal ciphertext: `ephemeral` = r B, `body` = M + r K. Whoever publishes one must prove its validity elsewhere. */
export interface Ciphertext<P> {
  readonly ephemeral: P;
  readonly body: P;
}

/** One member's part of a decryption: its share times the ephemeral point. */
export interface PartialDecryption<P> {
  /** 1..n. */
  readonly index: number;
  readonly point: P;
}

/** Encrypts a point. `nonce` is a fresh secret scalar, not 0, for this ciphertext alone. */
export function encryptPoint<P>({ group, publicKey }: SharedKey<P>, message: P, nonce: bigint): Ciphertext<P> {
  if (nonce <= 0n || nonce >= group.order) throw new RangeError('a nonce is from 1 to the order - 1');
  return { ephemeral: group.scale(group.base, nonce), body: group.add(message, group.scale(publicKey, nonce)) };
}

/** The Chaum-Pedersen challenge, over the whole statement: key, member, its public share, ciphertext, part, and both nonces' points. */
function challengeOf<P>(
  key: SharedKey<P>,
  index: number,
  { ephemeral, body }: Ciphertext<P>,
  point: P,
  [onBase, onEphemeral]: readonly [P, P],
): bigint {
  const { group, transcript, publicShares } = key;
  const publicShare = publicShares[index - 1] ?? group.zero;
  const points = [publicShare, ephemeral, body, point, onBase, onEphemeral].map((each) => group.encode(each));
  return hashToScalar(group, 'decryption', transcript, u16(index), ...points);
}

/**
 * `u8 version, u8 kind, u8 group, u16 index, point, challenge, response`: a member's part of a decryption with its proof. A refusal if
 * the ephemeral point is the identity or the share is not of this key. The proof's nonce is a hash of share and statement: no randomness to lose.
 */
export function decryptPartially<P>(
  key: SharedKey<P>,
  share: KeyShare,
  ciphertext: Ciphertext<P>,
): Uint8Array | ThresholdRefusal {
  const { group, transcript } = key;
  const { index } = share;
  const secret = share.reveal();
  const { ephemeral, body } = ciphertext;
  if (group.isIdentity(ephemeral)) return refuse('identity_point', 'the ephemeral point is the identity');
  const publicShare = key.publicShares[index - 1];
  if (publicShare === undefined || !group.equal(group.scale(group.base, secret), publicShare))
    return refuse('bad_share', `share ${String(index)} is not one of this key`, index);
  const point = group.scale(ephemeral, secret);
  const statement = [encodeScalar(secret), transcript, u16(index), group.encode(ephemeral), group.encode(body)];
  const nonce = hashToScalar(group, 'nonce', ...statement);
  const nonces = [group.scale(group.base, nonce), group.scale(ephemeral, nonce)] as const;
  const challenge = challengeOf(key, index, ciphertext, point, nonces);
  const response = (nonce + challenge * secret) % group.order;
  const head = new Writer().u8(THRESHOLD_VERSION).u8(THRESHOLD_KINDS.partialDecryption).u8(group.id).u16(index);
  return head.raw(group.encode(point)).raw(encodeScalar(challenge)).raw(encodeScalar(response)).bytes();
}

/** Checks one member's part of the decryption of `ciphertext`: what it is, or why it is refused. */
export function verifyPartialDecryption<P>(
  key: SharedKey<P>,
  ciphertext: Ciphertext<P>,
  bytes: Uint8Array,
): PartialDecryption<P> | ThresholdRefusal {
  const { group } = key;
  const { ephemeral } = ciphertext;
  if (group.isIdentity(ephemeral)) return refuse('identity_point', 'the ephemeral point is the identity');
  const what = 'partial decryption';
  return decodeWith(bytes, what, (reader) => {
    readHead(reader, THRESHOLD_KINDS.partialDecryption, group, what);
    const index = readIndex(reader, key.publicShares.length, what);
    const point = accept(group.decode(reader.raw(group.pointBytes), what, index));
    const challenge = accept(decodeScalar(group, reader.raw(SCALAR_BYTES), `challenge of ${what}`, index));
    const response = accept(decodeScalar(group, reader.raw(SCALAR_BYTES), `response of ${what}`, index));
    const nonceOf = (base: P, image: P): P =>
      group.subtract(group.scalePublic(base, response), group.scalePublic(image, challenge));
    const publicShare = key.publicShares[index - 1] ?? group.zero;
    const nonces = [nonceOf(group.base, publicShare), nonceOf(ephemeral, point)] as const;
    if (challengeOf(key, index, ciphertext, point, nonces) !== challenge)
      accept(refuse('bad_proof', `the proof of member ${String(index)}'s ${what} does not hold`, index));
    return { index, point };
  });
}

/** The point that `ciphertext` holds, from `threshold` parts, each of which is verified; the first bad one is named. */
export function combineDecryption<P>(
  key: SharedKey<P>,
  ciphertext: Ciphertext<P>,
  parts: readonly Uint8Array[],
): P | ThresholdRefusal {
  const { group, threshold } = key;
  const partials: PartialDecryption<P>[] = [];
  for (const bytes of parts.slice(0, key.publicShares.length)) {
    if (partials.length === threshold) break;
    const partial = verifyPartialDecryption(key, ciphertext, bytes);
    if (isThresholdRefusal(partial)) return partial;
    if (partials.some(({ index }) => index === partial.index))
      return refuse('duplicate', `two parts of member ${String(partial.index)}`, partial.index);
    partials.push(partial);
  }
  if (partials.length < threshold)
    return refuse('too_few', `${String(partials.length)} parts, ${String(threshold)} are needed`);
  const values = partials.map(({ index, point }) => ({ index, value: point }));
  const shared = interpolateAtZero(
    group.order,
    values,
    group.zero,
    (point, weight) => group.scalePublic(point, weight),
    (a, b) => group.add(a, b),
  );
  return group.subtract(ciphertext.body, shared);
}
