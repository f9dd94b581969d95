import { ROOT_VIEW, rootDigest, type BlockReference } from './block';
import { checkSignatures, checkSigners, type StatementVerifier } from './certificates';
import type { Committee } from './committee';
import { digestBytes, purposeDigest, type Hash } from './hash';
import type { Digest, Sequence, View } from './ids';
import type { QuorumCertificate, TimeoutCertificate, ViewProof } from './linear-certificates';
import type { Proposal, Timeout } from './messages';
import { reject, type Rejection } from './rejection';
import { Writer } from './wire';

/** The digest that TIMEOUT statements carry. */
export const timeoutDigest = (hash: Hash, highest: BlockReference): Digest =>
  purposeDigest(hash, 'timeout', new Writer(8).u64(highest.view).bytes(), digestBytes(highest.digest));

/** The block below an epoch's first. */
export const rootOf = (hash: Hash, committee: Committee): BlockReference & { readonly sequence: Sequence } => ({
  view: ROOT_VIEW,
  digest: rootDigest(hash, committee.hash),
  sequence: committee.table.baseSequence,
});

/** The block that a view proof's certificate is about: the epoch's root without one. */
export const justifiedBy = (
  hash: Hash,
  committee: Committee,
  justify: QuorumCertificate | undefined,
): BlockReference & { readonly sequence: Sequence } => justify ?? rootOf(hash, committee);

/** Checks a quorum certificate; undefined when it holds. */
export function checkQuorumCertificate(
  committee: Committee,
  { view, sequence, digest, signatures }: QuorumCertificate,
  verify: StatementVerifier,
): Rejection | undefined {
  return checkSignatures(committee, verify, 'quorum certificate', { kind: 'vote', view, sequence, digest }, signatures);
}

/** Checks a timeout certificate; undefined when it holds. */
export function checkTimeoutCertificate(
  committee: Committee,
  hash: Hash,
  { view, timeouts }: TimeoutCertificate,
  verify: StatementVerifier,
): Rejection | undefined {
  const what = 'timeout certificate';
  const { epoch } = committee;
  const tooLight = checkSigners(
    committee,
    what,
    timeouts.map(({ sender }) => sender),
  );
  if (tooLight !== undefined) return tooLight;
  for (const { sender, highest, signature } of timeouts) {
    const digest = timeoutDigest(hash, highest);
    if (!verify({ kind: 'timeout', epoch, view, sequence: 0 as Sequence, digest, sender }, signature))
      return reject('bad_certificate', `${what}: signature of member ${String(sender)} does not hold`);
  }
  return undefined;
}

/**
 * Checks that `view` may be entered by a proof, and that the certificate which a leader or a timeout rests on is as new as
 * what a quorum knew when it gave the view below up: else what some of them are locked on could be passed over.
 */
export function checkViewProof(
  committee: Committee,
  hash: Hash,
  view: View,
  { justify, timeouts }: ViewProof,
  verify: StatementVerifier,
): Rejection | undefined {
  const { view: justified } = justifiedBy(hash, committee, justify);
  if (view <= justified)
    return reject('malformed', `view ${String(view)} is not above view ${String(justified)} of its certificate`);
  const follows = view === justified + 1;
  if (follows !== (timeouts === undefined))
    return reject(
      'malformed',
      follows ? 'a timeout certificate that nothing needs' : 'the view below has no certificate',
    );
  if (timeouts !== undefined) {
    if (timeouts.view !== view - 1)
      return reject(
        'malformed',
        `the timeout certificate is of view ${String(timeouts.view)}, not ${String(view - 1)}`,
      );
    const newest = timeouts.timeouts.reduce((most, { highest }) => Math.max(most, highest.view), 0);
    if (justified < newest)
      return reject(
        'bad_certificate',
        `its certificate is of view ${String(justified)}, a timeout names view ${String(newest)}`,
      );
  }
  const failed = justify === undefined ? undefined : checkQuorumCertificate(committee, justify, verify);
  if (failed !== undefined || timeouts === undefined) return failed;
  return checkTimeoutCertificate(committee, hash, timeouts, verify);
}

/** Checks what a proposal stands on; undefined when it holds. */
export function checkProposal(
  committee: Committee,
  hash: Hash,
  { view, sequence, parent, justify, timeouts }: Proposal,
  verify: StatementVerifier,
): Rejection | undefined {
  const below = justifiedBy(hash, committee, justify);
  if (parent.view !== below.view || parent.digest !== below.digest)
    return reject('malformed', 'the parent is not the certified block');
  if (sequence !== below.sequence + 1)
    return reject('malformed', `height ${String(sequence)} on a block at ${String(below.sequence)}`);
  return checkViewProof(committee, hash, view, { justify, timeouts }, verify);
}

/** Checks what a TIMEOUT says; undefined when it holds. */
export function checkTimeout(
  committee: Committee,
  hash: Hash,
  { view, highest, justify, timeouts }: Timeout,
  verify: StatementVerifier,
): Rejection | undefined {
  const newest = justifiedBy(hash, committee, justify);
  if (highest.view !== newest.view || highest.digest !== newest.digest)
    return reject('malformed', 'what it names is not the certified block');
  return checkViewProof(committee, hash, view, { justify, timeouts }, verify);
}
