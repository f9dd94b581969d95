import {
  checkContent,
  committeeOf,
  decodeEnvelope,
  decodePayload,
  decodeTransportFrame,
  envelopeSigningBytes,
  invariant,
  isRejection,
  LayoutError,
  provesItself,
  reject,
  statementBytes,
  unpackFrame,
  type Authentic,
  type Committee,
  type Digest,
  type Envelope,
  type EnvelopeVerifier,
  type Epochs,
  type Hash,
  type Rejection,
  type SigningDomain,
  type Statement,
  type StatementVerifier,
  type ValidityContext,
  type Verified,
  type KnownEnvelopes,
  type MessageKind,
  toHex,
  wireLimits,
} from '@concordat/protocol';
import { keepable } from './bytes';
import { inflate } from './deflate';
import { RecentCache } from './recent-cache';
import type { SignatureSuite } from './signature-suite';

/** What an opener judges by. One opener serves a member while it is in one epoch. */
export interface OpenerOptions {
  /** Of the epoch that the member is in. */
  readonly committee: Committee;
  /** What it knows of others, older and newer: that of `committee` is among them. */
  readonly epochs: Epochs;
  readonly swarmId: Digest;
  readonly hash: Hash;
  /** Must be the scheme of the committee's table. */
  readonly suite: SignatureSuite;
  /** The replica's bound on slots and views: a cheap refusal before any signature is checked. Absent: all pass. */
  readonly admit?: (statement: Statement) => Rejection | undefined;
  /** Envelopes that wait in the replica's pool: one that comes again in a proposal is not read, nor held, twice. */
  readonly known?: KnownEnvelopes;
  /** Envelopes remembered as verified, at least 2. About 200 bytes each. */
  readonly envelopeCacheMax: number;
}

/** Turns bytes from outside into something the core may see (Spec §11). Never throws for what the bytes hold. */
export interface Opener {
  /** Opens a message of another member. */
  open(bytes: Uint8Array): Verified | Rejection;
  /** Opens an envelope that a client submits. */
  openEnvelope(bytes: Uint8Array): Authentic | Rejection;
  /** Checks a member's signature under a statement of any epoch that is known. */
  readonly verifyStatement: StatementVerifier;
  /**
   * Checks an envelope's signature, or remembers that it held. Its `id` must be the hash of its bytes, as decodeEnvelope and
   * sealEnvelope make it.
   */
  readonly verifyEnvelope: EnvelopeVerifier;
}

/** Kinds whose signatures stand in certificates: they arrive alone, and again in what others prove with them. */
const IN_CERTIFICATES: ReadonlySet<MessageKind> = new Set([
  'prePrepare',
  'prepare',
  'commit',
  'checkpoint',
  'vote',
  'timeout',
]);

/**
 * Votes of one member for one slot that are remembered as verified: of three phases in two views, or votes and timeouts of
 * three. Some 400 bytes each.
 */
const VOTES_IN_SLOT_MAX = 6;

/** Names everything that a vote's verdict follows from: an epoch has one table, and its members their keys in it. */
const voteKey = ({ kind, epoch, view, sequence, digest, sender }: Statement, signature: Uint8Array): string =>
  `${kind} ${epoch} ${sender} ${view} ${sequence} ${digest} ${toHex(signature)}`;

/** Whose key must have signed the envelope; undefined when nobody's could have. */
function signingKeyOf(committee: Committee, { signer }: Envelope): Uint8Array | undefined {
  if (signer.kind === 'client') return signer.publicKey;
  const index = committee.indexOf(signer.nodeId);
  return index === undefined ? undefined : committee.member(index)?.publicKey;
}

/**
 * Builds the opener of one epoch. Throws an InvariantError when `suite` is not the committee's scheme.
 *
 * Verified envelopes are remembered by id, for an envelope arrives by relay and again in a batch. A hit is safe: the id is a
 * hash over all of the envelope's bytes, the signature too. So are votes, by all that they say and their signature: a member
 * that floods others with VIEW-CHANGEs over the same certificates makes them check each vote in it once. What fails is not
 * remembered: strangers could fill the memory.
 */
