import {
  checkCheckpointCertificate,
  checkCommitCertificate,
  checkPreparedCertificate,
  type StatementVerifier,
} from './certificates';
import { ROOT_VIEW } from './block';
import type { Committee } from './committee';
import type { EngineName } from './epoch-table';
import { NULL_DIGEST, type Hash } from './hash';
import type { EpochProof, MessageKind, NewView, Signed, SnapshotOffer, Statement, ViewChange } from './messages';
import { checkEpochChange } from './epoch-change';
import type { Epochs } from './epochs';
import { OBSERVER, type Epoch } from './ids';
import { checkProposal, checkTimeout, checkViewProof } from './quorum-certificates';
import { reject, type Rejection } from './rejection';
import type { Envelope } from './request';
import { stateDigest } from './state-chunks';

/** Says whether an envelope's signature holds. A host may remember envelopes that it checked before, by id. */
export type EnvelopeVerifier = (envelope: Envelope) => boolean;

/** What the checks need. All of it is a function of bytes and epoch table: every member finds the same (Spec §7). */
export interface ValidityContext {
  /** Of the epoch that the receiver is in. */
  readonly committee: Committee;
  readonly epochs: Epochs;
  readonly hash: Hash;
  readonly verifyStatement: StatementVerifier;
  readonly verifyEnvelope: EnvelopeVerifier;
}

/** Kinds that mean something beyond the epoch in which they are said. */
const ACROSS_EPOCHS: ReadonlySet<MessageKind> = new Set([
  'status',
  'fetch',
  'decided',
  'epochChange',
  'snapshot',
  'chunk',
]);

/** Kinds that one engine only speaks. */
const ENGINE_OF: Partial<Record<MessageKind, EngineName>> = {
  prePrepare: 'pbft',
  prepare: 'pbft',
  commit: 'pbft',
  viewChange: 'pbft',
  newView: 'pbft',
  proposal: 'hotstuff',
  vote: 'hotstuff',
  timeout: 'hotstuff',
  syncInfo: 'hotstuff',
  stable: 'hotstuff',
};

/** True for what is taken from anybody: an epoch's end is proven by its certificate, and an observer has no key here. */
export const provesItself = ({ kind, sender }: Statement): boolean =>
  kind === 'epochChange' || (kind === 'fetch' && sender === OBSERVER);

/**
 * The committee that a statement is to be judged by, at a member whose own is `current`; or why it is not taken. Before any
 * signature is checked.
 */
export function committeeOf(epochs: Epochs, current: Committee, statement: Statement): Committee | Rejection {
  const { kind, epoch } = statement;
  if (kind === 'epochChange') return epochs.of(current.epoch) ?? current;
  const committee = epochs.of(epoch);
  if (committee === undefined || (epoch !== current.epoch && !ACROSS_EPOCHS.has(kind)))
    return reject('wrong_epoch', `epoch ${String(epoch)}, here it is ${String(current.epoch)}`);
  return provesItself(statement) ? committee : (checkMembership(committee, statement) ?? committee);
}

/** Checks a statement's epoch and membership, before any signature. Undefined when it may go on. */
export function checkMembership(committee: Committee, statement: Statement): Rejection | undefined {
  const { engine } = committee.table;
  if ((ENGINE_OF[statement.kind] ?? engine) !== engine)
    return reject('malformed', `${statement.kind} in a swarm whose engine is ${engine}`);
  if (statement.epoch !== committee.epoch) {
    return reject('wrong_epoch', `epoch ${String(statement.epoch)}, here it is ${String(committee.epoch)}`);
  }
  if (committee.member(statement.sender) === undefined)
    return reject('not_a_member', `member ${String(statement.sender)}`);
  const leads = statement.kind === 'prePrepare' || statement.kind === 'newView' || statement.kind === 'proposal';
  if (leads && committee.leaderOf(statement.view) !== statement.sender) {
    return reject('not_the_leader', `member ${String(statement.sender)} does not lead view ${String(statement.view)}`);
  }
  return undefined;
}

