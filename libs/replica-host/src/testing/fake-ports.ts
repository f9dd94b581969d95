import type { CommittedBlock, Effect, Replica, ReplicaEvent } from '@concordat/consensus';
import {
  isRejection,
  type MessageKind,
  type Millis,
  type Sequence,
  type Signed,
  type NodeId,
} from '@concordat/protocol';
import { DURABLE_KINDS, type LogRecord } from '@concordat/records';
import type { ClockPort, DecisionsPort, NetworkPort, SuppliedDecision, VoteLogPort } from '../ports';
import { messageOf } from './messages';

/** What happened, in order, as short lines. */
export type Journal = string[];

/** A promise that a test settles. */
class Gate {
  settle: (error?: Error) => void = () => undefined;
  readonly promise = new Promise<void>((resolve, reject) => {
    this.settle = (error) => (error === undefined ? resolve() : reject(error));
  });
}

/** A step that a test lets through, at once or one by one. */
class Steps {
  private readonly gates: Gate[] = [];
  held = false;

  constructor(
    private readonly journal: Journal,
    private readonly name: string,
  ) {}

  get waiting(): number {
    return this.gates.length;
  }

  async pass(): Promise<void> {
    this.journal.push(`${this.name} begins`);
    if (this.held) {
      const gate = new Gate();
      this.gates.push(gate);
      await gate.promise;
    }
    this.journal.push(`${this.name} ends`);
  }

  /** Ends the oldest one that waits. */
  let(error?: Error): void {
    const gate = this.gates.shift();
    if (gate === undefined) throw new Error(`no ${this.name} waits`);
    gate.settle(error);
  }
}

/** Time and turns by hand. */
export class FakeClock implements ClockPort {
  time = 1_000_000;
  /** Added at each look at the monotonic clock. */
  costMs = 0;
  private monotonic = 0;
  private turns: (() => void)[] = [];
  private timers: { readonly at: number; readonly callback: () => void }[] = [];

  now(): Millis {
    return this.time as Millis;
  }

  monotonicMs(): number {
    this.monotonic += this.costMs;
    return this.monotonic;
  }

  setTimer(callback: () => void, delayMs: number): () => void {
    const timer = { at: this.time + delayMs, callback };
    this.timers.push(timer);
    return () => (this.timers = this.timers.filter((other) => other !== timer));
  }

  nextTurn(callback: () => void): void {
    this.turns.push(callback);
  }

  get timersRunning(): number {
    return this.timers.length;
  }

  /** Runs one turn of the event loop; false when none was asked for. */
  turn(): boolean {
    const { turns } = this;
    this.turns = [];
    for (const callback of turns) callback();
    return turns.length > 0;
  }

  advance(ms: number): void {
    this.time += ms;
    const due = this.timers.filter((timer) => timer.at <= this.time);
    this.timers = this.timers.filter((timer) => timer.at > this.time);
    for (const { callback } of due) callback();
  }
}

/** A log in memory whose syncs end when the test says so. */
export class FakeLog implements VoteLogPort {
  readonly syncs: Steps;
  isSegmentFull = false;
  bases: (readonly LogRecord[])[] = [];
  appendFails = false;
  syncNowFails = false;

  constructor(private readonly journal: Journal) {
    this.syncs = new Steps(journal, 'sync');
  }

  append(record: LogRecord): void {
    if (this.appendFails) throw new Error('disk full');
    this.journal.push(`append ${nameOfRecord(record)}`);
  }

  sync(): Promise<void> {
    return this.syncs.pass();
  }

  syncNow(): void {
    if (this.syncNowFails) throw new Error('fsync failed');
    this.journal.push('sync now');
  }

  rotate(base: readonly LogRecord[]): void {
    this.journal.push(`rotate [${base.map(nameOfRecord).join(', ')}]`);
    this.bases.push(base);
    this.isSegmentFull = false;
  }

  dropBelow(sequence: Sequence): number {
    this.journal.push(`drop below ${String(sequence)}`);
    return 0;
  }
}