export function createOpener(options: OpenerOptions): Opener {
  const { committee, epochs, swarmId, hash, suite, admit, known } = options;
  const limits = wireLimits(committee.table);
  const scheme = committee.table.signatureScheme;
  invariant(suite.name === scheme, `a suite for ${suite.name} in a swarm with ${scheme}`);
  const domains = new WeakMap<Committee, SigningDomain>();
  const domainOf = (of: Committee): SigningDomain => {
    const known = domains.get(of) ?? { swarmId, tableHash: of.hash };
    domains.set(of, known);
    return known;
  };
  const verifiedEnvelopes = new RecentCache<true>(options.envelopeCacheMax);
  const verifiedVotes = new RecentCache<true>(VOTES_IN_SLOT_MAX * committee.n * committee.table.windowSize);

  const verifyStatement: StatementVerifier = (statement, signature) => {
    const of = statement.epoch === committee.epoch ? committee : epochs.of(statement.epoch);
    const member = of?.member(statement.sender);
    if (of === undefined || member === undefined) return false;
    const vote = IN_CERTIFICATES.has(statement.kind) ? voteKey(statement, signature) : undefined;
    if (vote !== undefined && verifiedVotes.get(vote) === true) return true;
    if (!suite.verify(member.publicKey, statementBytes(domainOf(of), statement), signature)) return false;
    if (vote !== undefined) verifiedVotes.set(vote, true);
    return true;
  };

  const verifyEnvelope: EnvelopeVerifier = (envelope) => {
    if (verifiedEnvelopes.get(envelope.id) === true) return true;
    const publicKey = signingKeyOf(committee, envelope);
    const signed = envelopeSigningBytes(swarmId, envelope.bodyHash);
    if (publicKey === undefined || !suite.verify(publicKey, signed, envelope.signature)) return false;
    verifiedEnvelopes.set(envelope.id, true);
    return true;
  };

  const context: ValidityContext = { committee, epochs, hash, verifyStatement, verifyEnvelope };

  return {
    verifyStatement,
    verifyEnvelope,
    open(bytes) {
      const frame = decodeTransportFrame(bytes, epochs.limits);
      if (isRejection(frame)) return frame;
      const { statement, signature } = frame;
      const judge = committeeOf(epochs, committee, statement);
      if (isRejection(judge)) return judge;
      const refused = admit?.(statement);
      if (refused !== undefined) return refused;
      // The signature before the payload: what a stranger sends costs one check, whatever is inside.
      if (!provesItself(statement) && !verifyStatement(statement, signature)) {
        return reject('bad_signature', `${statement.kind}: not signed by member ${String(statement.sender)}`);
      }
      const unpacked = unpackFrame(frame, inflate);
      if (isRejection(unpacked)) return unpacked;
      // Signature and payload apart: a vote's signature outlives its message by far, in certificates.
      const kept = { statement, signature: keepable(signature), payload: keepable(unpacked.payload) };
      const message = decodePayload(hash, kept, statement.epoch === committee.epoch ? limits : epochs.limits, known);
      if (isRejection(message)) return message;
      return checkContent(context, message) ?? (message as Verified);
    },
    openEnvelope(bytes) {
      if (bytes.length > limits.envelopeBytesMax) {
        return reject('oversized', `${String(bytes.length)} bytes, at most ${String(limits.envelopeBytesMax)}`);
      }
      let envelope: Envelope;
      try {
        envelope = decodeEnvelope(hash, keepable(bytes), limits);
      } catch (error) {
        if (error instanceof LayoutError) return reject('malformed', error.message);
        throw error;
      }
      if (verifyEnvelope(envelope)) return envelope as Authentic;
      return reject('inauthentic_request', `envelope ${envelope.id} is not signed by ${envelope.signerKey}`);
    },
  };
}
