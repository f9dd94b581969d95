import type { Committee } from './committee';
import { digestBytes, purposeDigest, type Hash } from './hash';
import type { Digest, Epoch, MemberIndex, Sequence, View } from './ids';
import type { Statement } from './kinds';
import { reject, type Rejection } from './rejection';
import { Writer } from './wire';

/** One member's signature inside a certificate. */
export interface VoteSignature {
  readonly sender: MemberIndex;
  readonly signature: Uint8Array;
}

/** A quorum of COMMITs: `digest` is decided at `sequence`. Signatures ascend by sender. */
export interface CommitCertificate {
  readonly view: View;
  readonly sequence: Sequence;
  readonly digest: Digest;
  readonly signatures: readonly VoteSignature[];
}

/** A PRE-PREPARE and PREPAREs that together weigh a quorum: nothing else can be decided at (view, sequence). */
export interface PreparedCertificate {
  readonly view: View;
  readonly sequence: Sequence;
  readonly digest: Digest;
  /** The leader's signature under PRE-PREPARE. */
  readonly leaderSignature: Uint8Array;
  /** PREPAREs of others than the leader, ascending by sender. */
  readonly signatures: readonly VoteSignature[];
}

/** What a checkpoint says besides its sequence. */
export interface CheckpointContent {
  readonly stateDigest: Digest;
  /** Last sequence of the epoch, once one is pending; 0 for none. */
  readonly boundary: Sequence;
  /** Hash of the next epoch's table; ZERO_DIGEST for none. */
  readonly nextTableHash: Digest;
}

/** A quorum of equal CHECKPOINTs: the state after `sequence` is stable. Signatures ascend by sender. */
export interface CheckpointCertificate {
  readonly sequence: Sequence;
  readonly content: CheckpointContent;
  readonly signatures: readonly VoteSignature[];
}

/** Checks a member's signature under a statement, with the keys of the statement's epoch. */
export type StatementVerifier = (statement: Statement, signature: Uint8Array) => boolean;

/** The digest that CHECKPOINT statements carry. */
export function checkpointDigest(hash: Hash, sequence: Sequence, content: CheckpointContent): Digest {
  const { stateDigest, boundary, nextTableHash } = content;
  return purposeDigest(
    hash,
    'checkpoint',
    new Writer(8).u64(sequence).bytes(),
    digestBytes(stateDigest),
    new Writer(8).u64(boundary).bytes(),
    digestBytes(nextTableHash),
  );
}

function checkSignatures(
  committee: Committee,
  verify: StatementVerifier,
  what: string,
  fields: Omit<Statement, 'sender' | 'epoch'>,
  signatures: readonly VoteSignature[],
  alreadySigned: readonly MemberIndex[] = [],
): Rejection | undefined {
  const signers = new Set<MemberIndex>(alreadySigned);
  const epoch: Epoch = committee.epoch;
  const { baseSequence } = committee.table;
  if (fields.sequence <= baseSequence) {
    const place = `sequence ${String(fields.sequence)} is not above ${String(baseSequence)}, where the epoch begins`;
    return reject('bad_certificate', `${what}: ${place}`);
  }
  for (const { sender } of signatures) {
    if (committee.member(sender) === undefined)
      return reject('bad_certificate', `${what}: signer ${String(sender)} is not a member`);
    if (signers.has(sender)) return reject('bad_certificate', `${what}: signer ${String(sender)} stands twice`);
    signers.add(sender);
  }
  // Weight first: it is cheap, and a certificate that is too light needs no signature check.
  const weight = committee.weightOf(signers);
  if (weight < committee.quorumWeight) {
    return reject(
      'bad_certificate',
      `${what}: weight ${String(weight)} is below the quorum of ${String(committee.quorumWeight)}`,
    );
  }
  for (const { sender, signature } of signatures) {
    if (!verify({ ...fields, epoch, sender }, signature)) {
      return reject('bad_certificate', `${what}: signature of member ${String(sender)} does not hold`);
    }
  }
  return undefined;
}

/** Checks a commit certificate; undefined when it holds. */
export function checkCommitCertificate(
  committee: Committee,
  certificate: CommitCertificate,
  verify: StatementVerifier,
): Rejection | undefined {
  const { view, sequence, digest } = certificate;
  return checkSignatures(
    committee,
    verify,
    'commit certificate',
    { kind: 'commit', view, sequence, digest },
    certificate.signatures,
  );
}

/** Checks a prepared certificate; undefined when it holds. */
export function checkPreparedCertificate(
  committee: Committee,
  certificate: PreparedCertificate,
  verify: StatementVerifier,
): Rejection | undefined {
  const { view, sequence, digest, leaderSignature } = certificate;
  const leader = committee.leaderOf(view);
  const proposal: Statement = { kind: 'prePrepare', epoch: committee.epoch, view, sequence, digest, sender: leader };
  const failed = checkSignatures(
    committee,
    verify,
    'prepared certificate',
    { kind: 'prepare', view, sequence, digest },
    certificate.signatures,
    [leader],
  );
  if (failed !== undefined) return failed;
  return verify(proposal, leaderSignature)
    ? undefined
    : reject('bad_certificate', "prepared certificate: the leader's signature does not hold");
}

/** Checks a checkpoint certificate; undefined when it holds. */
export function checkCheckpointCertificate(
  committee: Committee,
  hash: Hash,
  certificate: CheckpointCertificate,
  verify: StatementVerifier,
): Rejection | undefined {
  const { sequence, content } = certificate;
  if (sequence % committee.table.checkpointInterval !== 0) {
    return reject('bad_certificate', `checkpoint certificate: ${String(sequence)} is no checkpoint sequence`);
  }
  const digest = checkpointDigest(hash, sequence, content);
  const fields = { kind: 'checkpoint', view: 0 as View, sequence, digest } as const;
  return checkSignatures(committee, verify, 'checkpoint certificate', fields, certificate.signatures);
}
