import {
  constants,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  sign,
  verify,
  type KeyObject,
} from 'node:crypto';
import { equalBytes } from '@concordat/protocol';
import { asBuffer, asPlain, textKey } from './bytes';
import type { MessageSigner } from './ed25519/backend';
import { RecentCache } from './recent-cache';
import type { SignatureSuite } from './suite';

const MODULUS_BITS = 2048;
const PUBLIC_EXPONENT = 65537;
const SIGNATURE_BYTES = MODULUS_BITS / 8;
const SALT_BYTES = 32;
/** DER of the only shape that passes: 2048-bit modulus, exponent 65537. */
const PUBLIC_KEY_BYTES = 294;
/** Prepared keys: about 2 KiB each, so fewer than for Ed25519. */
const PREPARED_KEYS_MAX = 1 << 13;
// MGF1 takes the message's hash where none is named: SHA-256.
const PSS = { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: SALT_BYTES };

function isRsa2048(key: KeyObject): boolean {
  const details = key.asymmetricKeyDetails;
  return (
    key.asymmetricKeyType === 'rsa' &&
    details?.modulusLength === MODULUS_BITS &&
    details.publicExponent === BigInt(PUBLIC_EXPONENT)
  );
}

const exportPublic = (key: KeyObject): Uint8Array => new Uint8Array(key.export({ format: 'der', type: 'spki' }));

/** The key, or undefined unless the bytes are its only encoding: one key must not be able to have two names. */
function importPublic(publicKey: Uint8Array): KeyObject | undefined {
  if (publicKey.length !== PUBLIC_KEY_BYTES) return undefined;
  try {
    const key = createPublicKey({ key: asBuffer(publicKey), format: 'der', type: 'spki' });
    return isRsa2048(key) && equalBytes(exportPublic(key), publicKey) ? key : undefined;
  } catch {
    return undefined; // A peer's bytes that are no key: a verdict, not a fault.
  }
}

function importPrivate(privateKey: Uint8Array): KeyObject {
  let key: KeyObject | undefined;
  try {
    key = createPrivateKey({ key: asBuffer(privateKey), format: 'der', type: 'pkcs8' });
  } catch {
    // The cause stays here: it was made from key material.
  }
  if (key === undefined || !isRsa2048(key)) {
    throw new RangeError('not an RSA private key in PKCS #8 with a 2048-bit modulus and the exponent 65537');
  }
  return key;
}

function signerOf(key: KeyObject): MessageSigner {
  return (message) => asPlain(sign('sha256', message, { key, ...PSS }));
}

/**
 * RSASSA-PSS (RFC 8017 §8.1) with SHA-256, MGF1 over SHA-256, a salt of exactly 32 bytes, a modulus of exactly 2048 bits and the
 * exponent 65537, by OpenSSL. Signatures are random: two by one key over one message differ.
 */
export function createRsaPssSuite(): SignatureSuite {
  const prepared = new RecentCache<KeyObject>(PREPARED_KEYS_MAX);
  return {
    name: 'rsa-pss-2048',
    generate() {
      const pair = generateKeyPairSync('rsa', { modulusLength: MODULUS_BITS, publicExponent: PUBLIC_EXPONENT });
      return {
        publicKey: exportPublic(pair.publicKey),
        privateKey: new Uint8Array(pair.privateKey.export({ format: 'der', type: 'pkcs8' })),
      };
    },
    publicKeyOf: (privateKey) => exportPublic(createPublicKey(importPrivate(privateKey))),
    acceptsKey: (publicKey) => importPublic(publicKey) !== undefined,
    verify(publicKey, message, signature) {
      if (signature.length !== SIGNATURE_BYTES) return false;
      const name = textKey(publicKey);
      const known = prepared.get(name);
      const key = known ?? importPublic(publicKey);
      if (key === undefined || !verify('sha256', message, { key, ...PSS }, signature)) return false;
      // Only a key that has signed something takes a place in the cache.
      if (known === undefined) prepared.set(name, key);
      return true;
    },
    sign: (privateKey, message) => signerOf(importPrivate(privateKey))(message),
    prepareSigner: (privateKey) => signerOf(importPrivate(privateKey)),
  };
}
