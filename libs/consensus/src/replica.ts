import type {
  Authentic,
  Batch,
  BlockReference,
  CheckpointCertificate,
  CommitCertificate,
  Digest,
  Envelope,
  DraftOf,
  Epoch,
  EpochChange,
  EpochTable,
  MemberIndex,
  Millis,
  NodeId,
  PreparedCertificate,
  Rejection,
  Sequence,
  Signed,
  Statement,
  NewView,
  Proposal,
  Verified,
  View,
} from '@concordat/protocol';
import type { ChangeResult } from './membership/membership';

/** Timers that an engine asks its host for. Starting one that runs replaces it. */
export type TimerId = 'status' | 'progress' | 'new-view' | 'relay';

/**
 * What happened outside, one thing at a time. `at` is the host's clock when the event arrived; it bounds a fresh
 * proposal's time and is otherwise never a reason to vote or not (Spec §6).
 */
export type ReplicaEvent =
  | { readonly kind: 'start'; readonly at: Millis }
  /** A member's message, this member's own included: a host returns what it has sealed, once it is durable. */
  | { readonly kind: 'message'; readonly at: Millis; readonly message: Verified }
  /** A client's envelope at this member's own gateway. Answered by an `admitted` or `refused` effect in the same step. */
  | { readonly kind: 'submit'; readonly at: Millis; readonly envelope: Authentic }
  | { readonly kind: 'timer'; readonly at: Millis; readonly timer: TimerId }
  /** The host has dropped old decisions: all from `oldest` on can still be supplied. Also told at the start, unless it is 1. */
  | { readonly kind: 'retained'; readonly at: Millis; readonly oldest: Sequence }
  /** The host's queue is empty: the moment to relay and propose, so that what arrives together travels together. */
  | { readonly kind: 'drained'; readonly at: Millis };

/** What a host must make durable besides the votes. */
export type DurableRecord =
  | { readonly kind: 'batch'; readonly sequence: Sequence; readonly batch: Batch }
  | { readonly kind: 'prepared'; readonly certificate: PreparedCertificate }
  /** The NEW-VIEW that this member entered; promises its view. */
  | { readonly kind: 'newView'; readonly message: Signed<NewView> }
  /** A block that this member votes for, with its batch and the certificate that it carries. */
  | { readonly kind: 'proposal'; readonly message: Signed<Proposal> }
  /** What a vote locks this member on, before it leaves. */
  | { readonly kind: 'lock'; readonly epoch: Epoch; readonly locked: BlockReference }
  /** After a torn log: this member votes for nothing, and proposes nothing, in views up to this one. */
  | { readonly kind: 'abstention'; readonly epoch: Epoch; readonly through: View }
  /** State after a checkpoint sequence, in full. */
  | { readonly kind: 'state'; readonly sequence: Sequence; readonly state: Uint8Array }
  | { readonly kind: 'stable'; readonly certificate: CheckpointCertificate }
  /** A proof against a member: on record from then on. */
  | { readonly kind: 'evidence'; readonly evidence: Evidence }
  /** The epoch that this member was in has ended: it belongs to the next one from here on. */
  | { readonly kind: 'epoch'; readonly change: EpochChange };

/** A sequence that was decided and executed. */
export interface CommittedBlock {
  readonly sequence: Sequence;
  /** Undefined for the null batch. */
  readonly batch: Batch | undefined;
  readonly certificate: CommitCertificate;
  /** Log time after this sequence. */
  readonly logTime: Millis;
  /** One OUTCOMES code per request, in batch order. */
  readonly outcomes: Uint8Array;
  /** Chain over everything executed up to here. */
  readonly headDigest: Digest;
  /** What its system requests came to, in batch order. */
  readonly changes: readonly RequestedChange[];
}

/** What a system request in a block came to. */
export interface RequestedChange extends ChangeResult {
  /** Place of the request among all of the block's. */
  readonly request: number;
}

