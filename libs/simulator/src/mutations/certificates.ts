import type {
  CheckpointCertificate,
  CommitCertificate,
  Digest,
  PreparedCertificate,
  View,
  VoteSignature,
} from '@concordat/protocol';
import { neighbours, withoutOne } from './mutation';

/** A certificate with one thing wrong, and what. */
export type Forged<C> = readonly [what: string, certificate: C];

/** Signatures with one thing wrong: exchanged, doubled, one member short, or in another's name. */
function* forgedSignatures(signatures: readonly VoteSignature[]): Generator<Forged<VoteSignature[]>> {
  const [first, second] = signatures;
  if (first !== undefined && second !== undefined) {
    yield [
      'signatures exchanged',
      [{ ...first, signature: second.signature }, { ...second, signature: first.signature }, ...signatures.slice(2)],
    ];
    yield ['signer twice', [first, first, ...signatures.slice(2)]];
    yield ['signer of another signature', [first, { ...second, signature: first.signature }, ...signatures.slice(2)]];
  }
  // A certificate holds what its member had when it made it: at most one more than a quorum, which these go below.
  for (const fewer of withoutOne(signatures)) yield ['signer removed', fewer];
  if (first !== undefined) yield ['one signer left', [first]];
}

/** A prepared certificate with one thing wrong. */
export function* forgedPrepared(
  certificate: PreparedCertificate,
  digests: readonly Digest[],
): Generator<Forged<PreparedCertificate>> {
  for (const view of neighbours(certificate.view)) yield ['of another view', { ...certificate, view: view as View }];
  for (const digest of digests.filter((other) => other !== certificate.digest).slice(-1))
    yield ['of another digest', { ...certificate, digest }];
  yield [
    'of the next sequence',
    { ...certificate, sequence: (certificate.sequence + 1) as typeof certificate.sequence },
  ];
  const [first] = certificate.signatures;
  if (first !== undefined) yield ["leader's signature exchanged", { ...certificate, leaderSignature: first.signature }];
  for (const [what, signatures] of forgedSignatures(certificate.signatures))
    yield [what, { ...certificate, signatures }];
}

/** A commit certificate with one thing wrong. */
export function* forgedCommit(
  certificate: CommitCertificate,
  digests: readonly Digest[],
): Generator<Forged<CommitCertificate>> {
  for (const view of neighbours(certificate.view)) yield ['of another view', { ...certificate, view: view as View }];
  for (const digest of digests.filter((other) => other !== certificate.digest).slice(-1))
    yield ['of another digest', { ...certificate, digest }];
  for (const [what, signatures] of forgedSignatures(certificate.signatures))
    yield [what, { ...certificate, signatures }];
}

/** A checkpoint certificate with one thing wrong. */
export function* forgedCheckpoint(
  certificate: CheckpointCertificate,
  digests: readonly Digest[],
  interval: number,
): Generator<Forged<CheckpointCertificate>> {
  const next = (certificate.sequence + interval) as typeof certificate.sequence;
  yield ['of the next checkpoint', { ...certificate, sequence: next }];
  for (const stateDigest of digests.slice(-1))
    yield ['of another state', { ...certificate, content: { ...certificate.content, stateDigest } }];
  for (const [what, signatures] of forgedSignatures(certificate.signatures))
    yield [what, { ...certificate, signatures }];
}
