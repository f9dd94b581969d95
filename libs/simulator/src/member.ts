import {
  createPbftReplica,
  type Effect,
  type Replica,
  type ReplicaConfig,
  type ReplicaEvent,
  type TimerId,
} from '@concordat/consensus';
import { isRejection, seal, type Authentic, type Millis, type Sequence, type Signed, type Verified } from '@concordat/protocol';
import { Barrier } from './barrier';
import type { EventQueue } from './event-queue';
import type { ProcessEvent, SimulatorEvent } from './events';
import { Outbox, type OutboxParts } from './outbox';
import type { Opener, Packet } from './packet';
import type { Random } from './random';
import { decisionAppend, recordAppend, recoverMember, voteAppend } from './recovery';
import type { CrashPoint, DiskOptions } from './schedule';
import type { Trace } from './trace';
import { noteEffect } from './trace-words';
import type { Blame } from './watch';

/** What a member is built from. */
export interface MemberParts extends OutboxParts {
  readonly config: ReplicaConfig;
  readonly diskOptions: DiskOptions;
  readonly queue: EventQueue<SimulatorEvent>;
  readonly opener: Opener;
  readonly random: Random;
  readonly trace: Trace;
  readonly blame: Blame;
  readonly clockSkewMs: number;
  /** Time after an event until the inbox counts as empty: what arrives meanwhile is handled together with it. */
  readonly drainMs: number;
  readonly forgetsAtCrash: boolean;
}

/** Events between two inspections of a member's state. */
const INSPECTION_INTERVAL = 16;

/**
 * A host in virtual time around the production engine. It performs effects by the same rule as the real host: what
 * follows a `persist` or a `vote` waits until that is durable. It decides nothing.
 */
export class SimulatedMember {
  private replica: Replica | undefined;
  private life = 0;
  /** Sealed votes that have not returned to the engine yet. */
  private readonly unreturned = new Set<Signed>();
  private readonly timers = new Map<TimerId, number>();
  private generation = 0;
  private drainScheduled = false;
  private events = 0;
  private trap: { readonly point: CrashPoint; readonly spring: () => void } | undefined;
  private readonly barrier: Barrier;
  private readonly outbox: Outbox;

  constructor(private readonly parts: MemberParts) {
    this.barrier = new Barrier(parts.disk);
    this.outbox = new Outbox(parts);
  }

  get index(): OutboxParts['index'] {
    return this.parts.index;
  }

  get isUp(): boolean {
    return this.replica !== undefined;
  }

  get isCorrect(): boolean {
    return this.parts.adversary === undefined;
  }

  /** Number of the running process: what only an earlier one knew may be lost with it. */
  get currentLife(): number {
    return this.life;
  }

  /** The running engine; undefined while the process is down. */
  get engine(): Replica | undefined {
    return this.replica;
  }

  /** Starts the process from what the disk holds. */
  start(): void {
    if (this.isUp) return;
    const { committee, index, hash, config, disk, watch } = this.parts;
    this.life++;
    this.guard(() => {
      const { recovered, decided } = recoverMember(hash, committee, index, disk.read());
      this.replica = createPbftReplica({ committee, self: index, hash, config, recovered });
      watch.started(index, this.replica, decided);
    });
    this.step({ kind: 'start', at: this.at });
  }

  /** Ends the process: everything that is not durable is gone. */
  crash(): void {
    if (!this.isUp) return;
    const { disk, random, diskOptions, watch, index, forgetsAtCrash } = this.parts;
    this.stop();
    watch.durable(index, disk.crash(random, diskOptions.tornRate));
    if (forgetsAtCrash) disk.forget();
  }

  /** Lets `spring` be called at the next sync, right before or right after it. */
  setTrap(point: CrashPoint, spring: () => void): void {
    this.trap = { point, spring };
  }

  /** No crash is set any more. */
  clearTrap(): void {
    this.trap = undefined;
  }

  /** A packet arrives. */
  receive(packet: Packet): void {
    const { opener, adversary, trace, queue, watch } = this.parts;
    if (this.replica === undefined) return;
    const frame = opener.frame(packet);
    const refused = isRejection(frame) ? frame : this.replica.admit(frame.statement);
    const message = refused ?? opener.open(packet);
    if (isRejection(message)) {
      trace.note(queue.now, this.index, message, message.code.length, 0, 0);
      return;
    }
    watch.received(this.index, message);
    adversary?.observe?.(message);
    this.step({ kind: 'message', at: this.at, message });
  }

  /** A client brings an envelope. */
  submit(envelope: Authentic): void {
    this.step({ kind: 'submit', at: this.at, envelope });
  }

  /** Something that the process waited for. Ignored when that process is gone. */
  onProcessEvent(event: ProcessEvent): void {
    if (event.life !== this.life || !this.isUp) return;
    switch (event.kind) {
      case 'timer':
        if (this.timers.get(event.timer) !== event.generation) return;
        this.timers.delete(event.timer);
        this.step({ kind: 'timer', at: this.at, timer: event.timer });
        break;
      case 'drained':
        this.drainScheduled = false;
        this.step({ kind: 'drained', at: this.at });
        break;
      case 'own':
        this.unreturned.delete(event.message);
        this.step({ kind: 'message', at: this.at, message: event.message });
        break;
      case 'synced':
        this.onSynced();
        break;
    }
  }