/** Checks everything inside a message whose own signature holds. Undefined when the message is valid. */
export function checkContent(context: ValidityContext, message: Signed): Rejection | undefined {
  switch (message.kind) {
    case 'prePrepare':
      return (
        checkPlace(context.committee, message) ??
        (message.batch === undefined ? undefined : checkEnvelopes(context, message.batch.envelopes))
      );
    case 'prepare':
      if (context.committee.leaderOf(message.view) === message.sender) {
        return reject('malformed', "a leader's PRE-PREPARE is its only vote of that phase");
      }
      return checkPlace(context.committee, message);
    case 'commit':
      return checkPlace(context.committee, message);
    case 'checkpoint':
      return message.sequence % context.committee.table.checkpointInterval !== 0
        ? reject('malformed', `${String(message.sequence)} is no checkpoint sequence`)
        : checkPlace(context.committee, message);
    case 'viewChange':
      return checkViewChange(context, message);
    case 'newView':
      return checkNewView(context, message);
    case 'requests':
      return checkEnvelopes(context, message.envelopes);
    case 'decided': {
      // Whoever brings it may be in a later epoch than the one that decided it.
      const committee = context.epochs.at(message.certificate.sequence);
      return checkCommitCertificate(committee, context.hash, message.certificate, context.verifyStatement);
    }
    case 'proposal':
      return (
        checkPlace(context.committee, message) ??
        checkProposal(context.committee, context.hash, message, context.verifyStatement) ??
        (message.batch === undefined ? undefined : checkEnvelopes(context, message.batch.envelopes))
      );
    case 'vote':
      return message.view === ROOT_VIEW
        ? reject('malformed', 'view 0 is the root of the epoch, which needs no votes')
        : checkPlace(context.committee, message);
    case 'timeout':
      return checkTimeout(context.committee, context.hash, message, context.verifyStatement);
    case 'syncInfo':
      return checkViewProof(context.committee, context.hash, message.view, message, context.verifyStatement);
    case 'stable':
      return checkCheckpointCertificate(context.committee, context.hash, message.certificate, context.verifyStatement);
    case 'epochChange':
      return checkProof(context, message);
    case 'snapshot':
      return checkSnapshot(context, message);
    case 'batch':
      return checkEnvelopes(context, message.batch.envelopes);
    // A chunk is checked by whoever holds the offer that it belongs to.
    case 'chunk':
    case 'status':
    case 'fetch':
      return undefined;
  }
}

function checkProof({ epochs, hash, verifyStatement }: ValidityContext, { change }: EpochProof): Rejection | undefined {
  const ended = epochs.of((change.table.epoch - 1) as Epoch);
  if (ended === undefined) return reject('wrong_epoch', `epoch ${String(change.table.epoch - 1)} is not known here`);
  return checkEpochChange(ended, hash, change, verifyStatement);
}

function checkSnapshot(
  { epochs, hash, verifyStatement }: ValidityContext,
  { certificate, shape }: SnapshotOffer,
): Rejection | undefined {
  if (stateDigest(hash, shape) !== certificate.content.stateDigest)
    return reject('bad_certificate', 'snapshot: the state is not the certified one');
  // Whoever offers it may be in a later epoch than the one that the checkpoint belongs to.
  return checkCheckpointCertificate(epochs.at(certificate.sequence), hash, certificate, verifyStatement);
}

function checkPlace({ table }: Committee, { sequence }: Statement): Rejection | undefined {
  if (sequence > table.baseSequence) return undefined;
  return reject(
    'malformed',
    `sequence ${String(sequence)} is not above ${String(table.baseSequence)}, where the epoch begins`,
  );
}

function checkEnvelopes(context: ValidityContext, envelopes: readonly Envelope[]): Rejection | undefined {
  for (const envelope of envelopes) {
    if (!context.verifyEnvelope(envelope))
      return reject('inauthentic_request', `envelope ${envelope.id} of ${envelope.signerKey}`);
  }
  return undefined;
}

function checkViewChange(context: ValidityContext, message: ViewChange): Rejection | undefined {
  const { committee, hash, verifyStatement } = context;
  if (message.view === 0) return reject('malformed', 'view 0 needs no VIEW-CHANGE');
  if (message.stable !== undefined) {
    const failed = checkCheckpointCertificate(committee, hash, message.stable, verifyStatement);
    if (failed !== undefined) return failed;
  }
  for (const certificate of message.prepared) {
    const failed = checkPreparedCertificate(committee, certificate, verifyStatement);
    if (failed !== undefined) return failed;
  }
  return undefined;
}

function checkNewView(context: ValidityContext, message: NewView): Rejection | undefined {
  const { committee, verifyStatement } = context;
  if (message.view === 0) return reject('malformed', 'view 0 needs no NEW-VIEW');
  const senders = message.viewChanges.map((reference) => reference.sender);
  if (!committee.isQuorum(senders)) return reject('bad_certificate', 'NEW-VIEW: its VIEW-CHANGEs are no quorum');
  for (const { sequence, digest, signature } of message.entries) {
    const proposal: Statement = {
      kind: 'prePrepare',
      epoch: message.epoch,
      view: message.view,
      sequence,
      digest,
      sender: message.sender,
    };
    if (!verifyStatement(proposal, signature))
      return reject('bad_certificate', `NEW-VIEW: the leader's signature for ${String(sequence)} does not hold`);
  }
  return undefined;
}

/** True for the digest of a batch that orders nothing. */
export const isNullDigest = (digest: string): boolean => digest === NULL_DIGEST;
