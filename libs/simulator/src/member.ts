import { handoverOf, lateRefusal, type Effect, type Replica, type ReplicaEvent } from '@concordat/consensus';
import {
  invariant,
  isRejection,
  type Authentic,
  type Committee,
  type EpochChange,
  type EpochTable,
  type MemberIndex,
  type Millis,
  type Sequence,
} from '@concordat/protocol';
import { RecoveryError } from '@concordat/records';
import type { Adversary } from './adversary';
import { DamageError } from './disk';
import type { ProcessEvent } from './events';
import type { Packet } from './packet';
import { stepOfKind, type ProtocolStep } from './protocol-steps';
import { recoverNode } from './recovery';
import { Reign, type ReignParts } from './reign';
import type { Tenure, TenureStart } from './tenure';
import type { Trace } from './trace';
import { noteEffect } from './trace-words';
import type { Trap } from './trap';
import type { Blame } from './watch';

/** What a member is built from. */
export interface MemberParts extends ReignParts {
  /** Table of the first epoch. */
  readonly genesis: EpochTable;
  /** Decisions that it keeps behind the stable checkpoint; 0 for all. */
  readonly retain: number;
  readonly trace: Trace;
  readonly blame: Blame;
  /** This member's clock is so far from virtual time. */
  readonly clockSkewMs: number;
  /** An adversary steers it, or its disk will be damaged. */
  readonly isFaulty: boolean;
  /** Time after an event until the inbox counts as empty: what arrives meanwhile is handled together with it. */
  readonly drainMs: number;
  readonly forgetsAtCrash: boolean;
}

/** Events between two inspections of a member's state. */
const INSPECTION_INTERVAL = 16;

/** A host in virtual time around the production engine: it starts, crashes, and feeds one event after the other. */
export class SimulatedMember {
  private process: Reign | undefined;
  private life = 0;
  private drainScheduled = false;
  private events = 0;
  private trap: Trap | undefined;
  private clockJumpMs = 0;
  private readFails = false;
  private isDamaged = false;
  private hasRun = false;

  constructor(private readonly parts: MemberParts) {}

  get index(): MemberIndex {
    return this.parts.index;
  }

  get isUp(): boolean {
    return this.process !== undefined;
  }

  get isCorrect(): boolean {
    return !this.parts.isFaulty;
  }

  /** The running engine; undefined while the process is down. */
  get engine(): Replica | undefined {
    return this.process?.engine;
  }

  /** This member's clock. */
  get at(): Millis {
    return Math.floor(this.parts.queue.now + this.clockOffsetMs) as Millis;
  }

  /** The epoch that the node is in, and its place there; undefined while the process is down. */
  get tenure(): Tenure | undefined {
    return this.process?.tenure;
  }

  /** Who steers it in the epoch that it is in. */
  get adversary(): Adversary | undefined {
    return this.process?.adversary;
  }

  /** Starts the process from what the disk holds. */
  start(): void {
    if (this.isUp) return;
    const { hash, genesis, keys, disk } = this.parts;
    if (this.readFails) {
      this.readFails = false;
      this.parts.witness.hit('disk-error', 'restart');
      return;
    }
    this.noteStart();
    this.guard(() => {
      const placeOf = (committee: Committee): MemberIndex => keys.placeIn(committee);
      const { epochs, committee, recovered, decided } = recoverNode({ hash, genesis, placeOf }, disk.read());
      this.reign({ epochs, committee, recovered }, decided);
    });
    this.begin();
  }

  /** Takes part in an epoch from here on. */
  private reign(start: TenureStart, decided: readonly number[]): void {
    const { watch, index } = this.parts;
    const life = ++this.life;
    this.drainScheduled = false;
    const process = new Reign(this.parts, start, life, {
      onSent: (step: ProtocolStep) => this.onSent(step),
      onEpochEnded: (change: EpochChange) => this.onEpochEnded(change),
      onStable: (sequence: Sequence) => this.retain(sequence),
    });
    this.process = process;
    const { committee, self, engine } = process.tenure;
    watch.began(index, { committee, self });
    watch.started(index, engine, decided);
  }

