import { randomBytes } from 'node:crypto';
import type { SignatureScheme } from '@concordat/protocol';
import { SEED_BYTES, type Ed25519Backend } from './ed25519/backend';
import { fastestEd25519 } from './ed25519/fastest';
import { createRsaPssSuite } from './rsa-pss';
import type { SignatureSuite } from './suite';

export type { KeyPair, SignatureSuite } from './suite';

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
