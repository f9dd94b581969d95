import { nativeHash, signatureSuite, type MessageSigner } from '@concordat/crypto';
import { type Cryptography } from '@concordat/simulator';

/** What members hash and sign with: SHA-256 and Ed25519, under the one acceptance rule. */
export function realCryptography(): Cryptography {
  const suite = signatureSuite('ed25519');
  const signers = new WeakMap<Uint8Array, MessageSigner>();
  const signerOf = (secret: Uint8Array): MessageSigner => {
    let signer = signers.get(secret);
    if (signer === undefined) {
      signer = suite.prepareSigner(secret);
      signers.set(secret, signer);
    }
    return signer;
  };
  return {
    hash: nativeHash,
    keys: {
      publicKeyOf: (secret) => suite.publicKeyOf(secret),
      sign: (secret, bytes) => signerOf(secret)(bytes),
      verify: ({ publicKey }, bytes, signature) => suite.verify(publicKey, bytes, signature),
      real: true,
    },
  };
}
