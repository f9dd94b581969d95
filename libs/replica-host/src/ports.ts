import type { CommittedBlock, Effect, Evidence } from '@concordat/consensus';
import type {
  Batch,
  CommitCertificate,
  DraftOf,
  EpochChange,
  MemberIndex,
  MessageKind,
  Millis,
  NodeId,
  Rejection,
  Sequence,
  Signed,
  Verified,
  View,
} from '@concordat/protocol';
import type { LogRecord } from '@concordat/records';
import type { HaltReason } from './halt';

/**
 * Where promises are made durable (Spec §6). Any failure of it stops the host.
 *
 * `append` only keeps: nothing of it may reach the disk before `sync`, `syncNow`, `rotate` or `dropBelow` is called, so
 * that the host can make decisions durable before the state that covers them.
 */
export interface VoteLogPort {
  append(record: LogRecord): void;
  /** Resolves when everything appended before the call is durable. The host never has two under way. */
  sync(): Promise<void>;
  /** `sync`, blocking. */
  syncNow(): void;
  /** Time to begin a new file. */
  readonly isSegmentFull: boolean;
  /** Makes durable what was appended, then begins a new file with `base`, durable too when it returns or resolves. */
  rotate(base: readonly LogRecord[]): unknown;
  /** Gives up old files of which no record belongs to a sequence above `sequence`. */
  dropBelow(sequence: Sequence): unknown;
}

/** A decided sequence as it is supplied to others. */
export interface SuppliedDecision {
  readonly sequence: Sequence;
  readonly batch: Batch | undefined;
  readonly certificate: CommitCertificate;
}

/** Where decisions are kept. Any failure of it stops the host. */
export interface DecisionsPort {
  /**
   * Keeps the next decision. `durationsMs`: for each envelope the milliseconds from its arrival here to its decision, or
   * DURATION_UNKNOWN. A promise says that the store lags behind: the host takes no further event until it resolves.
   */
  append(block: CommittedBlock, durationsMs: readonly number[]): undefined | Promise<void>;
  /**
   * Notes that decisions from..through, which come next, are not here: the member took over the state after them. While
   * nothing is appended behind it the next decision may be `from` all the same. Promises as `append`.
   */
  appendGap(from: Sequence, through: Sequence): undefined | Promise<void>;
  /** Resolves when everything appended before the call is durable. The host never has two under way. */
  flush(): Promise<void>;
  /**
   * Decisions from `from` on, ascending without gaps, at most through `through`, and no more than about `bytesMax` bytes
   * of batches; at least one when `from` is kept. Empty when it is not.
   */
  read(
    from: Sequence,
    through: Sequence,
    bytesMax: number,
  ): readonly SuppliedDecision[] | Promise<readonly SuppliedDecision[]>;
}

/** Carries bytes to members, at most once. What cannot be sent is lost, as on any network: it never throws for that. */
export interface NetworkPort {
  broadcast(kind: MessageKind, bytes: Uint8Array): void;
  send(to: NodeId, kind: MessageKind, bytes: Uint8Array): void;
  /** Resolves when what was sent before has left this process; rejects when it cannot be known. */
  flush(): Promise<void>;
}

/** Time, and the event loop. */
export interface ClockPort {
  /** Wall clock. */
  now(): Millis;
  /** Milliseconds from a point that nobody knows, never backwards; a fraction is welcome. */
  monotonicMs(): number;
  /** Calls back once, after the delay. The result cancels it. */
  setTimer(callback: () => void, delayMs: number): () => void;
  /** Calls back after whatever input is ready now was taken in. */
  nextTurn(callback: () => void): void;
}

/** Hop 2: checks bytes from outside. Never throws for what they hold. */
export type OpenPort = (bytes: Uint8Array) => Verified | Rejection;

/** Signs a draft in this member's name. */
export type SealPort = (draft: DraftOf<MessageKind>) => Signed;

/** Which lane of the inbox: what members say to each other, or requests on their way into the pool. */
export type Lane = 'consensus' | 'client';

/** Who watches the host. All are called in order and must not throw: an error in one stops the host. */
export interface HostObserver {
  /** A sequence was decided and executed; as `DecisionsPort.append`. */
  committed?(block: CommittedBlock, durationsMs: readonly number[]): void;
  viewEntered?(view: View, leader: MemberIndex): void;
  viewLeft?(view: View, reason: 'timeout' | 'joined' | 'contradictory-new-view' | 'torn-log'): void;
  accused?(evidence: Evidence): void;
  /** A message came to nothing. `sender` is a claim where the signature was not reached; undefined where there was none. */
  rejected?(rejection: Rejection, sender: MemberIndex | undefined): void;
  /** A message found its sender's share of a lane full, and was dropped. */
  overflowed?(lane: Lane, sender: MemberIndex): void;
  /** The replica's epoch is over, and durably so: another host begins the next one, when this one has stopped. */
  epochEnded?(change: EpochChange): void;
  /** The member took over a state: decisions from..sequence never come. As the replica's effect. */
  installed?(gap: Omit<Extract<Effect, { kind: 'installed' }>, 'kind'>): void;
  /** The checkpoint at `sequence` is stable, and executed here. */
  stable?(sequence: Sequence): void;
  /** A whole frame arrived. */
  received?(kind: MessageKind, bytes: number): void;
  /** To one member or to all: one call. */
  sent?(kind: MessageKind, bytes: number): void;
  /** A group commit ended. */
  synced?(durationMs: number, records: number): void;
  /** The log began a new file, and the host stood still for so long. */
  rotated?(durationMs: number): void;
  /** The host stopped for ever. The process must end with an error: it may not vote again before it has replayed its log. */
  halted?(reason: HaltReason): void;
}
