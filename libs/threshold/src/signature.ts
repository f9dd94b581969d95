import { bls12_381 } from '@noble/curves/bls12-381.js';
import { equalBytes, invariant, Writer } from '@concordat/protocol';
import { accept, decodeWith, readHead, readIndex, THRESHOLD_KINDS, THRESHOLD_VERSION } from './dealing-codec';
import { blsGroup, decodePoint, type BlsPoint } from './group';
import type { SharedKey } from './key-generation';
import type { KeyShare } from './key-share';
import { interpolateAtZero } from './polynomial';
import { isThresholdRefusal, refuse, type ThresholdRefusal } from './refusal';

/** Bytes of a signature: a compressed point of G2. */
export const SIGNATURE_BYTES = 96;
/** Tag under which messages are hashed to G2 (draft-irtf-cfrg-bls-signature, scheme with proofs of possession). */
export const SIGNATURE_TAG = 'BLS_SIG_BLS12381G2_XMD:SHA-256_SSWU_RO_POP_';

const { longSignatures } = bls12_381;
const G2 = bls12_381.G2.Point;
type SignaturePoint = InstanceType<typeof G2>;

const SIGNATURE_CURVE = { pointBytes: SIGNATURE_BYTES, parse: (bytes: Uint8Array) => G2.fromBytes(bytes) };

/** One member's part of a signature. */
export interface PartialSignature {
  /** 1..n. */
  readonly index: number;
  readonly point: SignaturePoint;
}

/** The message as a point of G2, with the tag above. */
const hashed = (message: Uint8Array): SignaturePoint => longSignatures.hash(message, SIGNATURE_TAG);

const holds = (point: SignaturePoint, message: SignaturePoint, publicKey: BlsPoint): boolean =>
  longSignatures.verify(point, message, publicKey);

/** `u8 version, u8 kind, u8 group, u16 index`, 96 bytes: a member's part of the signature of `message`. The caller gives `message` its purpose. */
export function signPartially(share: KeyShare, message: Uint8Array): Uint8Array {
  const head = new Writer(101).u8(THRESHOLD_VERSION).u8(THRESHOLD_KINDS.partialSignature).u8(blsGroup.id);
  return head.u16(share.index).raw(hashed(message).multiply(share.reveal()).toBytes()).bytes();
}

/** Reads a partial signature of a member. Its point is checked, whether it signs anything is not. */
export function decodePartialSignature(
  key: SharedKey<BlsPoint>,
  bytes: Uint8Array,
): PartialSignature | ThresholdRefusal {
  return decodeWith(bytes, 'partial signature', (reader) => {
    readHead(reader, THRESHOLD_KINDS.partialSignature, blsGroup, 'partial signature');
    const index = readIndex(reader, key.publicShares.length, 'partial signature');
    const point = decodePoint(SIGNATURE_CURVE, reader.raw(SIGNATURE_BYTES), 'partial signature', index);
    return { index, point: accept(point) };
  });
}

function checkPartial(
  key: SharedKey<BlsPoint>,
  message: SignaturePoint,
  { index, point }: PartialSignature,
): ThresholdRefusal | undefined {
  const publicShare = key.publicShares[index - 1];
  if (publicShare !== undefined && holds(point, message, publicShare)) return undefined;
  return refuse('bad_signature', `partial signature of member ${String(index)} does not hold`, index);
}

/** Checks one member's part against its public share: what it is, or why it is refused. */
export function verifyPartialSignature(
  key: SharedKey<BlsPoint>,
  message: Uint8Array,
  bytes: Uint8Array,
): PartialSignature | ThresholdRefusal {
  const partial = decodePartialSignature(key, bytes);
  if (isThresholdRefusal(partial)) return partial;
  return checkPartial(key, hashed(message), partial) ?? partial;
}

/**
 * One ordinary 96-byte BLS signature from the first `threshold` of these parts; the same bytes whichever parts they are. The result is
 * verified once; only if it fails is each part, and all bad ones are named.
 */
export function combineSignature(
  key: SharedKey<BlsPoint>,
  message: Uint8Array,
  parts: readonly Uint8Array[],
): Uint8Array | readonly ThresholdRefusal[] {
  const partials: PartialSignature[] = [];
  for (const bytes of parts.slice(0, key.publicShares.length)) {
    const partial = decodePartialSignature(key, bytes);
    if (isThresholdRefusal(partial)) return [partial];
    if (partials.some(({ index }) => index === partial.index))
      return [refuse('duplicate', `two parts of member ${String(partial.index)}`, partial.index)];
    partials.push(partial);
  }
  if (partials.length < key.threshold)
    return [refuse('too_few', `${String(partials.length)} parts, ${String(key.threshold)} are needed`)];
  const used = partials.slice(0, key.threshold);
  const signature = interpolateAtZero(
    blsGroup.order,
    used.map(({ index, point }) => ({ index, value: point })),
    G2.ZERO,
    (point, weight) => point.multiplyUnsafe(weight),
    (a, b) => a.add(b),
  );
  const point = hashed(message);
  if (!signature.is0() && holds(signature, point, key.publicKey)) return signature.toBytes();
  const bad = used.flatMap((partial) => checkPartial(key, point, partial) ?? []);
  invariant(bad.length > 0, 'parts that hold make a signature that holds');
  return bad;
}

/** True when 96 bytes are the key's signature of `message`: an ordinary BLS verification. */
export function verifySignature(publicKey: BlsPoint, message: Uint8Array, bytes: Uint8Array): boolean {
  const point = decodePoint(SIGNATURE_CURVE, bytes, 'signature');
  return !isThresholdRefusal(point) && holds(point, hashed(message), publicKey) && equalBytes(point.toBytes(), bytes);
}
