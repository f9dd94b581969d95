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
  proposal: 15,
  vote: 16,
  timeout: 17,
  syncInfo: 18,
  stable: 19,
} as const;
/** Kind of a message between members. */
export type MessageKind = keyof typeof MESSAGE_KINDS;

/** What a member signs, for every kind (Spec §6). Two of them can be proof of equivocation: see `contradict`. */
export interface Statement<K extends MessageKind = MessageKind> {
  readonly kind: K;
  readonly epoch: Epoch;
  readonly view: View;
  readonly sequence: Sequence;
  /**
   * Batch digest, for pre-prepare, prepare and commit; the block's, for proposal and vote; for a timeout the hash of the
   * certified block that it names; for other kinds the hash of sender, place and whole payload.
   */
  readonly digest: Digest;
  readonly sender: MemberIndex;
}

/** Kinds of which an honest member never signs two contents for one (epoch, view, sequence). */
const ONCE_PER_SLOT: readonly MessageKind[] = [
  'prePrepare',
  'prepare',
  'commit',
  'checkpoint',
  'viewChange',
  'newView',
];

/** Kinds of which it never signs two for one (epoch, view), whatever their height (Spec §4). */
const ONCE_PER_VIEW: readonly MessageKind[] = ['proposal', 'vote', 'timeout'];

/** Kinds that can be proof of equivocation (Spec §8). */
export const EVIDENCE_KINDS: readonly MessageKind[] = [...ONCE_PER_SLOT, ...ONCE_PER_VIEW];

/** True for two statements that no honest member signs both: with both signatures they are proof (Spec §8). */
export function contradict(a: Statement, b: Statement): boolean {
  const sameKind = a.kind === b.kind && a.epoch === b.epoch && a.view === b.view && a.sender === b.sender;
  if (!sameKind || a.digest === b.digest) return false;
  return ONCE_PER_VIEW.includes(a.kind) || (ONCE_PER_SLOT.includes(a.kind) && a.sequence === b.sequence);
}
