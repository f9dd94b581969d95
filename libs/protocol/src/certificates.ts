import { blockDigest, type BlockHeader, type BlockReference } from './block';
import type { Committee } from './committee';
import { digestBytes, purposeDigest, type Hash } from './hash';
import type { Digest, Epoch, MemberIndex, Sequence, View } from './ids';
import type { Statement } from './kinds';
import { invariant, reject, type Rejection } from './rejection';
import { Writer } from './wire';

/** One member's signature inside a certificate. */
export interface VoteSignature {
  readonly sender: MemberIndex;
  readonly signature: Uint8Array;
}

/** Blocks on top of a decided one, by which it is decided (Spec §4). Heights and parents follow from the order. */
export interface CommitChain {
  /** What the decided block stands on. */
  readonly parent: BlockReference;
  /** At least two, upwards; the last three of the decided block and these were proposed in consecutive views. */
  readonly above: readonly { readonly view: View; readonly batch: Digest }[];
}

/**
 * `digest` is decided at `sequence`, in `view`. Signatures ascend by sender. Of PBFT: a quorum of COMMITs, without a chain.
 * Of HotStuff: with the chain, and the signatures are votes for its last block.
 */
export interface CommitCertificate {
  readonly view: View;
  readonly sequence: Sequence;
  readonly digest: Digest;
  readonly signatures: readonly VoteSignature[];
  readonly chain?: CommitChain;
}

/** Blocks that stand undecided on one another at most; with a decision now and then there are only a few (Spec §4). */
export const UNDECIDED_MAX = 2048;

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

/** Checks that distinct members weigh a quorum; undefined when they do. */
export function checkSigners(
  committee: Committee,
  what: string,
  senders: readonly MemberIndex[],
  alreadySigned: readonly MemberIndex[] = [],
): Rejection | undefined {
  const signers = new Set<MemberIndex>(alreadySigned);
  for (const sender of senders) {
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
  return undefined;
}

function checkPlace({ table }: Committee, what: string, sequence: Sequence): Rejection | undefined {
  if (sequence > table.baseSequence) return undefined;
  const place = `sequence ${String(sequence)} is not above ${String(table.baseSequence)}, where the epoch begins`;
  return reject('bad_certificate', `${what}: ${place}`);
}

/** Checks a quorum of signatures under one statement; undefined when they hold. */
export function checkSignatures(
  committee: Committee,
  verify: StatementVerifier,
  what: string,
  fields: Omit<Statement, 'sender' | 'epoch'>,
  signatures: readonly VoteSignature[],
  alreadySigned: readonly MemberIndex[] = [],
): Rejection | undefined {
  const epoch: Epoch = committee.epoch;
  const misplaced = checkPlace(committee, what, fields.sequence);
  if (misplaced !== undefined) return misplaced;
  const senders = signatures.map(({ sender }) => sender);
  const tooLight = checkSigners(committee, what, senders, alreadySigned);
  if (tooLight !== undefined) return tooLight;
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
  hash: Hash,
  certificate: CommitCertificate,
  verify: StatementVerifier,
): Rejection | undefined {
  const what = 'commit certificate';
  const { view, sequence, digest, signatures, chain } = certificate;
  if (committee.table.engine === 'pbft') {
    if (chain !== undefined) return reject('bad_certificate', `${what}: it has a chain`);
    return checkSignatures(committee, verify, what, { kind: 'commit', view, sequence, digest }, signatures);
  }
  if (chain === undefined) return reject('bad_certificate', `${what}: it has no chain`);
  // All that costs no hash comes first: a chain may be long.
  const failed =
    checkPlace(committee, what, sequence) ??
    checkChain(what, certificate, chain) ??
    checkSigners(
      committee,
      what,
      signatures.map(({ sender }) => sender),
    );
  if (failed !== undefined) return failed;
  const third = chainHeaders(hash, certificate, chain).at(-1);
  invariant(third !== undefined, 'a chain ends with a block');
  const statement = {
    kind: 'vote',
    view: third.view,
    sequence: third.sequence,
    digest: blockDigest(hash, third),
  } as const;
  return checkSignatures(committee, verify, what, statement, signatures);
}

function checkChain(what: string, decided: CommitCertificate, { parent, above }: CommitChain): Rejection | undefined {
  if (above.length > UNDECIDED_MAX)
    return reject('bad_certificate', `${what}: ${String(above.length)} blocks above, at most ${String(UNDECIDED_MAX)}`);
  if (!Number.isSafeInteger(decided.sequence + above.length))
    return reject('bad_certificate', `${what}: its heights end above 2^53-1`);
  const views = [decided.view, ...above.map(({ view }) => view)];
  const [first, second, third] = views.slice(-3);
  if (first === undefined || second === undefined || third === undefined)
    return reject('bad_certificate', `${what}: fewer than three blocks in a row`);
  // With a view between them the middle one may have had a rival that nobody on this chain knows of.
  if (second !== first + 1 || third !== second + 1)
    return reject('bad_certificate', `${what}: its last three views are not consecutive`);
  let below: View = parent.view;
  for (const view of views) {
    if (view <= below) return reject('bad_certificate', `${what}: its views do not ascend`);
    below = view;
  }
  return undefined;
}

/** The blocks of a certificate, upwards from the decided one; the signatures are votes for the last. */
export function chainHeaders(hash: Hash, decided: CommitCertificate, chain: CommitChain): BlockHeader[] {
  const { view, sequence, digest } = decided;
  const headers: BlockHeader[] = [{ view, sequence, parent: chain.parent, batch: digest }];
  let below = headers[0];
  for (const above of chain.above) {
    if (below === undefined) break;
    const parent = { view: below.view, digest: blockDigest(hash, below) };
    below = { view: above.view, sequence: (below.sequence + 1) as Sequence, parent, batch: above.batch };
    headers.push(below);
  }
  return headers;
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
