import { asciiBytes, equalBytes, type MemberIndex } from '@concordat/protocol';
import type { PublicKey } from '@chainsafe/blst';
import { blst, readPublicKey, readSignature } from './point';
import { isBlsRefusal, refuse, type BlsRefusal } from './refusal';

/**
 * What a proof of possession signs, before the public key's 48 bytes.
 *
 * The binding hashes everything to the curve under the one tag BLS_SIG_BLS12381G2_XMD:SHA-256_SSWU_RO_POP_, so that the proofs'
 * own tag is out of reach. A prefix that no signed message may have keeps the two apart as well: see `isReserved`.
 */
const PURPOSE = asciiBytes('concordat/1 bls-possession\n');

/** The bytes under a proof that somebody has the private key of `publicKey`. */
export function possessionBytes(publicKey: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(PURPOSE.length + publicKey.length);
  bytes.set(PURPOSE);
  bytes.set(publicKey, PURPOSE.length);
  return bytes;
}

/** True for a message that only a proof of possession may sign: nobody is to get a proof signed as if it were a vote. */
export const isReserved = (message: Uint8Array): boolean => equalBytes(message.subarray(0, PURPOSE.length), PURPOSE);

/** A public key that is a point of order r, and whose private key somebody has. */
export function readProvenKey(
  publicKey: Uint8Array,
  possession: Uint8Array | undefined,
  member?: MemberIndex,
): PublicKey | BlsRefusal {
  const key = readPublicKey(publicKey, member);
  if (isBlsRefusal(key)) return key;
  if (possession === undefined) return refuse('no_possession', 'proof of possession', 'is missing', member);
  const proof = readSignature(possession, 'proof of possession', member);
  if (isBlsRefusal(proof)) return proof;
  if (blst().verify(possessionBytes(publicKey), key, proof)) return key;
  return refuse('bad_possession', 'proof of possession', 'does not hold for its public key', member);
}

/** Checks a key and the proof that comes with it; undefined when both hold. Costs about one verification. Never throws. */
export function checkBlsPossession(publicKey: Uint8Array, possession: Uint8Array | undefined): BlsRefusal | undefined {
  const key = readProvenKey(publicKey, possession);
  return isBlsRefusal(key) ? key : undefined;
}
