import { digestBytes, purposeDigest, type Hash } from './hash';
import type { Digest, Sequence, View } from './ids';
import { Writer } from './wire';

/** Names a block, and says in which view it was proposed. */
export interface BlockReference {
  readonly view: View;
  readonly digest: Digest;
}

/** What the linear engine orders (Spec §4): a batch on top of a block that a quorum voted for. */
export interface BlockHeader {
  /** At least 1, and above its parent's. */
  readonly view: View;
  /** Its height: one above its parent's. */
  readonly sequence: Sequence;
  /** The block that its proposal's certificate is about. */
  readonly parent: BlockReference;
  /** NULL_DIGEST for a block that orders nothing. */
  readonly batch: Digest;
}

/** A header under the digest that names it. */
export interface Block extends BlockHeader {
  readonly digest: Digest;
}

/** The digest of a header: a hash over all of it, so that a block's digest fixes everything below it. */
export function blockDigest(hash: Hash, { view, sequence, parent, batch }: BlockHeader): Digest {
  const place = new Writer(24).u64(view).u64(sequence).u64(parent.view);
  return purposeDigest(hash, 'block', place.bytes(), digestBytes(parent.digest), digestBytes(batch));
}

/** The block of a header. */
export const blockOf = (hash: Hash, { view, sequence, parent, batch }: BlockHeader): Block => ({
  view,
  sequence,
  parent,
  batch,
  digest: blockDigest(hash, { view, sequence, parent, batch }),
});

/** The digest below an epoch's first block: no two epochs have a block in common, whatever their members propose. */
export const rootDigest = (hash: Hash, tableHash: Digest): Digest =>
  purposeDigest(hash, 'root-block', digestBytes(tableHash));

/** The view of the root, which needs no votes: an epoch's first block is proposed in view 1. */
export const ROOT_VIEW = 0 as View;
