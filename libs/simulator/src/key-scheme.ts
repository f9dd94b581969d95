import { equalBytes, type Hash } from '@concordat/protocol';
import { quickHash } from './quick-hash';

/** A key pair of a simulated swarm. */
export interface SimulatedKey {
  readonly secret: Uint8Array;
  readonly publicKey: Uint8Array;
}

/** How a simulated swarm signs. */
export interface KeyScheme {
  /** The public key of 32 secret bytes. */
  readonly publicKeyOf: (secret: Uint8Array) => Uint8Array;
  readonly sign: (secret: Uint8Array, bytes: Uint8Array) => Uint8Array;
  readonly verify: (key: SimulatedKey, bytes: Uint8Array, signature: Uint8Array) => boolean;
  /** True when every signature is to be computed again each time, as real members do. */
  readonly real: boolean;
}

/**
 * Signatures for searches: hash(secret || bytes), verified by who knows all secrets. No simulated adversary is given a
 * secret but its own, so to them a signature is as unforgeable as Ed25519, at a hundredth of the cost.
 */
export const stubScheme = (hash: Hash): KeyScheme => ({
  publicKeyOf: (secret) => hash(secret),
  sign: (secret, bytes) => hash(secret, bytes),
  verify: ({ secret }, bytes, signature) => equalBytes(signature, hash(secret, bytes)),
  real: false,
});

/** What a swarm hashes and signs with. */
export interface Cryptography {
  readonly hash: Hash;
  readonly keys: KeyScheme;
}

/** What searches use. */
export const STUBS: Cryptography = { hash: quickHash, keys: stubScheme(quickHash) };