  /** The first events of a replica. */
  private begin(): void {
    const { oldestDecision } = this.parts.disk;
    if (oldestDecision > 1) this.step({ kind: 'retained', at: this.at, oldest: oldestDecision as Sequence });
    this.step({ kind: 'start', at: this.at });
  }

  /** Begins the epoch that a proven change leads to: everything that led there is durable. */
  private succeed({ epochs, engine, performer, tenure, late }: Reign, { table }: EpochChange): void {
    this.guard(() => {
      const committee = epochs.of(table.epoch);
      invariant(committee !== undefined, 'an ended epoch leaves a proof of the next');
      const { recovered, waiting } = handoverOf(engine);
      performer.end();
      this.reign({ epochs, committee, recovered, waiting }, []);
    });
    this.begin();
    const { process } = this;
    if (process === undefined) return;
    for (const envelope of late) {
      const refused = lateRefusal(envelope, tenure.committee, process.tenure.committee);
      if (refused === undefined) this.submit(envelope);
      else this.parts.watch.turnedAway(this.index, envelope);
    }
  }

  private onEpochEnded(change: EpochChange): void {
    if (this.process !== undefined) this.process.next = change;
  }

  /** Gives up decisions that are stable and older than what is to be retained. */
  private retain(stable: Sequence): void {
    const { retain, disk, queue, index } = this.parts;
    const below = stable - retain + 1;
    if (retain === 0 || below <= disk.oldestDecision) return;
    disk.dropDecisions(below);
    queue.schedule(0, { kind: 'retained', member: index, life: this.life });
  }

  /** Ends the process: everything that is not durable is gone. */
  crash(cause: 'crash' | 'write-error' = 'crash'): void {
    if (!this.isUp) return;
    const { disk, random, diskOptions, watch, index, forgetsAtCrash, witness } = this.parts;
    if (cause === 'write-error') witness.hitAppends('disk-error', disk.underWay, index);
    this.stop();
    const { survived, lost, torn } = disk.crash(random, diskOptions.tornRate);
    if (cause === 'crash') witness.hitAppends('crash-before-persist', lost, index);
    witness.hitAppends('torn-write', torn, index);
    witness.hitAppends('crash-after-persist', survived, index);
    witness.settled(index);
    watch.durable(index, survived);
    if (forgetsAtCrash) disk.forget();
  }

  /** Lets a trap spring at its moment. */
  setTrap(trap: Trap): void {
    this.trap = trap;
  }

  /** The next start cannot read the disk. */
  failNextStart(): void {
    this.readFails = true;
  }

  /** One bit of the log is another one from now on. The process must be down. */
  damage(): void {
    const { disk, random, witness } = this.parts;
    this.isDamaged = true;
    witness.hit('bit-flip', disk.flip(random));
  }

  /** The clock jumps away from virtual time, or back for 0. */
  jumpClock(byMs: number): void {
    this.clockJumpMs = byMs;
  }

  /** The machine works from now on: no trap, no failing disk, a clock that is right again. */
  heal(): void {
    this.trap = undefined;
    this.readFails = false;
    this.clockJumpMs = 0;
    this.start();
  }

  /** A packet arrives. */
  receive(packet: Packet): void {
    const { opener, trace, queue, watch } = this.parts;
    const { process } = this;
    if (process === undefined || process.isOver) return;
    const message = opener.open(packet, process.eyes, (statement) => process.engine.admit(statement));
    if (isRejection(message)) {
      trace.note(queue.now, this.index, message, message.code.length, 0, 0);
      return;
    }
    if (this.clockOffsetMs !== 0) this.parts.witness.hit('clock-skew', stepOfKind(message.kind), this.index);
    watch.received(this.index, message);
    process.adversary?.observe?.(message);
    this.step({ kind: 'message', at: this.at, message });
  }

