import {
  createPbftReplica,
  type Effect,
  type Replica,
  type ReplicaConfig,
  type ReplicaEvent,
} from '@concordat/consensus';
import { isRejection, type Authentic, type MemberIndex, type Millis } from '@concordat/protocol';
import type { ProcessEvent } from './events';
import type { Opener, Packet } from './packet';
import { Performer, type PerformerParts } from './performer';
import { recoverMember } from './recovery';
import type { CrashPoint } from './schedule';
import type { Trace } from './trace';
import { noteEffect } from './trace-words';
import type { Blame } from './watch';

/** What a member is built from. */
export interface MemberParts extends PerformerParts {
  readonly config: ReplicaConfig;
  readonly opener: Opener;
  readonly trace: Trace;
  readonly blame: Blame;
  readonly clockSkewMs: number;
  /** Time after an event until the inbox counts as empty: what arrives meanwhile is handled together with it. */
  readonly drainMs: number;
  readonly forgetsAtCrash: boolean;
}

/** A running process: the production engine, and what performs its effects. */
interface Process {
  readonly engine: Replica;
  readonly performer: Performer;
}

/** Events between two inspections of a member's state. */
const INSPECTION_INTERVAL = 16;

/** A host in virtual time around the production engine: it starts, crashes, and feeds one event after the other. */
export class SimulatedMember {
  private process: Process | undefined;
  private life = 0;
  private drainScheduled = false;
  private events = 0;
  private trap: { readonly point: CrashPoint; readonly spring: () => void } | undefined;

  constructor(private readonly parts: MemberParts) {}

  get index(): MemberIndex {
    return this.parts.index;
  }

  get isUp(): boolean {
    return this.process !== undefined;
  }

  get isCorrect(): boolean {
    return this.parts.adversary === undefined;
  }

  /** The running engine; undefined while the process is down. */
  get engine(): Replica | undefined {
    return this.process?.engine;
  }

  /** This member's clock. */
  get at(): Millis {
    return Math.floor(this.parts.queue.now + this.parts.clockSkewMs) as Millis;
  }

  /** Starts the process from what the disk holds. */
  start(): void {
    if (this.isUp) return;
    const { committee, index, hash, config, disk, watch } = this.parts;
    const life = ++this.life;
    this.guard(() => {
      const { recovered, decided } = recoverMember(hash, committee, index, disk.read());
      const engine = createPbftReplica({ committee, self: index, hash, config, recovered });
      this.process = { engine, performer: new Performer(this.parts, life, () => engine.base()) };
      watch.started(index, engine, decided);
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

  /** Lets `spring` be called at the next sync: right before, during, or right after it. */
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
    if (this.process === undefined) return;
    const frame = opener.frame(packet);
    const refused = isRejection(frame) ? frame : this.process.engine.admit(frame.statement);
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
    const { process } = this;
    if (event.life !== this.life || process === undefined) return;
    switch (event.kind) {
      case 'timer':
        if (process.performer.takeTimer(event)) this.step({ kind: 'timer', at: this.at, timer: event.timer });
        break;
      case 'drained':
        this.drainScheduled = false;
        this.step({ kind: 'drained', at: this.at });
        break;
      case 'own':
        process.performer.noteReturned(event.message);
        this.step({ kind: 'message', at: this.at, message: event.message });
        break;
      case 'synced':
        this.onSynced(process);
        break;
    }
  }

  private stop(): void {
    this.process?.performer.end();
    this.process = undefined;
    this.life++;
    this.drainScheduled = false;
    this.trap = undefined;
    this.parts.watch.stopped(this.index);
  }

  private step(event: ReplicaEvent): void {
    const { process } = this;
    if (process === undefined) return;
    const { queue, drainMs, watch } = this.parts;
    this.guard(() => {
      for (const effect of process.engine.step(event)) {
        if (!this.isUp) return;
        this.perform(process, effect);
      }
      if (++this.events % INSPECTION_INTERVAL === 0) watch.inspected(this.index, process.engine.state());
    });
    if (!this.isUp) return;
    if (event.kind !== 'drained' && !this.drainScheduled) {
      this.drainScheduled = true;
      queue.schedule(drainMs, { kind: 'drained', member: this.index, life: this.life });
    }
    this.sync(process);
  }

  private perform({ performer }: Process, effect: Effect): void {
    const { trace, queue, blame } = this.parts;
    noteEffect(trace, queue.now, this.index, effect);
    if (effect.kind !== 'halt') {
      performer.perform(effect);
      return;
    }
    this.stop();
    if (this.isCorrect) blame('halted', this.index, effect.reason);
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

  private sync({ performer }: Process): void {
    const { disk } = this.parts;
    if (disk.appended === disk.durable) return;
    if (this.trap?.point === 'before-sync') {
      this.trap.spring();
      return;
    }
    performer.beginSync();
    if (this.trap?.point === 'during-sync') this.trap.spring();
  }

  private onSynced(process: Process): void {
    this.parts.watch.durable(this.index, this.parts.disk.completeSync());
    if (this.trap?.point === 'after-sync') {
      this.trap.spring();
      return;
    }
    this.guard(() => process.performer.releaseDurable());
    if (this.isUp) this.sync(process);
  }
}
