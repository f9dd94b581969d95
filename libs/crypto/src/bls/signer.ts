import { randomBytes } from 'node:crypto';
import { InvariantError } from '@concordat/protocol';
import type { SecretKey } from '@chainsafe/blst';
import type { KeyPair } from '../suite';
import { blst } from './point';
import { isReserved, possessionBytes } from './possession';

/** Bytes of a private key: a scalar from 1 to r - 1, big-endian. */
export const BLS_PRIVATE_KEY_BYTES = 32;

/** A member's pen for BLS. */
export interface BlsSigner {
  /** 48 bytes: a compressed point of G1. */
  readonly publicKey: Uint8Array;
  /**
   * The 96-byte signature of a message, the same every time. Throws an InvariantError for a message that begins as a proof of
   * possession does. What is signed must be the same for all who sign, and name its purpose: only one message can be aggregated.
   */
  sign(message: Uint8Array): Uint8Array;
  /** 96 bytes that prove to whoever checks them that this public key was not made from the keys of others. */
  provePossession(): Uint8Array;
}

/** A fresh key pair: KeyGen of draft-irtf-cfrg-bls-signature §2.3 over 32 bytes of the system's randomness. */
export function generateBlsKey(): KeyPair {
  const material = randomBytes(BLS_PRIVATE_KEY_BYTES);
  try {
    const secret = blst().SecretKey.fromKeygen(material);
    return { publicKey: secret.toPublicKey().toBytes(), privateKey: secret.toBytes() };
  } finally {
    material.fill(0);
  }
}

function readPrivateKey(privateKey: Uint8Array): SecretKey {
  const binding = blst();
  try {
    return binding.SecretKey.fromBytes(privateKey);
  } catch {
    // Without the cause: nothing of a private key may travel with an error.
    throw new RangeError('a BLS private key is a scalar from 1 to r - 1 in 32 bytes');
  }
}

/** A signer that reads the private key once. Throws a RangeError, without key material, for bytes that are no private key. */
export function createBlsSigner(privateKey: Uint8Array): BlsSigner {
  const secret = readPrivateKey(privateKey);
  const publicKey = secret.toPublicKey().toBytes();
  return {
    publicKey,
    sign(message) {
      if (isReserved(message)) throw new InvariantError('asked to sign a proof of possession as if it were a message');
      return secret.sign(message).toBytes();
    },
    provePossession: () => secret.sign(possessionBytes(secret.toPublicKey().toBytes())).toBytes(),
  };
}
