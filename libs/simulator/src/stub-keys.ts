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
  type Epochs,
  type Hash,
  type MemberIndex,
  type Sealer,
  type SigningDomain,
  type Statement,
  type StatementVerifier,
} from '@concordat/protocol';
import { nodeNumber } from './epoch-history';
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

/** The keys of one epoch's table, and what its signatures are made for. */
interface Ring {
  readonly domain: SigningDomain;
  readonly keys: readonly (SimulatedKey | undefined)[];
  /** Of envelopes that gateways signed. */
  readonly verdicts: Map<Digest, boolean>;
}

/** A statement that was signed here. */
interface Made {
  readonly statement: Statement;
  readonly signature: Uint8Array;
  readonly key: SimulatedKey;
  readonly ring: Ring;
}

/**
 * Signatures of a simulated swarm, made and checked by who knows all secrets. No simulated adversary is given a secret but
 * its own.
 */
export class StubSignatures {
  private readonly known = new Map<string, SimulatedKey>();
  private readonly rings = new Map<Digest, Ring>();
  private readonly genuine = new Set<Digest>();
  private readonly verdicts = new Map<Digest, boolean>();
  /** Statements by their signatures: one that was made here need not be made again to be checked. */
  private readonly made = new Map<number, Made>();

  constructor(
    private readonly hash: Hash,
    /** Of the first epoch. */
    readonly committee: Committee,
    readonly swarm: Digest,
    /** First keys of all nodes, then others. */
    private readonly first: readonly SimulatedKey[],
    private readonly scheme: KeyScheme = stubScheme(hash),
  ) {
    for (const key of first) this.add(key);
  }

  /** Lets signatures under a node's or an operator's key verify. */
  add(key: SimulatedKey): void {
    this.known.set(toHex(key.publicKey), key);
  }

  /** Lets signatures under a client's secret verify, and returns its public key. */
  addClient({ secret }: Pick<SimulatedKey, 'secret'>): Uint8Array {
    const publicKey = this.scheme.publicKeyOf(secret);
    this.add({ secret, publicKey });
    return publicKey;
  }

  /** Signs bytes as they are. */
  signBytes({ secret }: SimulatedKey, bytes: Uint8Array): Uint8Array {
    return this.scheme.sign(secret, bytes);
  }

  /** Checks a signature over bytes by a public key. */
  readonly verifyBytes = (publicKey: Uint8Array, bytes: Uint8Array, signature: Uint8Array): boolean => {
    const key = this.known.get(toHex(publicKey));
    return key !== undefined && this.scheme.verify(key, bytes, signature);
  };

  /** Signs as a member of the first epoch. */
  sealerOf(member: MemberIndex): Sealer {
    const key = this.ringOf(this.committee).keys[member];
    if (key === undefined) throw new RangeError(`no member ${String(member)}`);
    return this.sealer(this.committee, member, key);
  }

  /** Signs with a key in an epoch under that place there: the only way to a node's signature. */
  sealer(committee: Committee, sender: MemberIndex, key: SimulatedKey): Sealer {
    const ring = this.ringOf(committee);
    return { hash: this.hash, epoch: committee.epoch, sender, sign: (statement) => this.sign(ring, key, statement) };
  }

  /** True for a signature that the statement's sender made in the first epoch. */
  readonly verifyStatement = (statement: Statement, signature: Uint8Array): boolean =>
    statement.epoch === this.committee.epoch && this.verifyIn(this.committee, statement, signature);

  /** Checks signatures by the keys of whichever known epoch their statements are of. */
  verifierIn(epochs: Epochs): StatementVerifier {
    return (statement, signature) => {
      const committee = epochs.of(statement.epoch);
      return committee !== undefined && this.verifyIn(committee, statement, signature);
    };
  }

