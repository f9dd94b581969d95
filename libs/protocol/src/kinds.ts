import type { Digest, Epoch, MemberIndex, Sequence, View } from './ids';

/** Kinds of messages between members and their wire codes. */
export const MESSAGE_KINDS = {
  prePrepare: 1,
  prepare: 2,
  commit: 3,
  checkpoint: 4,
  viewChange: 5,
  newView: 6,
  status: 7,
  fetch: 8,
  batch: 9,
  decided: 10,
  requests: 11,
  epochChange: 12,
  snapshot: 13,
  chunk: 14,
} as const;
/** Kind of a message between members. */
export type MessageKind = keyof typeof MESSAGE_KINDS;

/**
 * What a member signs, for every kind (Spec §6). Two signed statements of one sender that agree in kind, epoch, view and
 * sequence but not in digest are proof of equivocation for the kinds that EVIDENCE_KINDS lists.
 */
export interface Statement<K extends MessageKind = MessageKind> {
  readonly kind: K;
  readonly epoch: Epoch;
  readonly view: View;
  readonly sequence: Sequence;
  /** Batch digest, for pre-prepare, prepare and commit; for other kinds the hash of sender, place and whole payload. */
  readonly digest: Digest;
  readonly sender: MemberIndex;
}

/** Kinds of which an honest member never signs two contents for one (epoch, view, sequence). */
export const EVIDENCE_KINDS: readonly MessageKind[] = [
  'prePrepare',
  'prepare',
  'commit',
  'checkpoint',
  'viewChange',
  'newView',
];
