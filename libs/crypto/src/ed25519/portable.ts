import nacl from 'tweetnacl';
import { createBackend, type Ed25519Backend } from './backend';
import { isPrimeOrderPoint } from './point';

/** Ed25519 in plain JavaScript (tweetnacl): slow, the same everywhere, the reference that the others are checked against. */
export const portableBackend = (): Ed25519Backend =>
  createBackend<Uint8Array>({
    name: 'tweetnacl',
    importKey: (publicKey) => new Uint8Array(publicKey),
    verify: (key, message, signature) => nacl.sign.detached.verify(message, signature, key),
    isPrimeOrderPoint,
    prepareSigner(seed) {
      const { secretKey } = nacl.sign.keyPair.fromSeed(seed);
      return (message) => nacl.sign.detached(message, secretKey);
    },
    publicKeyOf: (seed) => nacl.sign.keyPair.fromSeed(seed).publicKey,
  });