/** Proof that a member contradicted itself (Spec §8). Checkable with the epoch's keys alone. */
export type Evidence =
  | {
      readonly kind: 'equivocation';
      readonly accused: MemberIndex;
      readonly first: SignedStatement;
      readonly second: SignedStatement;
    }
  /** A NEW-VIEW that does not follow from the VIEW-CHANGEs that it names. */
  | {
      readonly kind: 'contradictory-new-view';
      readonly accused: MemberIndex;
      readonly newView: Signed<NewView>;
      readonly viewChanges: readonly Signed[];
    };

/** A statement and its signature, without the payload. */
export interface SignedStatement {
  readonly statement: Statement;
  readonly signature: Uint8Array;
}

/** Kinds of drafts that bind their sender: durable in full before they leave, and the same bytes whenever they are sent again. */
export type BindingKind =
  'prePrepare' | 'prepare' | 'commit' | 'checkpoint' | 'viewChange' | 'newView' | 'proposal' | 'vote' | 'timeout';

/** Kinds of drafts that promise nothing. */
export type FreeKind =
  'status' | 'fetch' | 'batch' | 'decided' | 'requests' | 'epochChange' | 'snapshot' | 'chunk' | 'syncInfo' | 'stable';

/** To whom something goes: a member of the epoch, or a node by its name. */
export type Address = MemberIndex | NodeId;

/**
 * What must now happen, in this order. A `persist`, and a `vote` (which is one too), holds back everything after it until
 * it is durable.
 */
export type Effect =
  | { readonly kind: 'persist'; readonly record: DurableRecord }
  /** Seal, make durable in full, broadcast or send to `to`, and return it as a `message` event either way. */
  | { readonly kind: 'vote'; readonly draft: DraftOf<BindingKind>; readonly to?: MemberIndex }
  | { readonly kind: 'broadcast'; readonly draft: DraftOf<FreeKind> }
  | { readonly kind: 'send'; readonly to: Address; readonly draft: DraftOf<FreeKind> }
  /** Send a message that was sealed before, by whomever, as it is. */
  | { readonly kind: 'forward'; readonly to: Address; readonly message: Signed }
  /**
   * Send decided sequences from..to from the decision store, each as DECIDED, as far as they are there. An observer's name
   * costs nothing: all of them together may take up as much as one member.
   */
  | {
      readonly kind: 'supply';
      readonly to: Address;
      readonly from: Sequence;
      readonly through: Sequence;
      readonly isObserver?: boolean;
    }
  | { readonly kind: 'startTimer'; readonly timer: TimerId; readonly delayMs: number }
  | { readonly kind: 'cancelTimer'; readonly timer: TimerId }
  | { readonly kind: 'commit'; readonly block: CommittedBlock }
  | { readonly kind: 'admitted'; readonly envelope: Authentic }
  | { readonly kind: 'refused'; readonly id: Digest; readonly rejection: Rejection }
  | { readonly kind: 'rejected'; readonly sender: MemberIndex; readonly rejection: Rejection }
  | { readonly kind: 'accuse'; readonly evidence: Evidence }
  | { readonly kind: 'viewEntered'; readonly view: View; readonly leader: MemberIndex }
  | {
      readonly kind: 'viewLeft';
      readonly view: View;
      readonly reason: 'timeout' | 'joined' | 'contradictory-new-view' | 'torn-log';
    }
  /** The log through `sequence` may be dropped, once `base()` opens a newer part of it. */
  | { readonly kind: 'stable'; readonly sequence: Sequence }
  /**
   * The epoch has ended here, and all of it that matters is durable before this effect: the host builds the replica of the
   * next epoch from it. This one does nothing more. After a state of a later epoch was taken over, that is the epoch that
   * follows `change`, and `stable` proves the state if it lies above the epoch's beginning.
   */
  | {
      readonly kind: 'epochEnded';
      readonly change: EpochChange;
      /** What the next replica starts from; as in the newest `state` record. */
      readonly state: { readonly sequence: Sequence; readonly bytes: Uint8Array };
      readonly stable: CheckpointCertificate | undefined;
    }
  /**
   * This member takes over a certified state: decisions from..sequence are not here, and never come as `commit`. Comes
   * before the state is made durable, in the order of the decisions, so that the decision store knows of the gap first.
   */
  | {
      readonly kind: 'installed';
      readonly from: Sequence;
      readonly sequence: Sequence;
      /** Requests decided in all, up to there. */
      readonly totalDecided: number;
      /** Envelopes that waited here and were executed in the gap, one way or another. */
      readonly envelopes: readonly Envelope[];
    }
  /** This member found that it must not go on (its state differs from what a quorum certified). The host stops the process. */
  | { readonly kind: 'halt'; readonly reason: string };

