import {
  encodeEnvelopeBody,
  envelopeBodyHash,
  envelopeSigningBytes,
  InvariantError,
  sealEnvelope,
  statementBytes,
  type Authentic,
  type Digest,
  type EnvelopeBody,
  type Hash,
  type SigningDomain,
  type Statement,
} from '@concordat/protocol';
import type { MessageSigner } from './ed25519/backend';
import type { SignatureSuite } from './signature-suite';

/** What every signer needs. */
interface SigningKey {
  /** The swarm's scheme. */
  readonly suite: SignatureSuite;
  readonly privateKey: Uint8Array;
  readonly hash: Hash;
}

/** A member's pen. It signs whatever it is given: that it never contradicts itself is the core's and the host's work (Spec §6). */
export interface MemberSigner {
  readonly publicKey: Uint8Array;
  /** Signature of a statement under the domain's swarm and epoch table: a Sealer's `sign`. */
  readonly signStatement: (statement: Statement) => Uint8Array;
  /**
   * Signs an envelope for clients without a key. Its nodeId must be this member's own, or nobody will accept it. Throws an
   * InvariantError for a client's envelope, and a RangeError for a field that the layout cannot hold.
   */
  signEnvelope(body: EnvelopeBody): Authentic;
}

/** A client's pen. */
export interface ClientSigner {
  readonly publicKey: Uint8Array;
  /** Signs an envelope of requests in the client's own name. Throws a RangeError for a field that the layout cannot hold. */
  signEnvelope(body: Pick<EnvelopeBody, 'firstNonce' | 'requests'>): Authentic;
}

function signBody(sign: MessageSigner, hash: Hash, swarmId: Digest, body: EnvelopeBody): Authentic {
  const bytes = encodeEnvelopeBody(body);
  const signature = sign(envelopeSigningBytes(swarmId, envelopeBodyHash(hash, bytes)));
  return sealEnvelope(hash, body, bytes, signature) as Authentic;
}

/** A member's signer for one epoch. Throws a RangeError, without key material, for bytes that are no private key. */
export function createSigner(options: SigningKey & { readonly domain: SigningDomain }): MemberSigner {
  const { suite, privateKey, hash, domain } = options;
  const sign = suite.prepareSigner(privateKey);
  return {
    publicKey: suite.publicKeyOf(privateKey),
    signStatement: (statement) => sign(statementBytes(domain, statement)),
    signEnvelope(body) {
      if (body.signer.kind !== 'gateway') throw new InvariantError("a member was asked to sign a client's envelope");
      return signBody(sign, hash, domain.swarmId, body);
    },
  };
}

/** The signer of a client with a key of its own. Throws a RangeError, without key material, for bytes that are no private key. */
export function createClientSigner(options: SigningKey & { readonly swarmId: Digest }): ClientSigner {
  const { suite, privateKey, hash, swarmId } = options;
  const sign = suite.prepareSigner(privateKey);
  const publicKey = suite.publicKeyOf(privateKey);
  return {
    publicKey,
    signEnvelope: (body) => signBody(sign, hash, swarmId, { ...body, signer: { kind: 'client', publicKey } }),
  };
}
