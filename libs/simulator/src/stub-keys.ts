import {
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
import { stubScheme, type KeyScheme, type SimulatedKey } from './key-scheme';
import type { Random } from './random';

/** Statements that are remembered with their signatures. */
const REMEMBERED_MAX = 1 << 16;

/** Tells signatures apart: their first six bytes as an integer. */
const keyOf = (signature: Uint8Array): number =>
  ((signature[0] ?? 0) * 0x1_0000 + ((signature[1] ?? 0) << 8) + (signature[2] ?? 0)) * 0x100_0000 +
  ((signature[3] ?? 0) << 16) +
  ((signature[4] ?? 0) << 8) +
  (signature[5] ?? 0);

const isSame = (a: Statement, b: Statement): boolean =>
  a.kind === b.kind &&
  a.epoch === b.epoch &&
  a.view === b.view &&
  a.sequence === b.sequence &&
  a.digest === b.digest &&
  a.sender === b.sender;

/**
 * Signatures of a simulated swarm, made and checked by who knows all secrets. No simulated adversary is given a secret but
 * its own.
 */
export class StubSignatures {
  private readonly domain: SigningDomain;
  private readonly clients = new Map<string, SimulatedKey>();
  private readonly genuine = new Set<Digest>();
  private readonly verdicts = new Map<Digest, boolean>();
  /** Statements by their signatures: one that was made here need not be made again to be checked. */
  private readonly made = new Map<number, { readonly statement: Statement; readonly signature: Uint8Array }>();

  constructor(
    private readonly hash: Hash,
    readonly committee: Committee,
    readonly swarm: Digest,
    private readonly members: readonly SimulatedKey[],
    private readonly scheme: KeyScheme = stubScheme(hash),
  ) {
    this.domain = { swarmId: swarm, tableHash: committee.hash };
  }

  /** Lets signatures under a client's secret verify, and returns its public key. */
  addClient({ secret }: Pick<SimulatedKey, 'secret'>): Uint8Array {
    const publicKey = this.scheme.publicKeyOf(secret);
    this.clients.set(toHex(publicKey), { secret, publicKey });
    return publicKey;
  }

  /** Signs as one member: the only way to a member's signature. */
  sealerOf(member: MemberIndex): Sealer {
    const { hash, committee } = this;
    const key = this.members[member];
    if (key === undefined) throw new RangeError(`no member ${String(member)}`);
    return { hash, epoch: committee.epoch, sender: member, sign: (statement) => this.sign(key, statement) };
  }

  /** True for a signature that the statement's sender made. */
  readonly verifyStatement = (statement: Statement, signature: Uint8Array): boolean => {
    const key = this.members[statement.sender];
    if (key === undefined) return false;
    const known = this.made.get(keyOf(signature));
    if (known !== undefined && isSame(known.statement, statement) && equalBytes(known.signature, signature))
      return true;
    return this.scheme.verify(key, statementBytes(this.domain, statement), signature);
  };

  /** Signs an envelope for its signer, a client or a member as gateway, and notes that it did. */
  signEnvelope(body: EnvelopeBody): Envelope {
    const bytes = encodeEnvelopeBody(body);
    const key = this.keyOf(body);
    if (key === undefined) throw new RangeError('an envelope of an unknown signer');
    const toSign = envelopeSigningBytes(this.swarm, envelopeBodyHash(this.hash, bytes));
    const signature = this.scheme.sign(key.secret, toSign);
    const envelope = sealEnvelope(this.hash, body, bytes, signature);
    this.genuine.add(envelope.id);
    return envelope;
  }

  /** True for an envelope whose signer signed it. */
  readonly verifyEnvelope = (envelope: Envelope): boolean => {
    let verdict = this.verdicts.get(envelope.id);
    if (verdict === undefined) {
      const key = this.keyOf(envelope);
      verdict =
        key !== undefined &&
        this.scheme.verify(key, envelopeSigningBytes(this.swarm, envelope.bodyHash), envelope.signature);
      this.verdicts.set(envelope.id, verdict);
    }
    return verdict;
  };

  /** True when `signEnvelope` made exactly this envelope: what the validity checker asks, independently of signatures. */
  isGenuine(envelope: Envelope): boolean {
    return this.genuine.has(envelope.id);
  }

  private sign({ secret }: SimulatedKey, statement: Statement): Uint8Array {
    const signature = this.scheme.sign(secret, statementBytes(this.domain, statement));
    if (!this.scheme.real && this.made.size < REMEMBERED_MAX) {
      const { kind, epoch, view, sequence, digest, sender } = statement;
      this.made.set(keyOf(signature), { statement: { kind, epoch, view, sequence, digest, sender }, signature });
    }
    return signature;
  }

  private keyOf({ signer }: Pick<Envelope, 'signer'>): SimulatedKey | undefined {
    if (signer.kind === 'client') return this.clients.get(toHex(signer.publicKey));
    const member = this.committee.indexOf(signer.nodeId);
    return member === undefined ? undefined : this.members[member];
  }
}

/** Draws a key of the stub scheme, or of another one whose secrets are 32 bytes. */
export function stubKey(hash: Hash, random: Random, scheme: KeyScheme = stubScheme(hash)): SimulatedKey {
  const secret = random.bytes(32);
  return { secret, publicKey: scheme.publicKeyOf(secret) };
}
