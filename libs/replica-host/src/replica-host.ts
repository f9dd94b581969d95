import type { ReplicaEvent } from '@concordat/consensus';
import {
  InvariantError,
  isRejection,
  reject,
  type Authentic,
  type MemberIndex,
  type Rejection,
  type Sequence,
  type Verified,
} from '@concordat/protocol';
import { Answers } from './answers';
import { Arrivals } from './arrivals';
import { DEFAULT_HOST_CONFIG, type HostConfig } from './config';
import { GroupCommit } from './group-commit';
import { haltReasonOf, HostStoppedError, type HaltReason } from './halt';
import { Inbox, type Answer, type Arrival } from './inbox';
import type { HostState, ReplicaHostOptions } from './options';
import { Outbox } from './outbox';
import { Performer } from './performer';
import type { HostObserver } from './ports';
import { Reception } from './reception';
import { Supplier } from './supplier';
import { Timers } from './timers';
import { VoteBook } from './vote-book';

/**
 * The narrow place between the replica, which does nothing but think, and the world: hops 3 and 5 of the architecture.
 *
 * Whatever arrives waits in bounded lanes. A turn of the event loop steps through some of it, one event at a time, ends
 * with `drained`, and makes what was promised durable in one group; only then does anything leave. An error where none may
 * be stops the host for ever: no further step, and nothing more leaves.
 */
export class ReplicaHost {
  private readonly config: HostConfig;
  private readonly observer: HostObserver;
  private readonly inbox: Inbox;
  private readonly reception: Reception;
  private readonly outbox = new Outbox();
  private readonly timers: Timers;
  private readonly arrivals: Arrivals;
  private readonly answers = new Answers();
  private readonly commits: GroupCommit;
  private readonly supplier: Supplier;
  private readonly performer: Performer;
  private phase: HostState = 'new';
  private stopping: Promise<void> | undefined;
  private turnAwaited = false;
  /** What the replica is to hear about the decision store. */
  private oldest: Sequence | undefined;

  /** Throws an InvariantError when the recovered votes contradict each other. */
  constructor(private readonly options: ReplicaHostOptions) {
    const {
      replica,
      committee,
      self,
      epochs,
      log,
      decisions,
      network,
      clock,
      seal,
      observer = {},
      recovered,
    } = options;
    const config = { ...DEFAULT_HOST_CONFIG, ...options.config };
    this.config = config;
    this.observer = observer;
    this.inbox = new Inbox(self, config);
    this.reception = new Reception({ committee, epochs, self, clock, observer, inbox: this.inbox });
    this.timers = new Timers(clock, () => this.awaitTurn());
    this.arrivals = new Arrivals(config.arrivalsMax);
    const book = new VoteBook(config.bookSlotsMax);
    for (const vote of recovered?.votes ?? []) book.recall(vote);
    for (const { view } of recovered?.newViews ?? []) book.promise(view);
    if (recovered?.stable !== undefined) book.forgetThrough(recovered.stable.sequence);
    this.commits = new GroupCommit({
      log,
      decisions,
      clock,
      mode: config.groupCommit,
      base: () => this.performer.base(),
      onDurable: () => this.onDurable(),
      onSynced: (durationMs, records) => observer.synced?.(durationMs, records),
      onRotated: (durationMs) => observer.rotated?.(durationMs),
      onFailure: (error) => this.halt(haltReasonOf(error)),
    });
    this.supplier = new Supplier({
      decisions,
      network,
      bytesPerMemberMax: config.supplyPerMemberBytesMax,
      bytesMax: config.supplyBytesMax,
      send: (to, decision) => this.performer.supply(to, decision),
      onFailure: (error) => this.halt(haltReasonOf(error)),
    });
    this.performer = new Performer({
      replica,
      seal,
      network,
      clock,
      observer,
      book,
      commits: this.commits,
      outbox: this.outbox,
      timers: this.timers,
      supplier: this.supplier,
      arrivals: this.arrivals,
      nodeOf: (to) => (typeof to === 'string' ? to : committee.member(to)?.nodeId),
      onEpochEnded: () => {
        this.phase = 'ended';
        this.timers.cancelAll();
      },
      onOwnVote: (message) => this.inbox.pushOwn(message),
      onHalt: (reason) => this.halt(reason),
    });
  }

  get state(): HostState {
    return this.phase;
  }

  /** Messages and envelopes that wait for their step. */
  get waiting(): number {
    return this.inbox.size;
  }

  /** Effects that wait for the disk. */
  get departing(): number {
    return this.outbox.size;
  }

  /** Begins: feeds `start`, and from then on whatever arrives. What came before waits already. Throws an Error the second time. */
  start(): void {
    if (this.phase !== 'new') throw new Error(`a host that is ${this.phase} cannot start`);
    this.phase = 'running';
    this.guarded(() => {
      const at = this.options.clock.now();
      this.tellOldest();
      this.step({ kind: 'start', at });
      this.step({ kind: 'drained', at });
      this.endTurn();
    });
    this.awaitTurn();
  }

  /**
   * Takes a message from the bus. `via`: the member on whose subject it came, where the broker vouches for that, or OBSERVER
   * for a stranger's; its share of the inbox is used then, else that of whom the message names as its sender. Never throws.
   */
  receive(bytes: Uint8Array, via?: MemberIndex): void {
    if (this.phase !== 'running' && this.phase !== 'new') return;
    this.guarded(() => {
      if (this.reception.take(bytes, via)) this.awaitTurn();
    });
  }