/** What a restarted member finds in its data folder. All parts may be empty. */
export interface Recovered {
  /** Newest state record; its sequence need not be stable. */
  readonly state: { readonly sequence: Sequence; readonly bytes: Uint8Array } | undefined;
  readonly stable: CheckpointCertificate | undefined;
  /** Everything that this member sealed and made durable, in log order. */
  readonly votes: readonly Signed[];
  readonly batches: readonly { readonly sequence: Sequence; readonly batch: Batch }[];
  readonly prepared: readonly PreparedCertificate[];
  /** NEW-VIEWs that this member entered, in log order. */
  readonly newViews: readonly Signed<NewView>[];
  /** Blocks that this member voted for, in log order. */
  readonly proposals: readonly Signed<Proposal>[];
  /** What it was locked on; undefined for the epoch's root. */
  readonly locked: BlockReference | undefined;
  /** Highest view in which it abstains after an earlier torn log; undefined for none. */
  readonly abstained: View | undefined;
  readonly evidence: readonly Evidence[];
  /** Decided sequences above the state, ascending without gaps. */
  readonly decided: readonly { readonly batch: Batch | undefined; readonly certificate: CommitCertificate }[];
  /** The log's last group was not whole: this member may have promised more in its view than it knows. */
  readonly tornTail: boolean;
}

/** A member that never ran before. */
export const NOTHING_RECOVERED: Recovered = {
  state: undefined,
  stable: undefined,
  votes: [],
  batches: [],
  prepared: [],
  newViews: [],
  proposals: [],
  locked: undefined,
  abstained: undefined,
  evidence: [],
  decided: [],
  tornTail: false,
};

/** An envelope in the pool. */
export interface WaitingEnvelope {
  readonly envelope: Authentic;
  /** The member that brought it. */
  readonly origin: NodeId;
}

/** Phases of a sequence as users see them. */
export type Phase =
  'idle' | 'waiting' | 'pre-prepare' | 'prepare' | 'pre-commit' | 'commit' | 'decided' | 'view-change';

/** Where an undecided envelope stands. */
export interface EnvelopeProgress {
  readonly phase: Phase;
  readonly view: View;
  /** Undefined while no leader has proposed it here. */
  readonly sequence: Sequence | undefined;
  /** Distinct members per phase, in the current view. */
  readonly votes: { readonly prePrepare: number; readonly prepare: number; readonly commit: number };
  /** Who has voted in the phase that it is in, ascending; nobody while no leader has proposed it. */
  readonly voters: readonly MemberIndex[];
  /** The sequence that is executed next, when that is another one and has a proposal: nothing above it can be executed. */
  readonly behind: SlotProgress | undefined;
  /** Highest sequence for which a proposal is known here; the one executed last when there is none above it. */
  readonly proposed: Sequence;
  /** Last sequence that may be proposed now. */
  readonly windowTop: Sequence;
}

/** Where a sequence stands. */
export interface SlotProgress {
  readonly sequence: Sequence;
  /** `pre-commit`: of HotStuff only. */
  readonly phase: 'prepare' | 'pre-commit' | 'commit' | 'decided';
  /** Who has voted in that phase, ascending. */
  readonly voters: readonly MemberIndex[];
}

