import {
  concatBytes,
  encodeEnvelopeBody,
  envelopeBodyHash,
  envelopeSigningBytes,
  equalBytes,
  sealEnvelope,
  statementBytes,
  toHex,
  type Committee,
  type Digest,
  type Envelope,
  type EnvelopeBody,
  type Hash,
  type MemberIndex,
  type Sealer,
  type SigningDomain,
  type Statement,
} from '@concordat/protocol';
import type { Random } from './random';

/** A key pair of the stub scheme. */
export interface StubKey {
  readonly secret: Uint8Array;
  readonly publicKey: Uint8Array;
}

/** Draws a key. */
export function stubKey(hash: Hash, random: Random): StubKey {
  const secret = random.bytes(32);
  return { secret, publicKey: hash(secret) };
}

const signatureOf = (hash: Hash, secret: Uint8Array, bytes: Uint8Array): Uint8Array => hash(concatBytes(secret, bytes));

/**
 * Signatures of a simulated swarm: hash(secret || bytes), verified by who knows all secrets. No simulated adversary is
 * given a secret but its own, so to them a signature is as unforgeable as Ed25519, at a hundredth of the cost.
 */
export class StubSignatures {
  private readonly domain: SigningDomain;
  private readonly clients = new Map<string, StubKey>();
  private readonly genuine = new Set<Digest>();
  private readonly verdicts = new Map<Digest, boolean>();

  constructor(
    private readonly hash: Hash,
    readonly committee: Committee,
    private readonly swarm: Digest,
    private readonly members: readonly StubKey[],
  ) {
    this.domain = { swarmId: swarm, tableHash: committee.hash };
  }

  /** Lets signatures under a client's key verify. */
  addClient(key: StubKey): void {
    this.clients.set(toHex(key.publicKey), key);
  }

  /** Signs as one member: the only way to a member's signature. */
  sealerOf(member: MemberIndex): Sealer {
    const { hash, committee, domain } = this;
    const secret = this.members[member]?.secret;
    if (secret === undefined) throw new RangeError(`no member ${String(member)}`);
    return {
      hash,
      epoch: committee.epoch,
      sender: member,
      sign: (statement) => signatureOf(hash, secret, statementBytes(domain, statement)),
    };
  }

  /** True for a signature that the statement's sender made. */
  readonly verifyStatement = (statement: Statement, signature: Uint8Array): boolean => {
    const secret = this.members[statement.sender]?.secret;
    if (secret === undefined) return false;
    return equalBytes(signature, signatureOf(this.hash, secret, statementBytes(this.domain, statement)));
  };

  /** Signs an envelope for its signer, a client or a member as gateway, and notes that it did. */
  signEnvelope(body: EnvelopeBody): Envelope {
    const bytes = encodeEnvelopeBody(body);
    const secret = this.secretOf(body);
    if (secret === undefined) throw new RangeError('an envelope of an unknown signer');
    const signature = signatureOf(
      this.hash,
      secret,
      envelopeSigningBytes(this.swarm, envelopeBodyHash(this.hash, bytes)),
    );
    const envelope = sealEnvelope(this.hash, body, bytes, signature);
    this.genuine.add(envelope.id);
    return envelope;
  }

  /** True for an envelope whose signer signed it. */
  readonly verifyEnvelope = (envelope: Envelope): boolean => {
    let verdict = this.verdicts.get(envelope.id);
    if (verdict === undefined) {
      const secret = this.secretOf(envelope);
      verdict =
        secret !== undefined &&
        equalBytes(
          envelope.signature,
          signatureOf(this.hash, secret, envelopeSigningBytes(this.swarm, envelope.bodyHash)),
        );
      this.verdicts.set(envelope.id, verdict);
    }
    return verdict;
  };

  /** True when `signEnvelope` made exactly this envelope: what the validity checker asks, independently of signatures. */
  isGenuine(envelope: Envelope): boolean {
    return this.genuine.has(envelope.id);
  }

  private secretOf({ signer }: Pick<Envelope, 'signer'>): Uint8Array | undefined {
    if (signer.kind === 'client') return this.clients.get(toHex(signer.publicKey))?.secret;
    const member = this.committee.indexOf(signer.nodeId);
    return member === undefined ? undefined : this.members[member]?.secret;
  }
}
