import type { Batch } from './batch';
import type { BlockReference } from './block';
import type { CheckpointCertificate, CheckpointContent, CommitCertificate, PreparedCertificate } from './certificates';
import type { EpochChange } from './epoch-change';
import type { Digest, MemberIndex, NodeId, Sequence, View } from './ids';
import type { MessageKind, Statement } from './kinds';
import type { Envelope } from './request';
import type { ViewProof } from './linear-certificates';
import type { StateShape } from './state-chunks';

export { contradict, EVIDENCE_KINDS, MESSAGE_KINDS, type MessageKind, type Statement } from './kinds';

/** The leader's proposal. `batch` is undefined where only the vote matters: the null batch, or a batch that travels apart. */
export interface PrePrepare extends Statement<'prePrepare'> {
  readonly batch: Batch | undefined;
}

/** A backup accepted the leader's proposal. */
export type Prepare = Statement<'prepare'>;

/** `sender` has seen a quorum for the proposal and is bound to it (Spec §3). */
export type Commit = Statement<'commit'>;

/** The state after `sequence`, durable at `sender` (Spec §3). View is 0. */
export interface Checkpoint extends Statement<'checkpoint'> {
  readonly content: CheckpointContent;
}

/** `sender` leaves all views below `view`. Sequence is 0: there is one per view. */
export interface ViewChange extends Statement<'viewChange'> {
  /** The sender's stable checkpoint; undefined at the genesis state. */
  readonly stable: CheckpointCertificate | undefined;
  /** What it prepared above that, ascending, one per sequence: the one of its highest view. */
  readonly prepared: readonly PreparedCertificate[];
}

/** Names one VIEW-CHANGE. */
export interface ViewChangeReference {
  readonly sender: MemberIndex;
  /** The digest in its signed statement. */
  readonly digest: Digest;
}

/** One slot that a new view starts with; `signature` is the leader's under PRE-PREPARE(view, sequence, digest). */
export interface NewViewEntry {
  readonly sequence: Sequence;
  readonly digest: Digest;
  readonly signature: Uint8Array;
}

/** The leader's proof that `view` may start, and with what. Sequence is 0. */
export interface NewView extends Statement<'newView'> {
  /** A quorum, ascending by sender. */
  readonly viewChanges: readonly ViewChangeReference[];
  /** Ascending without gaps from the adopted stable checkpoint. */
  readonly entries: readonly NewViewEntry[];
}

/** What a member has of one undecided slot, as bits. */
export const SLOT_FLAGS = { batch: 1, prepared: 2, decided: 4 } as const;

/** An undecided or unexecuted slot in a STATUS. */
export interface SlotStatus {
  readonly sequence: Sequence;
  /** SLOT_FLAGS. */
  readonly flags: number;
}

/** Where `sender` stands: heartbeat, and request for whatever it lacks. View: entered. Sequence: executed. Never evidence. */
export interface Status extends Statement<'status'> {
  readonly promisedView: View;
  readonly stableSequence: Sequence;
  /** Oldest decided sequence from which on the sender can still supply all; 1 when nothing was dropped. At least 1. */
  readonly oldestSequence: Sequence;
  /** Chain over everything executed: equal at equal sequences on all honest members. */
  readonly headDigest: Digest;
  /** Slots above `executed`, ascending, at most SLOTS_IN_STATUS_MAX. */
  readonly slots: readonly SlotStatus[];
  /** Ids of the oldest waiting envelopes, at most WAITING_IN_STATUS_MAX. */
  readonly waiting: readonly Digest[];
  /** VIEW-CHANGEs for views above `view` that the sender holds. */
  readonly viewChangesHeld: readonly ViewChangeHeld[];
  /** Members that the sender has not heard for its silence bound, ascending: links to it that are down. */
  readonly silent: readonly MemberIndex[];
}

/** A VIEW-CHANGE that a member holds: the newest of `sender`. */
export interface ViewChangeHeld {
  readonly sender: MemberIndex;
  readonly view: View;
}

/** Slots a STATUS lists. */
export const SLOTS_IN_STATUS_MAX = 64;
/** Waiting envelopes a STATUS lists. */
export const WAITING_IN_STATUS_MAX = 32;
/** Items of each sort that a FETCH asks for. */
export const FETCH_ITEMS_MAX = 64;

/** Chunks of a snapshot that a FETCH asks for. */
export const FETCH_CHUNKS_MAX = 16;