/** A clock that gives a leader up when it runs out. */
export interface RunningTimer {
  /** `progress`: the oldest waiting request's time with this leader. `new-view`: the next leader's time to begin its view. */
  readonly timer: 'progress' | 'new-view';
  readonly startedAt: Millis;
  readonly lengthMs: number;
  /** The envelope that a `progress` timer belongs to; undefined for the rest of an epoch that ends, and for `new-view`. */
  readonly envelope: Digest | undefined;
}

/** Last heard of another member, from its STATUS. A claim: it decides whom to ask, never what is true. */
export interface PeerState {
  readonly member: MemberIndex;
  readonly heardAt: Millis;
  readonly view: View;
  readonly executed: Sequence;
  readonly stable: Sequence;
  /** Oldest decided sequence from which on it can supply all. */
  readonly oldest: Sequence;
  readonly headDigest: Digest;
  /** Members that it says not to hear. */
  readonly silent: readonly MemberIndex[];
}

/** A state that a member is fetching in place of the decisions that led to it. */
export interface SnapshotProgress {
  readonly sequence: Sequence;
  /** Chunks that are here, all verified. */
  readonly chunks: number;
  readonly chunksInAll: number;
}

/** A member's own view of itself. */
export interface ReplicaState {
  readonly view: View;
  /** Above `view` while this member asks for a new view. */
  readonly promisedView: View;
  readonly leader: MemberIndex;
  readonly phase: Phase;
  readonly executed: Sequence;
  readonly stable: Sequence;
  readonly headDigest: Digest;
  readonly logTime: Millis;
  readonly totalDecided: number;
  readonly epoch: Epoch;
  /** Last sequence of the epoch; 0 while it has no end. */
  readonly boundary: Sequence;
  /** Table of the next epoch as decided so far; undefined while none is decided on. */
  readonly next: EpochTable | undefined;
  /** True for a member of the epoch whose votes count. */
  readonly votes: boolean;
  readonly poolEnvelopes: number;
  readonly poolBytes: number;
  /** Members against whom this member holds a proof. */
  readonly proven: readonly MemberIndex[];
  /** Slots, votes, batches and the like that are held in memory. */
  readonly slots: number;
  /** Oldest decided sequence from which on all can be supplied here. */
  readonly oldest: Sequence;
  /** Undefined while no state is being fetched. */
  readonly snapshot: SnapshotProgress | undefined;
  /** Members that were heard, by index. */
  readonly peers: readonly PeerState[];
  /** Undefined while nothing waits for a leader. */
  readonly timer: RunningTimer | undefined;
  /** Members that ask for a view above `view`, as far as it is known here, ascending. */
  readonly asking: readonly MemberIndex[];
}

/** A member as a state machine: the same events give the same effects, byte for byte. No I/O, no clock, no randomness. */
export interface Replica {
  /** Feeds one event and returns what must now happen. Never awaits, never throws for a peer's fault; an InvariantError is our own bug. */
  step(event: ReplicaEvent): readonly Effect[];
  /** Whether a message is worth opening: cheap, before its signature is checked. Undefined when it is. */
  admit(statement: Statement): Rejection | undefined;
  state(): ReplicaState;
  /**
   * All envelopes that wait here, the longest waiting first; once the epoch has ended, those that can still be ordered: the
   * replica of the next epoch takes them over.
   */
  waiting(): readonly WaitingEnvelope[];
  /** The envelope with that id, while it waits here. */
  waitingEnvelope(id: Digest): Envelope | undefined;
  /** Undefined for an envelope that does not wait here. */
  progressOf(id: Digest): EnvelopeProgress | undefined;
  /** Proofs on record: at most one per member and kind of message, the one of the latest epoch. */
  evidence(): readonly Evidence[];
  /** Everything that must open a new log segment, so that older ones may go: state, stable certificate, promised view. */
  base(): { readonly records: readonly DurableRecord[]; readonly votes: readonly Signed[] };
}
