import type { CommittedBlock, Evidence, Replica, ReplicaState } from '@concordat/consensus';
import type {
  Authentic,
  Committee,
  EpochChange,
  Epochs,
  MemberIndex,
  Rejection,
  Sequence,
  Signed,
  View,
} from '@concordat/protocol';
import type { Append } from './disk';

/** Reports a broken rule. */
export type Blame = (rule: string, member: MemberIndex, text: string) => void;

/** An epoch as a node takes part in it. */
export interface Seat {
  readonly committee: Committee;
  /** OBSERVER while the table does not name the node with its key. */
  readonly self: MemberIndex;
}

/**
 * What a checker hears of correct nodes. Every method is called at the moment when the thing happens. `member` is the number
 * of the node: its place in the first epoch.
 */
export interface Checker {
  /** A node takes part in an epoch from here on: its process started, or the epoch before has ended. Comes before `started`. */
  began?(member: MemberIndex, seat: Seat): void;
  /** An epoch ends at a node: it will never vote there again. Not durable yet. `epochs`: what the node knows. */
  ended?(member: MemberIndex, change: EpochChange, epochs: Epochs): void;
  /**
   * A replica started, from its disk or from what the one before left, before its first event. `decided`: sequences in its
   * decision store, ascending.
   */
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
  /** The engine did not take what arrived. */
  refused?(member: MemberIndex, message: Signed, code: Rejection['code']): void;
  /** The engine executed a block. */
  executed?(member: MemberIndex, block: CommittedBlock): void;
  /** The engine took over a certified state: it executes none of the sequences up to there. */
  installed?(member: MemberIndex, sequence: Sequence): void;
  /** A client may have been told: everything before the commit is durable, and the decision too. */
  acknowledged?(member: MemberIndex, block: CommittedBlock): void;
  admitted?(member: MemberIndex, envelope: Authentic): void;
  /** A client was told that its envelope is not admitted. */
  turnedAway?(member: MemberIndex, envelope: Authentic): void;
  /** The engine has found a proof; it is not durable yet. */
  found?(member: MemberIndex, evidence: Evidence): void;
  /** A proof is durable, and told. */
  accused?(member: MemberIndex, evidence: Evidence): void;
  /** The engine entered a view, and everything that it made durable for that is. */
  entered?(member: MemberIndex, view: View): void;
  /** After a member's events, from time to time. */
  inspected?(member: MemberIndex, state: ReplicaState): void;
}

/** Passes what happens on to those checkers that want to hear of it. */
export class Watch implements Required<Checker> {
  private readonly listeners: { readonly [E in keyof Checker]-?: readonly Pick<Required<Checker>, E>[] };

  constructor(checkers: readonly Checker[]) {
    const hears = <E extends keyof Checker>(
      checker: Pick<Checker, E>,
      event: E,
    ): checker is Pick<Required<Checker>, E> => checker[event] !== undefined;
    const hearing = <E extends keyof Checker>(event: E): readonly Pick<Required<Checker>, E>[] =>
      checkers.flatMap((checker) => (hears(checker, event) ? [checker] : []));
    this.listeners = {
      began: hearing('began'),
      ended: hearing('ended'),
      started: hearing('started'),
      stopped: hearing('stopped'),
      sealed: hearing('sealed'),
      durable: hearing('durable'),
      sent: hearing('sent'),
      received: hearing('received'),
      refused: hearing('refused'),
      executed: hearing('executed'),
      installed: hearing('installed'),
      acknowledged: hearing('acknowledged'),
      admitted: hearing('admitted'),
      turnedAway: hearing('turnedAway'),
      found: hearing('found'),
      accused: hearing('accused'),
      entered: hearing('entered'),
      inspected: hearing('inspected'),
    };
  }

  began(member: MemberIndex, seat: Seat): void {
    for (const checker of this.listeners.began) checker.began(member, seat);
  }

  ended(member: MemberIndex, change: EpochChange, epochs: Epochs): void {
    for (const checker of this.listeners.ended) checker.ended(member, change, epochs);
  }

  started(member: MemberIndex, replica: Replica, decided: readonly number[]): void {
    for (const checker of this.listeners.started) checker.started(member, replica, decided);
  }

  stopped(member: MemberIndex): void {
    for (const checker of this.listeners.stopped) checker.stopped(member);
  }

  sealed(member: MemberIndex, message: Signed): void {
    for (const checker of this.listeners.sealed) checker.sealed(member, message);
  }

  durable(member: MemberIndex, appends: readonly Append[]): void {
    if (appends.length > 0) for (const checker of this.listeners.durable) checker.durable(member, appends);
  }

  sent(member: MemberIndex, to: MemberIndex, message: Signed): void {
    for (const checker of this.listeners.sent) checker.sent(member, to, message);
  }

  received(member: MemberIndex, message: Signed): void {
    for (const checker of this.listeners.received) checker.received(member, message);
  }

  refused(member: MemberIndex, message: Signed, code: Rejection['code']): void {
    for (const checker of this.listeners.refused) checker.refused(member, message, code);
  }

  executed(member: MemberIndex, block: CommittedBlock): void {
    for (const checker of this.listeners.executed) checker.executed(member, block);
  }

  installed(member: MemberIndex, sequence: Sequence): void {
    for (const checker of this.listeners.installed) checker.installed(member, sequence);
  }

  acknowledged(member: MemberIndex, block: CommittedBlock): void {
    for (const checker of this.listeners.acknowledged) checker.acknowledged(member, block);
  }

  admitted(member: MemberIndex, envelope: Authentic): void {
    for (const checker of this.listeners.admitted) checker.admitted(member, envelope);
  }

  turnedAway(member: MemberIndex, envelope: Authentic): void {
    for (const checker of this.listeners.turnedAway) checker.turnedAway(member, envelope);
  }

  found(member: MemberIndex, evidence: Evidence): void {
    for (const checker of this.listeners.found) checker.found(member, evidence);
  }

  accused(member: MemberIndex, evidence: Evidence): void {
    for (const checker of this.listeners.accused) checker.accused(member, evidence);
  }

  entered(member: MemberIndex, view: View): void {
    for (const checker of this.listeners.entered) checker.entered(member, view);
  }

  inspected(member: MemberIndex, state: ReplicaState): void {
    for (const checker of this.listeners.inspected) checker.inspected(member, state);
  }
}