/**
 * What a FETCH asks of a checkpointed state: with a count, chunks from..from+count-1 of the state after exactly `sequence`;
 * without, an offer of a stable checkpoint at `sequence` or above.
 */
export interface SnapshotRequest {
  readonly sequence: Sequence;
  readonly from: number;
  /** At most FETCH_CHUNKS_MAX. */
  readonly count: number;
}

/** Asks for what `sender` lacks. Never evidence. A node that is no member of the epoch asks as OBSERVER, unsigned. */
export interface Fetch extends Statement<'fetch'> {
  /** Where the answer shall go. */
  readonly origin: NodeId;
  readonly batches: readonly Digest[];
  readonly viewChanges: readonly Digest[];
  readonly envelopes: readonly Digest[];
  /** Decided sequences from..to inclusive; undefined for none. */
  readonly decided: { readonly from: Sequence; readonly to: Sequence } | undefined;
  readonly snapshot: SnapshotRequest | undefined;
}

/** A batch that somebody asked for by digest. */
export interface BatchSupply extends Statement<'batch'> {
  readonly batch: Batch;
}

/** A decided sequence with its proof. `batch` is undefined for the null batch. */
export interface DecidedSupply extends Statement<'decided'> {
  readonly batch: Batch | undefined;
  readonly certificate: CommitCertificate;
}

/** Envelopes on their way into every member's pool. */
export interface RequestRelay extends Statement<'requests'> {
  readonly envelopes: readonly Envelope[];
}

/** Proof that an epoch ended, for a node that is still in it. Proves itself: whoever brings it need not be known. */
export interface EpochProof extends Statement<'epochChange'> {
  readonly change: EpochChange;
}

/**
 * `sender` holds the whole state after a stable checkpoint, and serves it in chunks. Sequence is the certificate's, which
 * the epoch signed that the sequence belongs to.
 */
export interface SnapshotOffer extends Statement<'snapshot'> {
  readonly certificate: CheckpointCertificate;
  readonly shape: StateShape;
}

/** One chunk of the state after `sequence`. */
export interface SnapshotChunk extends Statement<'chunk'> {
  readonly index: number;
  readonly bytes: Uint8Array;
  /** Merkle path to the root of the offer. */
  readonly path: readonly Uint8Array[];
}

/** The leader's block for `view` at height `sequence`, on the block that `justify` certifies. */
export interface Proposal extends Statement<'proposal'>, ViewProof {
  readonly parent: BlockReference;
  readonly batchDigest: Digest;
  /** Undefined for the null batch, and in memory where only the header matters: it is not encoded without. */
  readonly batch: Batch | undefined;
}

/** `sender` voted for the block: on its way to the leader of the next view. */
export type Vote = Statement<'vote'>;

/** `sender` votes no more in `view`. Sequence is 0. The digest covers `highest`. */
export interface Timeout extends Statement<'timeout'>, ViewProof {
  /** The block that `justify` certifies. */
  readonly highest: BlockReference;
}

/** What a member in an older view lacks. View: the one that it may enter by it. Sequence is 0. Never evidence: it proves itself. */
export interface SyncInfo extends Statement<'syncInfo'>, ViewProof {}

/** A stable checkpoint, from the one who collected its signatures. */
export interface StableProof extends Statement<'stable'> {
  readonly certificate: CheckpointCertificate;
}

/** What a member can say, before it is signed. */
export type Content =
  | PrePrepare
  | Prepare
  | Commit
  | Checkpoint
  | ViewChange
  | NewView
  | Status
  | Fetch
  | BatchSupply
  | DecidedSupply
  | RequestRelay
  | EpochProof
  | SnapshotOffer
  | SnapshotChunk
  | Proposal
  | Vote
  | Timeout
  | SyncInfo
  | StableProof;

/** Content of one kind. */
export type ContentOf<K extends MessageKind> = Extract<Content, { kind: K }>;

/** A message with its sender's signature. */
export type Signed<C extends Content = Content> = C & { readonly signature: Uint8Array };

declare const verified: unique symbol;
/** A message whose layout, membership, signature, digest and inner certificates were checked against the epoch table. */
export type Verified<C extends Content = Content> = Signed<C> & { readonly [verified]: true };

declare const authentic: unique symbol;
/** An envelope whose signature was checked. */
export type Authentic = Envelope & { readonly [authentic]: true };
