import type { SignatureScheme } from '@concordat/protocol';
import type { MessageSigner } from './ed25519/backend';

/** A public key and the private key that it belongs to, each in its scheme's canonical bytes. */
export interface KeyPair {
  /** Ed25519: 32 raw bytes. RSA: DER of SubjectPublicKeyInfo. BLS: a compressed point of G1, 48 bytes. */
  readonly publicKey: Uint8Array;
  /** Ed25519: RFC 8032's 32-byte seed. RSA: DER of PKCS #8. BLS: a scalar, 32 bytes. */
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
