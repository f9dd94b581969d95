import { createPrivateKey, createPublicKey, sign, verify, type KeyObject } from 'node:crypto';
import { asPlain } from '../bytes';
import { createBackend, type Ed25519Backend } from './backend';
import { isPrimeOrderPoint } from './point';
import { PUBLIC_KEY_BYTES } from './rule';

// DER around the raw key (RFC 8410 §4 and §7).
const SPKI_PREFIX = Buffer.from('302a300506032b6570032100', 'hex');
const PKCS8_PREFIX = Buffer.from('302e020100300506032b657004220420', 'hex');

const privateKeyOf = (seed: Uint8Array): KeyObject =>
  createPrivateKey({ key: Buffer.concat([PKCS8_PREFIX, seed]), format: 'der', type: 'pkcs8' });

/** Ed25519 by OpenSSL, through node:crypto: there wherever Node is. */
export const nodeBackend = (): Ed25519Backend =>
  createBackend<KeyObject>({
    name: 'node:crypto',
    importKey: (publicKey) =>
      createPublicKey({ key: Buffer.concat([SPKI_PREFIX, publicKey]), format: 'der', type: 'spki' }),
    verify: (key, message, signature) => verify(null, message, key, signature),
    isPrimeOrderPoint,
    prepareSigner(seed) {
      const key = privateKeyOf(seed);
      return (message) => asPlain(sign(null, message, key));
    },
    publicKeyOf: (seed) =>
      new Uint8Array(
        createPublicKey(privateKeyOf(seed)).export({ format: 'der', type: 'spki' }).subarray(-PUBLIC_KEY_BYTES),
      ),
  });