/** What a record is, in the words of the journal. */
export function nameOfRecord(record: LogRecord): string {
  const kind = Object.entries(DURABLE_KINDS).find(([, code]) => code === record.kind)?.[0] ?? 'unknown';
  if (kind !== 'vote') return kind === 'batch' ? `batch ${String(record.sequence)}` : kind;
  return nameOf(messageOf(record.payload));
}

/** A message in the words of the journal: its kind, and its sequence or view. */
export const nameOf = (message: Pick<Signed, 'kind' | 'sequence' | 'view'>): string =>
  `${message.kind} ${String(message.sequence === 0 ? message.view : message.sequence)}`;

/** Decisions in memory. */
export class FakeDecisions implements DecisionsPort {
  readonly flushes: Steps;
  readonly reads: Steps;
  readonly durations: (readonly number[])[] = [];
  kept: SuppliedDecision[] = [];
  /** Set: the store lags until it is settled. */
  lag: Promise<void> | undefined;
  appendFails = false;

  constructor(private readonly journal: Journal) {
    this.flushes = new Steps(journal, 'flush');
    this.reads = new Steps([], 'read');
  }

  append(block: CommittedBlock, durationsMs: readonly number[]): undefined | Promise<void> {
    if (this.appendFails) throw new Error('disk full');
    this.journal.push(`decide ${String(block.sequence)}`);
    this.durations.push(durationsMs);
    return this.lag;
  }

  appendGap(from: Sequence, through: Sequence): undefined | Promise<void> {
    this.journal.push(`gap ${String(from)}..${String(through)}`);
    return this.lag;
  }

  flush(): Promise<void> {
    return this.flushes.pass();
  }

  async read(from: Sequence, through: Sequence, bytesMax: number): Promise<readonly SuppliedDecision[]> {
    this.journal.push(`read ${String(from)}..${String(through)} of ${String(bytesMax)}`);
    await this.reads.pass();
    return this.kept.filter(({ sequence }) => sequence >= from && sequence <= through);
  }
}

/** A network that only notes what was given to it. */
export class FakeNetwork implements NetworkPort {
  readonly flushes: Steps;
  readonly sentBytes: Uint8Array[] = [];

  constructor(private readonly journal: Journal) {
    this.flushes = new Steps([], 'network flush');
  }

  broadcast(kind: MessageKind, bytes: Uint8Array): void {
    this.note('broadcast', kind, bytes);
  }

  send(to: NodeId, kind: MessageKind, bytes: Uint8Array): void {
    this.note(`send to ${to.replace('node-', '')}`, kind, bytes);
  }

  flush(): Promise<void> {
    return this.flushes.pass();
  }

  private note(how: string, kind: MessageKind, bytes: Uint8Array): void {
    const message = messageOf(bytes);
    if (isRejection(message) || message.kind !== kind) throw new Error(`not a ${kind}`);
    this.sentBytes.push(bytes);
    this.journal.push(`${how}: ${nameOf(message)}`);
  }
}

/** A replica that does what a test says. */
export class ScriptedReplica implements Pick<Replica, 'step' | 'base'> {
  /** Effects of the next steps of an event of that name, one list for each. */
  readonly script = new Map<string, (readonly Effect[])[]>();
  baseVotes: readonly Signed[] = [];

  constructor(private readonly journal: Journal) {}

  on(event: string, ...effects: Effect[]): void {
    this.script.set(event, [...(this.script.get(event) ?? []), effects]);
  }

  step(event: ReplicaEvent): readonly Effect[] {
    const name = eventName(event);
    this.journal.push(`step ${name}`);
    return this.script.get(name)?.shift() ?? [];
  }

  base(): ReturnType<Replica['base']> {
    const state = { kind: 'state', sequence: 64 as Sequence, state: new Uint8Array(3) } as const;
    return { records: [state], votes: this.baseVotes };
  }
}

function eventName(event: ReplicaEvent): string {
  switch (event.kind) {
    case 'message':
      return `${nameOf(event.message)} of ${String(event.message.sender)}`;
    case 'timer':
      return `timer ${event.timer}`;
    case 'retained':
      return `retained ${String(event.oldest)}`;
    case 'submit':
      return `submit ${event.envelope.firstNonce.toString()}`;
    default:
      return event.kind;
  }
}