  /** Signs an envelope for its signer, a client or a gateway, and notes that it did. `key`: the gateway's, when it is not its first. */
  signEnvelope(body: EnvelopeBody, key = this.firstKeyOf(body)): Envelope {
    const bytes = encodeEnvelopeBody(body);
    if (key === undefined) throw new RangeError('an envelope of an unknown signer');
    const toSign = envelopeSigningBytes(this.swarm, envelopeBodyHash(this.hash, bytes));
    const signature = this.scheme.sign(key.secret, toSign);
    const envelope = sealEnvelope(this.hash, body, bytes, signature);
    this.genuine.add(envelope.id);
    return envelope;
  }

  /** True for an envelope whose signer signed it, as members of the first epoch see it. */
  readonly verifyEnvelope = (envelope: Envelope): boolean => this.verifyEnvelopeIn(this.committee, envelope);

  /** True for an envelope whose signer signed it: a gateway with the key that it has in that epoch. */
  verifyEnvelopeIn(committee: Committee, envelope: Envelope): boolean {
    const verdicts = envelope.signer.kind === 'client' ? this.verdicts : this.ringOf(committee).verdicts;
    let verdict = verdicts.get(envelope.id);
    if (verdict === undefined) {
      const key = this.signerIn(committee, envelope);
      verdict =
        key !== undefined &&
        this.scheme.verify(key, envelopeSigningBytes(this.swarm, envelope.bodyHash), envelope.signature);
      verdicts.set(envelope.id, verdict);
    }
    return verdict;
  }

  /** True when `signEnvelope` made exactly this envelope: what the validity checker asks, independently of signatures. */
  isGenuine(envelope: Envelope): boolean {
    return this.genuine.has(envelope.id);
  }

  private verifyIn(committee: Committee, statement: Statement, signature: Uint8Array): boolean {
    const ring = this.ringOf(committee);
    const key = ring.keys[statement.sender];
    if (key === undefined) return false;
    const made = this.made.get(keyOf(signature));
    if (made?.ring === ring && made.key === key && isSame(made.statement, statement))
      return equalBytes(made.signature, signature);
    return this.scheme.verify(key, statementBytes(ring.domain, statement), signature);
  }

  private sign(ring: Ring, key: SimulatedKey, statement: Statement): Uint8Array {
    const signature = this.scheme.sign(key.secret, statementBytes(ring.domain, statement));
    if (!this.scheme.real && this.made.size < REMEMBERED_MAX) {
      const { kind, epoch, view, sequence, digest, sender } = statement;
      const kept = { kind, epoch, view, sequence, digest, sender };
      this.made.set(keyOf(signature), { statement: kept, signature, key, ring });
    }
    return signature;
  }

  private signerIn(committee: Committee, { signer }: Pick<Envelope, 'signer'>): SimulatedKey | undefined {
    if (signer.kind === 'client') return this.known.get(toHex(signer.publicKey));
    const member = committee.indexOf(signer.nodeId);
    return member === undefined ? undefined : this.ringOf(committee).keys[member];
  }

  private firstKeyOf({ signer }: Pick<Envelope, 'signer'>): SimulatedKey | undefined {
    if (signer.kind === 'client') return this.known.get(toHex(signer.publicKey));
    const number = nodeNumber(signer.nodeId);
    return number === undefined ? undefined : this.first[number];
  }

  private ringOf(committee: Committee): Ring {
    let ring = this.rings.get(committee.hash);
    if (ring === undefined) {
      const keys = committee.table.members.map(({ publicKey }) => this.known.get(toHex(publicKey)));
      ring = { domain: { swarmId: this.swarm, tableHash: committee.hash }, keys, verdicts: new Map() };
      this.rings.set(committee.hash, ring);
    }
    return ring;
  }
}

/** Draws a key of the stub scheme, or of another one whose secrets are 32 bytes. */
export function stubKey(hash: Hash, random: Random, scheme: KeyScheme = stubScheme(hash)): SimulatedKey {
  const secret = random.bytes(32);
  return { secret, publicKey: scheme.publicKeyOf(secret) };
}
