import { textKey } from '../bytes';
import { RecentCache } from '../recent-cache';
import { isAcceptableSignature, PUBLIC_KEY_BYTES } from './rule';

/** Signs messages with the one private key that it was prepared for. */
export type MessageSigner = (message: Uint8Array) => Uint8Array;

/** Bytes of an Ed25519 private key: RFC 8032's seed. */
export const SEED_BYTES = 32;

/** One implementation of Ed25519. All give the same verdict on any bytes: the rule stands at isAcceptableSignature. */
export interface Ed25519Backend {
  readonly name: 'sodium-native' | 'node:crypto' | 'tweetnacl';
  /** The verdict. False for arguments of any other size; never throws. */
  verify(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean;
  /** True when signatures of this key can be accepted: 32 bytes, canonical, of prime order. */
  acceptsKey(publicKey: Uint8Array): boolean;
  /** The 64-byte signature of RFC 8032, the same every time. Throws a RangeError for a seed that is not 32 bytes. */
  sign(seed: Uint8Array, message: Uint8Array): Uint8Array;
  /** A signer that expands the seed once. Throws a RangeError for a seed that is not 32 bytes. */
  prepareSigner(seed: Uint8Array): MessageSigner;
  /** The 32-byte public key. Throws a RangeError for a seed that is not 32 bytes. */
  publicKeyOf(seed: Uint8Array): Uint8Array;
}

/** What a library offers, before the acceptance rule is put in front of it. */
export interface RawEd25519<Key> {
  readonly name: Ed25519Backend['name'];
  /** Prepares a key that many signatures will be checked with. Must copy the bytes. Any 32 bytes are allowed. */
  importKey(publicKey: Uint8Array): Key;
  /** Rule 5, for a signature that passed rules 1 to 3. */
  verify(key: Key, message: Uint8Array, signature: Uint8Array): boolean;
  /** Rule 4, for 32 bytes. */
  isPrimeOrderPoint(publicKey: Uint8Array): boolean;
  prepareSigner(seed: Uint8Array): MessageSigner;
  publicKeyOf(seed: Uint8Array): Uint8Array;
}

/** Keys that a backend keeps prepared: more than a swarm's clients at its default `clients_max` (20,000). */
const PREPARED_KEYS_MAX = 1 << 16;

function checkSeed(seed: Uint8Array): Uint8Array {
  if (seed.length !== SEED_BYTES)
    throw new RangeError(`an Ed25519 private key has 32 bytes, not ${String(seed.length)}`);
  return seed;
}

/** Puts the acceptance rule and a bounded cache of prepared keys in front of a library. */
export function createBackend<Key extends object>(raw: RawEd25519<Key>): Ed25519Backend {
  const prepared = new RecentCache<Key>(PREPARED_KEYS_MAX);
  return {
    name: raw.name,
    verify(publicKey, message, signature) {
      if (publicKey.length !== PUBLIC_KEY_BYTES || !isAcceptableSignature(signature)) return false;
      const name = textKey(publicKey);
      const known = prepared.get(name);
      if (known !== undefined) return raw.verify(known, message, signature);
      // Signature first, key second: only a key that has signed this costs the second check and a place in the cache.
      const key = raw.importKey(publicKey);
      if (!raw.verify(key, message, signature) || !raw.isPrimeOrderPoint(publicKey)) return false;
      prepared.set(name, key);
      return true;
    },
    acceptsKey: (publicKey) => publicKey.length === PUBLIC_KEY_BYTES && raw.isPrimeOrderPoint(publicKey),
    sign: (seed, message) => raw.prepareSigner(checkSeed(seed))(message),
    prepareSigner: (seed) => raw.prepareSigner(checkSeed(seed)),
    publicKeyOf: (seed) => raw.publicKeyOf(checkSeed(seed)),
  };
}
