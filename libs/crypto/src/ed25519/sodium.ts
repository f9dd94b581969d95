import { createRequire } from 'node:module';
import type * as Sodium from 'sodium-native';
import { asBuffer } from '../bytes';
import { createBackend, type Ed25519Backend } from './backend';
import { PUBLIC_KEY_BYTES, SIGNATURE_BYTES } from './rule';

const SECRET_KEY_BYTES = 64;

/** libsodium's binding, or undefined on a platform that it has no binary for. */
function load(): typeof Sodium | undefined {
  try {
    // Not an import: where the binary is missing, loading throws, and that must not stop the process.
    return createRequire(__filename)('sodium-native') as typeof Sodium;
  } catch {
    return undefined;
  }
}

interface SodiumKeys {
  readonly publicKey: Buffer;
  readonly secretKey: Buffer;
}

function keysOf(sodium: typeof Sodium, seed: Uint8Array): SodiumKeys {
  const publicKey = asBuffer(new Uint8Array(PUBLIC_KEY_BYTES));
  const secretKey = asBuffer(new Uint8Array(SECRET_KEY_BYTES));
  sodium.crypto_sign_seed_keypair(publicKey, secretKey, asBuffer(seed));
  return { publicKey, secretKey };
}

/** Ed25519 by libsodium: the fastest. Undefined where sodium-native does not load. */
export function sodiumBackend(): Ed25519Backend | undefined {
  const sodium = load();
  if (sodium === undefined) return undefined;
  return createBackend<Buffer>({
    name: 'sodium-native',
    importKey: (publicKey) => asBuffer(new Uint8Array(publicKey)),
    verify: (key, message, signature) =>
      sodium.crypto_sign_verify_detached(asBuffer(signature), asBuffer(message), key),
    isPrimeOrderPoint: (publicKey) => sodium.crypto_core_ed25519_is_valid_point(asBuffer(publicKey)),
    prepareSigner(seed) {
      const { secretKey } = keysOf(sodium, seed);
      return (message) => {
        const signature = new Uint8Array(SIGNATURE_BYTES);
        sodium.crypto_sign_detached(asBuffer(signature), asBuffer(message), secretKey);
        return signature;
      };
    },
    publicKeyOf: (seed) => new Uint8Array(keysOf(sodium, seed).publicKey),
  });
}
