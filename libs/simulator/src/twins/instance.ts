import {
  createReplica,
  type Address,
  type CommittedBlock,
  type Effect,
  type FreeKind,
  type Replica,
  type ReplicaConfig,
  type ReplicaEvent,
  type TimerId,
} from '@concordat/consensus';
import {
  seal,
  ZERO_DIGEST,
  type Committee,
  type DraftOf,
  type Hash,
  type MemberIndex,
  type Millis,
  type Sequence,
  type Signed,
  type Verified,
} from '@concordat/protocol';
import type { Append } from '../append';
import { inOneEpoch } from '../one-epoch';
import type { Blame, Watch } from '../watch';
import type { RegisteredSignatures } from './signatures';

/** Turns between two inspections of an instance's state. */
const INSPECTION_INTERVAL = 16;

/** What an instance is built from. */
export interface InstanceParts {
  readonly index: MemberIndex;
  readonly committee: Committee;
  readonly hash: Hash;
  readonly register: RegisteredSignatures;
  readonly config: ReplicaConfig;
  readonly isCorrect: boolean;
  readonly watch: Watch;
  readonly blame: Blame;
  /** Virtual time. */
  readonly now: () => number;
  /** Puts a message on the wire. */
  readonly transmit: (to: MemberIndex, message: Signed) => void;
}

/**
 * A process around the production engine in lockstep: what it makes durable is durable at once, its own votes return
 * before anything else happens, and its queue is empty at the end of each tick.
 */
export class Instance {
  readonly engine: Replica;
  /** The process ends when its engine halts or throws. */
  private running = true;
  private readonly timers = new Map<TimerId, number>();
  private readonly decisions = new Map<number, CommittedBlock>();
  private readonly own: Verified[] = [];
  private touched = false;
  private turns = 0;

  constructor(private readonly parts: InstanceParts) {
    const { committee, index, hash, config, watch } = parts;
    this.engine = createReplica({ ...inOneEpoch(hash, ZERO_DIGEST, committee, index), config });
    watch.started(index, this.engine, []);
  }

  get index(): MemberIndex {
    return this.parts.index;
  }

  get isUp(): boolean {
    return this.running;
  }

  get isCorrect(): boolean {
    return this.parts.isCorrect;
  }

  /** When the next timer runs out; infinity when none runs. */
  get nextTimerAt(): number {
    let next = Infinity;
    for (const at of this.timers.values()) next = Math.min(next, at);
    return next;
  }

  /** Timers that ran out. */
  wake(): void {
    const now = this.parts.now();
    for (const [timer, at] of [...this.timers]) {
      if (at > now || this.timers.get(timer) !== at) continue;
      this.timers.delete(timer);
      this.step({ kind: 'timer', at: this.at, timer });
    }
  }

  /** The first event, or a client's envelope. */
  feed(event: { kind: 'start' } | Omit<Extract<ReplicaEvent, { kind: 'submit' }>, 'at'>): void {
    this.step({ ...event, at: this.at });
  }

  /** A message arrives. */
  receive(message: Verified): void {
    if (!this.running || this.engine.admit(message) !== undefined) return;
    this.parts.watch.received(this.index, message);
    this.step({ kind: 'message', at: this.at, message });
  }

  /** The end of a tick: the queue is empty. */
  drain(): void {
    if (!this.touched) return;
    this.step({ kind: 'drained', at: this.at });
    this.touched = false;
    if (++this.turns % INSPECTION_INTERVAL === 0) this.parts.watch.inspected(this.index, this.engine.state());
  }

  private get at(): Millis {
    return this.parts.now() as Millis;
  }

  private step(event: ReplicaEvent): void {
    this.touched = true;
    this.perform(event);
    for (let own = this.own.shift(); own !== undefined; own = this.own.shift())
      this.perform({ kind: 'message', at: this.at, message: own });
  }

  private perform(event: ReplicaEvent): void {
    if (!this.running) return;
    const { blame, index } = this.parts;
    try {
      for (const effect of this.engine.step(event)) this.release(effect);
    } catch (error) {
      if (!(error instanceof Error)) throw error;
      this.running = false;
      blame('engine-throws', index, String(error.stack));
    }
  }

  private release(effect: Effect): void {
    const { watch, index, register, blame, now } = this.parts;
    switch (effect.kind) {
      case 'persist':
        this.keep({ kind: 'record', record: effect.record });
        break;
      case 'vote': {
        const sealer = register.sealerOf(index);
        const message = seal(sealer, effect.draft);
        watch.sealed(index, message);
        this.keep({ kind: 'vote', message });
        if (effect.to === undefined) this.broadcast(message);
        else if (effect.to !== index) this.send(effect.to, message);
        this.own.push(message as Verified);
        break;
      }
      case 'broadcast':
        this.broadcast(this.unsealed(effect.draft));
        break;
      case 'send':
        this.send(effect.to, this.unsealed(effect.draft));
        break;
      case 'forward':
        this.send(effect.to, effect.message);
        break;
      case 'supply':
        this.supply(effect.to, effect.from, effect.through);
        break;
      case 'startTimer':
        // Whole ticks: all move in lockstep.
        this.timers.set(effect.timer, now() + Math.ceil(effect.delayMs));
        break;
      case 'cancelTimer':
        this.timers.delete(effect.timer);
        break;
      case 'commit':
        watch.executed(index, effect.block);
        this.decisions.set(effect.block.sequence, effect.block);
        this.keep({ kind: 'decision', block: effect.block });
        watch.acknowledged(index, effect.block);
        break;
      case 'admitted':
        watch.admitted(index, effect.envelope);
        break;
      case 'accuse':
        watch.accused(index, effect.evidence);
        break;
      case 'viewEntered':
        watch.entered(index, effect.view);
        break;
      case 'halt':
        this.running = false;
        blame('halted', index, effect.reason);
        break;
      case 'installed':
        watch.installed(index, effect.sequence);
        break;
      case 'stable':
      case 'refused':
      case 'rejected':
      case 'viewLeft':
      case 'epochEnded':
        break;
    }
  }

  private keep(kept: Append['kept']): void {
    this.parts.watch.durable(this.index, [{ kept, bytes: NO_BYTES }]);
  }

  private broadcast(message: Signed): void {
    for (const to of this.parts.committee.indexesInOrder) if (to !== this.index) this.send(to, message);
  }

  private send(address: Address, message: Signed): void {
    const to = typeof address === 'number' ? address : this.parts.committee.indexOf(address);
    if (to === undefined) return;
    this.parts.watch.sent(this.index, to, message);
    this.parts.transmit(to, message);
  }

  private supply(to: Address, from: Sequence, through: Sequence): void {
    for (let at: number = from; at <= through; at++) {
      const block = this.decisions.get(at);
      if (block === undefined) return;
      const { sequence, batch, certificate } = block;
      this.send(to, this.unsealed({ kind: 'decided', view: certificate.view, sequence, batch, certificate }));
    }
  }

  /** What promises nothing is believed unsigned here: nobody else is able to send in this member's name. */
  private unsealed(draft: DraftOf<FreeKind>): Signed {
    const { committee, index } = this.parts;
    return { ...draft, epoch: committee.epoch, sender: index, digest: ZERO_DIGEST, signature: NO_BYTES };
  }
}

/** Checkers look at what is kept, not at its bytes. */
const NO_BYTES = new Uint8Array(0);
