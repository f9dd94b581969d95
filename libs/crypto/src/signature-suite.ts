import { randomBytes } from 'node:crypto';
import type { SignatureScheme } from '@concordat/protocol';
import { SEED_BYTES, type Ed25519Backend, type MessageSigner } from './ed25519/backend';
import { fastestEd25519 } from './ed25519/fastest';
import { createRsaPssSuite } from './rsa-pss';

/** A public key and the private key that it belongs to, each in its scheme's canonical bytes. */
export interface KeyPair {
  /** Ed25519: 32 raw bytes. RSA: DER of SubjectPublicKeyInfo. */
  readonly publicKey: Uint8Array;
  /** Ed25519: RFC 8032's 32-byte seed. RSA: DER of PKCS #8. */
  readonly privateKey: Uint8Array;
}

/** One signature scheme, ready for use. What its keys and signatures look like is fixed by its name alone. */
export interface SignatureSuite {
  readonly name: SignatureScheme;
  /** A fresh key pair from the system's randomness. */
  generate(): KeyPair;
  /** The public key of a private key. Throws a RangeError, without any key material, for bytes that are no private key. */
  publicKeyOf(privateKey: Uint8Array): Uint8Array;
  /** True for the canonical bytes of a public key whose signatures can be accepted. Never throws. */
  acceptsKey(publicKey: Uint8Array): boolean;
  /** The verdict, the same on every member. False for bytes that are no key or no signature. Never throws. */
  verify(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean;
  /** Signs once. Throws a RangeError, without any key material, for bytes that are no private key. */
  sign(privateKey: Uint8Array, message: Uint8Array): Uint8Array;
  /** A signer that reads the private key once. Throws as `sign` does. */
  prepareSigner(privateKey: Uint8Array): MessageSigner;
}

/** Ed25519 under the one acceptance rule, whichever backend does it. */
export const createEd25519Suite = (backend: Ed25519Backend = fastestEd25519()): SignatureSuite => ({
  name: 'ed25519',
  generate() {
    const privateKey = new Uint8Array(randomBytes(SEED_BYTES));
    return { publicKey: backend.publicKeyOf(privateKey), privateKey };
  },
  publicKeyOf: (privateKey) => backend.publicKeyOf(privateKey),
  acceptsKey: (publicKey) => backend.acceptsKey(publicKey),
  verify: (publicKey, message, signature) => backend.verify(publicKey, message, signature),
  sign: (privateKey, message) => backend.sign(privateKey, message),
  prepareSigner: (privateKey) => backend.prepareSigner(privateKey),
});

const suites = new Map<SignatureScheme, SignatureSuite>();

/** The process's suite for a scheme: made once, so that its prepared keys are shared. */
export function signatureSuite(scheme: SignatureScheme): SignatureSuite {
  let suite = suites.get(scheme);
  if (suite === undefined) {
    suite = scheme === 'ed25519' ? createEd25519Suite() : createRsaPssSuite();
    suites.set(scheme, suite);
  }
  return suite;
}
