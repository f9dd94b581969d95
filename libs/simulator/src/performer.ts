import type { Effect, Replica, TimerId } from '@concordat/consensus';
import {
  seal,
  type EpochChange,
  type MemberIndex,
  type Sequence,
  type Signed,
  type Verified,
} from '@concordat/protocol';
import { Barrier } from './barrier';
import type { EventQueue } from './event-queue';
import type { ProcessEvent, SimulatorEvent } from './events';
import { Outbox, type Author, type OutboxParts } from './outbox';
import type { ProtocolStep } from './protocol-steps';
import type { Random } from './random';
import { decisionAppend, gapAppend, recordAppend, voteAppend } from './recovery';
import type { DiskOptions } from './schedule';

/** Effects that are not simply held back until what is before them is durable. */
type Immediate = 'persist' | 'vote' | 'commit' | 'installed' | 'epochEnded' | 'halt';

/** What a performer is built from. */
export interface PerformerParts extends OutboxParts {
  readonly diskOptions: DiskOptions;
  readonly queue: EventQueue<SimulatorEvent>;
  readonly random: Random;
}

/** Who hears of what a performer did. */
export interface PerformerHooks {
  /** A copy of a message left; the process may end there. */
  readonly onSent: (step: ProtocolStep) => void;
  /** The epoch is over, and all that led to it is durable. */
  readonly onEpochEnded: (change: EpochChange) => void;
  /** A checkpoint is stable, and all that makes it so is durable. */
  readonly onStable: (sequence: Sequence) => void;
}

/**
 * Turns one process's effects into disk, network and timers, by the same rule as the real host: what follows a `persist`
 * or a `vote` waits until that is durable. It decides nothing, and ends with its process.
 */
export class Performer {
  /** Sealed votes that have not returned to the engine yet. */
  private readonly unreturned = new Set<Signed>();
  private readonly timers = new Map<TimerId, number>();
  private generation = 0;
  private running = true;
  private readonly barrier: Barrier;
  private readonly outbox: Outbox;

  constructor(
    private readonly parts: PerformerParts,
    private readonly author: Author,
    private readonly life: number,
    private readonly base: Replica['base'],
    private readonly hooks: PerformerHooks,
  ) {
    this.barrier = new Barrier(parts.disk);
    this.outbox = new Outbox(parts, author, (step) => hooks.onSent(step));
  }

  /** Performs what may be performed, and keeps the rest until it may. A `halt` is the process's own affair. */
  perform(effect: Exclude<Effect, { kind: 'halt' }>): void {
    const { watch, index } = this.parts;
    const { sealer } = this.author;
    switch (effect.kind) {
      case 'persist':
        this.barrier.append(recordAppend(effect.record));
        break;
      case 'vote':
        this.vote(seal(sealer, effect.draft), effect.to);
        break;
      case 'commit':
        watch.executed(index, effect.block);
        this.barrier.append(decisionAppend(effect.block));
        this.barrier.hold(() => watch.acknowledged(index, effect.block));
        break;
      case 'installed':
        this.barrier.append(gapAppend(effect.from, effect.sequence));
        break;
      case 'epochEnded':
        this.timers.clear();
        this.barrier.hold(() => this.hooks.onEpochEnded(effect.change));
        break;
      default:
        this.barrier.hold(() => this.release(effect));
    }
  }

  /** Begins a sync of what was appended, unless one is under way. */
  beginSync(): void {
    const { disk, diskOptions, random, queue, index } = this.parts;
    if (!disk.beginSync()) return;
    const delayMs = random.between(diskOptions.syncMinMs * 4, diskOptions.syncMaxMs * 4) / 4;
    queue.schedule(delayMs, { kind: 'synced', member: index, life: this.life });
  }

  /** Lets leave what waited for the last sync. */
  releaseDurable(): void {
    this.barrier.releaseDurable(() => this.running);
  }

  /** True when a timer's event is the one that was started last, and not cancelled since. */
  takeTimer({ timer, generation }: Extract<ProcessEvent, { kind: 'timer' }>): boolean {
    if (this.timers.get(timer) !== generation) return false;
    this.timers.delete(timer);
    return true;
  }

  /** A vote is back at the engine. */
  noteReturned(message: Signed): void {
    this.unreturned.delete(message);
  }

  /** The process ended: nothing that waits will ever leave. */
  end(): void {
    this.running = false;
    this.outbox.end();
    this.barrier.clear();
  }

  private vote(message: Signed, to: MemberIndex | undefined): void {
    const { watch, index, queue } = this.parts;
    watch.sealed(index, message);
    this.unreturned.add(message);
    this.barrier.append(voteAppend(message));
    this.barrier.hold(() => {
      if (to === undefined) this.outbox.broadcast(message);
      else if (to !== message.sender) this.outbox.send(to, message);
      if (this.running)
        queue.schedule(0, { kind: 'own', member: index, life: this.life, message: message as Verified });
    });
  }

  private release(effect: Exclude<Effect, { kind: Immediate }>): void {
    const { watch, index } = this.parts;
    const { sealer } = this.author;
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
        this.hooks.onStable(effect.sequence);
        break;
      case 'viewEntered':
        watch.entered(index, effect.view);
        break;
      case 'refused':
      case 'rejected':
      case 'viewLeft':
        break;
    }
  }

  private startTimer(timer: TimerId, delayMs: number): void {
    const { queue, index } = this.parts;
    const generation = ++this.generation;
    this.timers.set(timer, generation);
    queue.schedule(delayMs, { kind: 'timer', member: index, life: this.life, timer, generation });
  }

  /** A new log file once the newest is long enough; older ones go as far as everything in them is stable. */
  private shortenLog(stable: Sequence): void {
    const { disk, diskOptions, watch, index } = this.parts;
    if (disk.newestRecords >= diskOptions.segmentRecordsMax) {
      watch.durable(index, disk.syncNow());
      const { records, votes } = this.base();
      // Votes on their way through this host are not yet the engine's: the old file alone would hold them.
      const base = [...records.map(recordAppend), ...[...votes, ...this.unreturned].map(voteAppend)];
      disk.rotate(base);
      watch.durable(index, base);
    }
    disk.dropBelow(stable);
  }
}
