import type {
  CheckpointCertificate,
  CommitCertificate,
  CommitChain,
  Digest,
  PreparedCertificate,
  QuorumCertificate,
  Sequence,
  TimeoutCertificate,
  View,
  VoteSignature,
} from '@concordat/protocol';
import { neighbours, withoutOne } from './mutation';

/** A certificate with one thing wrong, and what. */
export type Forged<C> = readonly [what: string, certificate: C];

/** Signatures with one thing wrong: exchanged, doubled, one member short, or in another's name. */
function* forgedSignatures<S extends VoteSignature>(signatures: readonly S[]): Generator<Forged<S[]>> {
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
  if (certificate.chain !== undefined) yield* forgedChains(certificate, certificate.chain);
  for (const view of neighbours(certificate.view)) yield ['of another view', { ...certificate, view: view as View }];
  for (const digest of digests.filter((other) => other !== certificate.digest).slice(-1))
    yield ['of another digest', { ...certificate, digest }];
  for (const [what, signatures] of forgedSignatures(certificate.signatures))
    yield [what, { ...certificate, signatures }];
}

/** A commit certificate whose chain has one thing wrong. */
function* forgedChains(
  certificate: CommitCertificate,
  { parent, above }: CommitChain,
): Generator<Forged<CommitCertificate>> {
  const withChain = (chain: CommitChain): CommitCertificate => ({ ...certificate, chain });
  for (const fewer of withoutOne(above)) yield ['a block left out', withChain({ parent, above: fewer })];
  yield ['a block doubled', withChain({ parent, above: [...above, ...above.slice(-1)] })];
  for (const view of neighbours(parent.view))
    yield ['another parent', withChain({ parent: { ...parent, view: view as View }, above })];
  for (const [place, block] of above.entries())
    for (const view of neighbours(block.view))
      yield [
        'another view in the chain',
        withChain({ parent, above: above.with(place, { ...block, view: view as View }) }),
      ];
}

/** A quorum certificate with one thing wrong. */
export function* forgedQuorum(
  certificate: QuorumCertificate,
  digests: readonly Digest[],
): Generator<Forged<QuorumCertificate>> {
  for (const view of neighbours(certificate.view)) yield ['of another view', { ...certificate, view: view as View }];
  for (const digest of digests.filter((other) => other !== certificate.digest).slice(-1))
    yield ['of another block', { ...certificate, digest }];
  for (const sequence of neighbours(certificate.sequence))
    yield ['of another height', { ...certificate, sequence: sequence as Sequence }];
  for (const [what, signatures] of forgedSignatures(certificate.signatures))
    yield [what, { ...certificate, signatures }];
}

/** A timeout certificate with one thing wrong. */
export function* forgedTimeouts(
  certificate: TimeoutCertificate,
  digests: readonly Digest[],
): Generator<Forged<TimeoutCertificate>> {
  const { timeouts } = certificate;
  for (const view of neighbours(certificate.view)) yield ['of another view', { ...certificate, view: view as View }];
  for (const [what, signatures] of forgedSignatures(timeouts)) yield [what, { ...certificate, timeouts: signatures }];
  for (const [place, timeout] of timeouts.entries()) {
    const { highest } = timeout;
    for (const view of neighbours(highest.view))
      yield [
        'another view named',
        { ...certificate, timeouts: timeouts.with(place, { ...timeout, highest: { ...highest, view: view as View } }) },
      ];
    for (const digest of digests.filter((other) => other !== highest.digest).slice(-1))
      yield [
        'another block named',
        { ...certificate, timeouts: timeouts.with(place, { ...timeout, highest: { ...highest, digest } }) },
      ];
  }
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