  /** A client brings an envelope. Between two epochs it waits for the next. */
  submit(envelope: Authentic): void {
    if (this.process?.isOver === true) this.process.late.push(envelope);
    else this.step({ kind: 'submit', at: this.at, envelope });
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
      case 'retained':
        this.step({ kind: 'retained', at: this.at, oldest: this.parts.disk.oldestDecision as Sequence });
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
        this.perform(process, effect, event);
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

  private perform({ performer }: Reign, effect: Effect, event: ReplicaEvent): void {
    const { trace, queue, blame, watch, index } = this.parts;
    noteEffect(trace, queue.now, this.index, effect);
    if (effect.kind === 'rejected' && event.kind === 'message' && event.message.sender === effect.sender)
      watch.refused(index, event.message, effect.rejection.code);
    if (effect.kind === 'refused' && event.kind === 'submit' && effect.rejection.code !== 'redundant')
      watch.turnedAway(index, event.envelope);
    if (effect.kind === 'accuse') watch.found(index, effect.evidence);
    if (effect.kind === 'installed') watch.installed(index, effect.sequence);
    if (effect.kind === 'epochEnded') this.noteEnd(effect.change);
    if (effect.kind === 'commit' && this.clockOffsetMs !== 0) this.parts.witness.hit('clock-skew', 'decision');
    if (effect.kind !== 'halt') {
      performer.perform(effect);
      return;
    }
    this.stop();
    if (this.isCorrect) blame('halted', this.index, effect.reason);
  }

  /** From here on nothing is heard: what the next epoch begins with must be durable first. */
  private noteEnd(change: EpochChange): void {
    const { process } = this;
    if (process === undefined) return;
    process.isOver = true;
    this.parts.watch.ended(this.index, change, process.epochs);
  }

  /** Whatever a correct member's engine throws is our own bug: the process ends, and the run has failed. */
  private guard(work: () => void): void {
    try {
      work();
    } catch (error) {
      if (!(error instanceof Error)) throw error;
      this.stop();
      if (error instanceof DamageError) this.parts.blame('bit-flip', this.index, error.message);
      else if (error instanceof RecoveryError && this.isCorrect)
        this.parts.blame('recovery', this.index, `cannot start on its own log: ${error.message}`);
      else if (this.isCorrect) this.parts.blame('engine-throws', this.index, String(error.stack));
    }
  }

  private sync(process: Reign): void {
    const { performer, next } = process;
    const { disk } = this.parts;
    if (disk.appended === disk.durable) {
      if (next !== undefined && this.process === process) this.succeed(process, next);
      return;
    }
    if (this.trap?.waitsFor('before-sync', disk.waiting, disk.underWay) === true) {
      this.trap.spring();
      return;
    }
    performer.beginSync();
    if (this.trap?.waitsFor('during-sync', disk.underWay) === true) this.trap.spring();
  }

  private onSynced(process: Reign): void {
    const { disk, watch, witness, index } = this.parts;
    if (this.trap?.waitsFor('write-error', disk.underWay) === true) {
      this.trap.spring();
      return;
    }
    const written = disk.completeSync();
    watch.durable(index, written);
    if (this.trap?.waitsFor('after-sync', written) === true) {
      witness.hitAppends('crash-after-persist', written, index);
      this.trap.spring();
      return;
    }
    this.guard(() => process.performer.releaseDurable());
    if (!this.isUp) return;
    witness.settled(index);
    this.sync(process);
  }

  private onSent(step: ProtocolStep): void {
    if (this.trap?.waitsForMessage(step) !== true) return;
    this.parts.witness.hit('crash-mid-send', step, this.index);
    this.trap.spring();
  }

  private get clockOffsetMs(): number {
    return this.parts.clockSkewMs + this.clockJumpMs;
  }

  private noteStart(): void {
    const { witness, index } = this.parts;
    if (this.isDamaged) witness.hit('bit-flip', 'restart');
    this.isDamaged = false;
    if (this.hasRun) witness.restarted(index);
    if (this.hasRun && this.clockOffsetMs !== 0) witness.hit('clock-skew', 'restart');
    this.hasRun = true;
  }
}
