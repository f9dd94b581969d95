import type {
  Batch,
  CommitCertificate,
  DecidedSupply,
  Digest,
  Fetch,
  MemberIndex,
  Rejection,
  Sequence,
  Signed,
  SlotStatus,
  Statement,
  Status,
  Verified,
  ViewChangeHeld,
} from '@concordat/protocol';
import type { DurableRecord, EnvelopeProgress, Phase, Recovered, RunningTimer, TimerId } from '../replica';

/** A decided sequence. */
export interface Decided {
  readonly certificate: CommitCertificate;
  /** 'null' for the null batch; undefined while it is not here. */
  readonly batch: Batch | 'null' | undefined;
}

/** What was decided and waits for its turn to be executed. */
export interface Decisions {
  decided(sequence: Sequence): Decided | undefined;
  /** An envelope of a decided batch was executed. */
  onExecuted(id: Digest): void;
  /** Forgets what is executed and stable, and on a member that lags what comes back by FETCH when its turn comes. */
  dropNeedless(): void;
}

/** Something that an engine lacks, and whom it asks first. */
export interface Lack {
  readonly what: 'batches' | 'viewChanges';
  readonly digests: readonly Digest[];
  readonly preferred: MemberIndex;
  /** Nobody else has it. */
  readonly onlyThere?: boolean;
}

/** Whether so many bytes more may be sent to whoever asks. */
export type TakeBytes = (bytes: number) => boolean;

/** What an engine adds when members help each other (Spec §10). */
export interface Help {
  /** Of sequences that are decided or proposed and not executed here, ascending, at most SLOTS_IN_STATUS_MAX. */
  openSlots(): SlotStatus[];
  viewChangesHeld(): ViewChangeHeld[];
  /** Something is under way that a lost message could hold up. */
  readonly isBusy: boolean;
  /** Returns to a STATUS's sender what brings it into this member's view. */
  returnViews(message: Verified<Status>): void;
  /** Returns to one that stands still what it lacks in this view. */
  returnVotes(message: Verified<Status>): void;
  /** Answers the part of a FETCH that names batches, blocks or VIEW-CHANGEs. */
  answer(message: Verified<Fetch>, takeBytes: TakeBytes): void;
  /** What is named by others and not here. */
  lacks(): readonly Lack[];
}

/** What of a member only its engine can tell. */
export interface Report {
  readonly phase: Phase;
  /** Slots, blocks and the like that are held in memory. */
  readonly size: number;
  readonly timer: RunningTimer | undefined;
  /** Members that ask for a view above this member's, ascending. */
  readonly asking: readonly MemberIndex[];
}

/** Whom this member hears. */
export interface Touch {
  /** It may be this member itself that stands in the way of what it waits for. */
  readonly isOutOfTouch: boolean;
  /** False for another member that was not heard for several heartbeats. */
  hears(member: MemberIndex): boolean;
}

/** How members agree (Spec §3, §4). Pool, execution, checkpoints, states, epochs and evidence are the same for all engines. */
export interface Engine extends Decisions {
  readonly help: Help;
  /** Whether a statement of the engine's own kinds is worth its checks. */
  admit(statement: Statement): Rejection | undefined;
  /** A message of the engine's own kinds. True when it may name what is not here. */
  onMessage(message: Verified): boolean;
  /** A batch that was asked for by its digest. False when nobody wanted it. */
  onBatch(batch: Batch): boolean;
  /** A decided sequence from somebody who has it; its certificate was checked. */
  onDecided(message: Verified<DecidedSupply>): void;
  /** A timer of the engine's ran out. */
  onTimer(timer: TimerId, touch: Touch): void;
  /** At the end of a turn. */
  propose(): void;
  /** After every event, once what is decided is executed. */
  advance(): void;
  /** After every event: the timer follows what waits. */
  updateTimer(touch: Touch): void;
  /** Keeps what the host sealed for this member, for sending it again. */
  keepOwn(message: Signed): void;
  /** Takes up what a restarted member had promised and known. Executes nothing. */
  restore(recovered: Recovered): void;
  /** Gives the votes that a crash kept from being made, once what was decided before is executed. */
  resume(recovered: Recovered): void;
  /** The host runs: sends again what others may lack. */
  start(): void;
  report(): Report;
  /** Undefined for an envelope that does not wait here. */
  progressOf(id: Digest): EnvelopeProgress | undefined;
  /** What a new log file begins with, besides what every engine keeps. */
  base(): { readonly records: readonly DurableRecord[]; readonly votes: readonly Signed[] };
}
