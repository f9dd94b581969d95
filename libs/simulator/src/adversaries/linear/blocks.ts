import {
  blockDigest,
  createBatch,
  justifiedBy,
  NULL_DIGEST,
  seal,
  type Batch,
  type MemberIndex,
  type Millis,
  type Proposal,
  type Sequence,
  type Signed,
  type View,
  type ViewProof,
} from '@concordat/protocol';
import type { AdversaryTools } from '../../adversary';

type Pen = Pick<AdversaryTools, 'committee' | 'hash' | 'sealer'>;

/** A proposal of this member, on whatever certificate. */
export function propose(
  { committee, hash, sealer }: Pen,
  view: View,
  { justify, timeouts }: ViewProof,
  batch: Batch | undefined,
): Signed<Proposal> {
  const below = justifiedBy(hash, committee, justify);
  const parent = { view: below.view, digest: below.digest };
  const sequence = (below.sequence + 1) as Sequence;
  const batchDigest = batch?.digest ?? NULL_DIGEST;
  const digest = blockDigest(hash, { view, sequence, parent, batch: batchDigest });
  const draft = { kind: 'proposal', view, sequence, digest, parent, batchDigest, batch, justify, timeouts } as const;
  return seal(sealer, draft) as Signed<Proposal>;
}

/** What a vote names. */
export type BallotPaper = Pick<Proposal, 'view' | 'sequence' | 'digest'>;

/** This member's vote for a block. */
export const voteFor = ({ sealer }: Pen, { view, sequence, digest }: BallotPaper): Signed =>
  seal(sealer, { kind: 'vote', view, sequence, digest });

/** To whom votes of a view go. */
export const collectorOf = ({ committee }: Pick<Pen, 'committee'>, view: View): MemberIndex =>
  committee.leaderOf((view + 1) as View);

/** Another batch with the same requests. */
export const anotherBatch = ({ hash }: Pick<Pen, 'hash'>, batch: Batch): Batch =>
  createBatch(hash, (batch.time + 1) as Millis, [...batch.envelopes].reverse());
