import type { BlockReference } from './block';
import type { VoteSignature } from './certificates';
import type { Digest, MemberIndex, Sequence, View } from './ids';

/** A quorum of votes for one block (Spec §4). Signatures ascend by sender. */
export interface QuorumCertificate {
  readonly view: View;
  readonly sequence: Sequence;
  /** The block's. */
  readonly digest: Digest;
  readonly signatures: readonly VoteSignature[];
}

/** One member's word that it gave a view up. */
export interface TimeoutSignature {
  readonly sender: MemberIndex;
  /** The newest certified block that it knew. */
  readonly highest: BlockReference;
  readonly signature: Uint8Array;
}

/** A quorum gave `view` up (Spec §4). Ascending by sender. It goes with a certificate at least as new as the newest in it. */
export interface TimeoutCertificate {
  readonly view: View;
  readonly timeouts: readonly TimeoutSignature[];
}

/**
 * Why a view is the one after all that came before (Spec §4): a certificate for a block of the view just below, or one that
 * a quorum gave that view up.
 */
export interface ViewProof {
  /** Certificate of the newest block that the sender builds on, or knows; undefined for the epoch's root. */
  readonly justify: QuorumCertificate | undefined;
  /** That the view below was given up; undefined where `justify` is of that view, and in view 1. */
  readonly timeouts: TimeoutCertificate | undefined;
}