  /** This member's clock. */
  get at(): Millis {
    return Math.floor(this.parts.queue.now + this.parts.clockSkewMs) as Millis;
  }

  private stop(): void {
    this.replica = undefined;
    this.life++;
    this.barrier.clear();
    this.unreturned.clear();
    this.timers.clear();
    this.drainScheduled = false;
    this.trap = undefined;
    this.parts.watch.stopped(this.index);
  }

  private step(event: ReplicaEvent): void {
    const { replica } = this;
    if (replica === undefined) return;
    this.guard(() => {
      for (const effect of replica.step(event)) {
        if (!this.isUp) return;
        noteEffect(this.parts.trace, this.parts.queue.now, this.index, effect);
        this.perform(effect);
      }
      if (++this.events % INSPECTION_INTERVAL === 0) this.parts.watch.inspected(this.index, replica.state());
    });
    if (!this.isUp) return;
    const { queue, drainMs } = this.parts;
    if (event.kind !== 'drained' && !this.drainScheduled) {
      this.drainScheduled = true;
      queue.schedule(drainMs, { kind: 'drained', member: this.index, life: this.life });
    }
    this.sync();
  }

  /** Whatever a correct member's engine throws is our own bug: the process ends, and the run has failed. */
  private guard(work: () => void): void {
    try {
      work();
    } catch (error) {
      if (!(error instanceof Error)) throw error;
      this.stop();
      if (this.isCorrect) this.parts.blame('engine-throws', this.index, String(error.stack));
    }
  }

  private perform(effect: Effect): void {
    const { watch, index, sealer } = this.parts;
    switch (effect.kind) {
      case 'persist':
        this.barrier.append(recordAppend(effect.record));
        break;
      case 'vote':
        this.vote(seal(sealer, effect.draft));
        break;
      case 'commit':
        watch.executed(index, effect.block);
        this.barrier.append(decisionAppend(effect.block));
        this.barrier.hold(() => watch.acknowledged(index, effect.block));
        break;
      case 'halt':
        this.stop();
        if (this.isCorrect) this.parts.blame('halted', index, effect.reason);
        break;
      default:
        this.barrier.hold(() => this.release(effect));
    }
  }

  private vote(message: Signed): void {
    this.parts.watch.sealed(this.index, message);
    this.unreturned.add(message);
    this.barrier.append(voteAppend(message));
    this.barrier.hold(() => {
      this.outbox.broadcast(message);
      const { index, life } = this;
      this.parts.queue.schedule(0, { kind: 'own', member: index, life, message: message as Verified });
    });
  }

  private release(effect: Exclude<Effect, { kind: 'persist' | 'vote' | 'commit' | 'halt' }>): void {
    const { sealer, watch, index } = this.parts;
    switch (effect.kind) {
      case 'broadcast':
        this.outbox.broadcast(seal(sealer, effect.draft));
        break;
      case 'send':
        this.outbox.send(effect.to, seal(sealer, effect.draft));
        break;
      case 'forward':
        this.outbox.send(effect.to, effect.message);
        break;
      case 'supply':
        this.outbox.supply(effect.to, effect.from, effect.through);
        break;
      case 'startTimer':
        this.startTimer(effect.timer, effect.delayMs);
        break;
      case 'cancelTimer':
        this.timers.delete(effect.timer);
        break;
      case 'admitted':
        watch.admitted(index, effect.envelope);
        break;
      case 'accuse':
        watch.accused(index, effect.evidence);
        break;
      case 'stable':
        this.shortenLog(effect.sequence);
        break;
      case 'refused':
      case 'rejected':
      case 'viewEntered':
      case 'viewLeft':
        break;
    }
  }

  private startTimer(timer: TimerId, delayMs: number): void {
    const { index, life } = this;
    const generation = ++this.generation;
    this.timers.set(timer, generation);
    this.parts.queue.schedule(delayMs, { kind: 'timer', member: index, life, timer, generation });
  }

  private sync(): void {
    const { disk, diskOptions, random, queue } = this.parts;
    if (disk.appended === disk.durable) return;
    if (this.trap?.point === 'before-sync') {
      this.trap.spring();
      return;
    }
    if (!disk.beginSync()) return;
    const delayMs = random.between(diskOptions.syncMinMs * 4, diskOptions.syncMaxMs * 4) / 4;
    queue.schedule(delayMs, { kind: 'synced', member: this.index, life: this.life });
  }

  private onSynced(): void {
    this.parts.watch.durable(this.index, this.parts.disk.completeSync());
    if (this.trap?.point === 'after-sync') {
      this.trap.spring();
      return;
    }
    this.guard(() => this.barrier.releaseDurable(() => this.isUp));
    if (this.isUp) this.sync();
  }

  /** A new log file once the newest is long enough; older ones go as far as everything in them is stable. */
  private shortenLog(stable: Sequence): void {
    const { disk, diskOptions, watch } = this.parts;
    if (this.replica === undefined) return;
    if (disk.newestRecords >= diskOptions.segmentRecordsMax) {
      watch.durable(this.index, disk.syncNow());
      const { records, votes } = this.replica.base();
      // Votes on their way through this host are not yet the engine's: the old file alone would hold them.
      const base = [...records.map(recordAppend), ...[...votes, ...this.unreturned].map(voteAppend)];
      disk.rotate(base);
      watch.durable(this.index, base);
    }
    disk.dropBelow(stable);
  }
}
