import type { CommittedBlock, Evidence, Replica, ReplicaState } from '@concordat/consensus';
import type { Authentic, MemberIndex, Signed, View } from '@concordat/protocol';
import type { Append } from './disk';

/** Reports a broken rule. */
export type Blame = (rule: string, member: MemberIndex, text: string) => void;

/** What a checker hears of correct members. Every method is called at the moment when the thing happens. */
export interface Checker {
  /** A process started from its disk, before its first event. `decided`: sequences in its decision store, ascending. */
  started?(member: MemberIndex, replica: Replica, decided: readonly number[]): void;
  stopped?(member: MemberIndex): void;
  /** A vote was signed; it is not durable yet. */
  sealed?(member: MemberIndex, message: Signed): void;
  /** Appends became durable. */
  durable?(member: MemberIndex, appends: readonly Append[]): void;
  /** A message leaves. Called once for each receiver. */
  sent?(member: MemberIndex, to: MemberIndex, message: Signed): void;
  /** A message arrived and holds. */
  received?(member: MemberIndex, message: Signed): void;
  /** The engine executed a block. */
  executed?(member: MemberIndex, block: CommittedBlock): void;
  /** A client may have been told: everything before the commit is durable, and the decision too. */
  acknowledged?(member: MemberIndex, block: CommittedBlock): void;
  admitted?(member: MemberIndex, envelope: Authentic): void;
  accused?(member: MemberIndex, evidence: Evidence): void;
  /** The engine entered a view, and everything that it made durable for that is. */
  entered?(member: MemberIndex, view: View): void;
  /** After a member's events, from time to time. */
  inspected?(member: MemberIndex, state: ReplicaState): void;
}

/** Passes what happens on to all checkers. */
export class Watch implements Required<Checker> {
  constructor(private readonly checkers: readonly Checker[]) {}

  started(member: MemberIndex, replica: Replica, decided: readonly number[]): void {
    for (const checker of this.checkers) checker.started?.(member, replica, decided);
  }

  stopped(member: MemberIndex): void {
    for (const checker of this.checkers) checker.stopped?.(member);
  }

  sealed(member: MemberIndex, message: Signed): void {
    for (const checker of this.checkers) checker.sealed?.(member, message);
  }

  durable(member: MemberIndex, appends: readonly Append[]): void {
    if (appends.length > 0) for (const checker of this.checkers) checker.durable?.(member, appends);
  }

  sent(member: MemberIndex, to: MemberIndex, message: Signed): void {
    for (const checker of this.checkers) checker.sent?.(member, to, message);
  }

  received(member: MemberIndex, message: Signed): void {
    for (const checker of this.checkers) checker.received?.(member, message);
  }

  executed(member: MemberIndex, block: CommittedBlock): void {
    for (const checker of this.checkers) checker.executed?.(member, block);
  }

  acknowledged(member: MemberIndex, block: CommittedBlock): void {
    for (const checker of this.checkers) checker.acknowledged?.(member, block);
  }

  admitted(member: MemberIndex, envelope: Authentic): void {
    for (const checker of this.checkers) checker.admitted?.(member, envelope);
  }

  accused(member: MemberIndex, evidence: Evidence): void {
    for (const checker of this.checkers) checker.accused?.(member, evidence);
  }

  entered(member: MemberIndex, view: View): void {
    for (const checker of this.checkers) checker.entered?.(member, view);
  }

  inspected(member: MemberIndex, state: ReplicaState): void {
    for (const checker of this.checkers) checker.inspected?.(member, state);
  }
}