  /**
   * Takes an envelope of this member's own gateway. Resolves with undefined when it is in the pool, or with the reason why
   * not. Rejects with a HostStoppedError when the host has stopped before it could tell.
   */
  submit(envelope: Authentic): Promise<Rejection | undefined> {
    if (this.phase !== 'running') return Promise.reject(new HostStoppedError(`the host is ${this.phase}`));
    const { answer, answered } = this.answers.open();
    if (this.inbox.pushSubmit(this.options.clock.now(), envelope, answer)) this.awaitTurn();
    else answer(reject('pool_full', 'too many requests wait at this member'));
    return answered;
  }

  /** The decision store dropped old decisions: it has all from `oldest` on. The replica hears of it in its next turn. */
  retained(oldest: Sequence): void {
    this.oldest = oldest;
    this.awaitTurn();
  }

  /**
   * Ends in good order: takes nothing more, makes durable what was promised, and lets leave what may. Resolves when no
   * port is in use any more. Never rejects: a failure on the way halts the host.
   */
  stop(): Promise<void> {
    this.stopping ??= this.end();
    return this.stopping;
  }

  private async end(): Promise<void> {
    this.timers.cancelAll();
    this.supplier.stop();
    if (this.phase !== 'halted') {
      this.phase = 'stopping';
      this.guarded(() => this.endTurn());
      await this.commits.finish();
      this.inbox.clear();
      this.answers.failAll(new HostStoppedError('the host was stopped'));
    }
    await this.commits.idle();
    await this.supplier.idle();
    if (this.phase !== 'halted') this.phase = 'stopped';
  }

  private awaitTurn(): void {
    if (this.turnAwaited || !this.mayStep) return;
    this.turnAwaited = true;
    this.options.clock.nextTurn(() => {
      this.turnAwaited = false;
      this.guarded(() => this.turn());
    });
  }

  /** False also while the disk has fallen too far behind: then the lanes fill, and drop what is beyond their bounds. */
  private get mayStep(): boolean {
    const { outboxEffectsMax, unsyncedBytesMax } = this.config;
    return (
      this.phase === 'running' &&
      !this.commits.standsStill &&
      this.outbox.size < outboxEffectsMax &&
      this.commits.unsyncedBytes < unsyncedBytesMax
    );
  }

  /**
   * Steps through what arrived, as far as a turn goes, then through timers that ran out. `drained` ends every turn, also one
   * that leaves something in the inbox: under load without end nothing would ever be proposed otherwise.
   */
  private turn(): void {
    const { clock } = this.options;
    const deadlineMs = clock.monotonicMs() + this.config.turnMs;
    let stepped = false;
    if (this.mayStep) this.tellOldest();
    for (let events = 0; this.mayStep && events < this.config.eventsPerTurnMax; events++) {
      if (events > 0 && clock.monotonicMs() >= deadlineMs) break;
      const arrival = this.inbox.take();
      if (arrival === undefined) break;
      stepped = this.stepArrival(arrival) || stepped;
    }
    while (this.mayStep && this.timers.hasDue) {
      const timer = this.timers.takeDue();
      if (timer !== undefined) this.step({ kind: 'timer', at: clock.now(), timer });
      stepped = true;
    }
    if (stepped && this.phase === 'running') this.step({ kind: 'drained', at: clock.now() });
    this.endTurn();
    if (this.inbox.size > 0 || this.timers.hasDue) this.awaitTurn();
  }

  private tellOldest(): void {
    const { oldest } = this;
    this.oldest = undefined;
    if (oldest !== undefined) this.step({ kind: 'retained', at: this.options.clock.now(), oldest });
  }

  private endTurn(): void {
    this.outbox.release(this.commits.durable);
    if (this.phase !== 'halted') this.commits.commit();
  }

  /** False when it came to no step. */
  private stepArrival(arrival: Arrival): boolean {
    switch (arrival.kind) {
      case 'own':
        this.performer.onReturned(arrival.message);
        this.step({ kind: 'message', at: this.options.clock.now(), message: arrival.message });
        return true;
      case 'frame': {
        const message = this.open(arrival.bytes);
        if (isRejection(message)) {
          this.observer.rejected?.(message, arrival.from);
          return false;
        }
        this.arrivals.noteMessage(message, arrival.at);
        this.step({ kind: 'message', at: arrival.at, message });
        return true;
      }
      case 'submit':
        this.arrivals.note(arrival.envelope.id, arrival.at);
        this.step({ kind: 'submit', at: arrival.at, envelope: arrival.envelope }, arrival.answer);
        return true;
    }
  }

  /** Only now, not on arrival: what the replica no longer needs by now costs no signature check. */
  private open(bytes: Uint8Array): Verified | Rejection {
    try {
      return this.options.open(bytes);
    } catch (error) {
      if (error instanceof InvariantError) throw error;
      // A decoder that stumbles over hostile bytes must not let one message stop every member.
      return reject('malformed', error instanceof Error ? error.message : String(error));
    }
  }

  private step(event: ReplicaEvent, answer?: Answer): void {
    if (this.phase !== 'running') return;
    this.performer.perform(this.options.replica.step(event), answer);
  }

  private onDurable(): void {
    if (this.phase === 'halted') return;
    this.guarded(() => this.outbox.release(this.commits.durable));
    if (this.inbox.size > 0 || this.timers.hasDue) this.awaitTurn();
  }

  private guarded(work: () => void): void {
    if (this.phase === 'halted') return;
    try {
      work();
    } catch (error) {
      this.halt(haltReasonOf(error));
    }
  }

  private halt(reason: HaltReason): void {
    if (this.phase === 'halted') return;
    this.phase = 'halted';
    this.outbox.clear();
    this.inbox.clear();
    this.timers.cancelAll();
    this.supplier.stop();
    this.commits.abandon();
    this.answers.failAll(new HostStoppedError(`the host halted: ${reason.message}`, { cause: reason }));
    this.observer.halted?.(reason);
  }
}
