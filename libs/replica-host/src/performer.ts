import type { Address, BindingKind, DurableRecord, Effect, Replica } from '@concordat/consensus';
import {
  encodeMessage,
  invariant,
  type DraftOf,
  type MemberIndex,
  type NodeId,
  type MessageKind,
  type Signed,
  type Verified,
} from '@concordat/protocol';
import { encodeDurableRecord, encodeOwnVote, type LogRecord } from '@concordat/records';
import type { Arrivals } from './arrivals';
import type { GroupCommit } from './group-commit';
import type { HaltReason } from './halt';
import type { Answer } from './inbox';
import type { Outbox } from './outbox';
import type { ClockPort, HostObserver, NetworkPort, SealPort, SuppliedDecision } from './ports';
import type { Supplier } from './supplier';
import type { Timers } from './timers';
import type { VoteBook } from './vote-book';

/** What a performer works with. */
export interface PerformerOptions {
  readonly replica: Pick<Replica, 'base'>;
  readonly seal: SealPort;
  readonly network: NetworkPort;
  readonly clock: Pick<ClockPort, 'now'>;
  readonly observer: HostObserver;
  readonly book: VoteBook;
  readonly commits: GroupCommit;
  readonly outbox: Outbox;
  readonly timers: Timers;
  readonly supplier: Supplier;
  readonly arrivals: Arrivals;
  /** A vote is durable and has left: it counts for this member too. */
  readonly onOwnVote: (message: Verified) => void;
  /** The node's name behind an address; undefined when there is none. */
  readonly nodeOf: (to: Address) => NodeId | undefined;
  /** The replica's epoch is over: it takes no further event. */
  readonly onEpochEnded: () => void;
  /** The replica itself found that it must not go on. */
  readonly onHalt: (reason: HaltReason) => void;
}

/**
 * Hop 5: turns effects into disk and network, strictly in their order (architecture).
 *
 * Records go to the log at once. Whatever leaves the process or answers a client goes to the outbox, behind all records
 * that were appended before it. Only timers act at once: they show nothing to anybody.
 */
export class Performer {
  /** Sealed, and not yet back at the replica, which therefore cannot put them into the base of a new log file. */
  private readonly underWay = new Set<Signed>();

  constructor(private readonly options: PerformerOptions) {}

  /** Performs the effects of one step. `answer` belongs to the envelope that was submitted in it. */
  perform(effects: readonly Effect[], answer?: Answer): void {
    const { timers, observer, commits, supplier } = this.options;
    const batchesLogged = new Set<string>();
    let unanswered = answer;
    for (const effect of effects) {
      switch (effect.kind) {
        case 'persist':
          this.persist(effect.record);
          if (effect.record.kind === 'batch') batchesLogged.add(slotKey(effect.record.sequence, effect.record.batch));
          break;
        case 'vote':
          this.vote(effect.draft, batchesLogged, effect.to);
          break;
        case 'broadcast':
          this.leave(() => this.broadcast(this.options.seal(effect.draft)));
          break;
        case 'send':
          this.leave(() => this.send(effect.to, this.options.seal(effect.draft)));
          break;
        case 'forward':
          this.leave(() => this.send(effect.to, effect.message));
          break;
        case 'supply':
          this.leave(() => supplier.request(effect.to, effect.from, effect.through, effect.isObserver));
          break;
        case 'startTimer':
          timers.start(effect.timer, effect.delayMs);
          break;
        case 'cancelTimer':
          timers.cancel(effect.timer);
          break;
        case 'commit': {
          const { block } = effect;
          const durationsMs = this.options.arrivals.takeDurations(block.batch, this.options.clock.now());
          commits.appendDecision(block, durationsMs);
          this.leave(() => observer.committed?.(block, durationsMs));
          break;
        }
        case 'admitted':
        case 'refused': {
          invariant(
            unanswered !== undefined,
            `${effect.kind} answers the envelope that was submitted in the same step`,
          );
          const settle = unanswered;
          unanswered = undefined;
          this.leave(() => settle(effect.kind === 'refused' ? effect.rejection : undefined));
          break;
        }
        case 'rejected':
          this.leave(() => observer.rejected?.(effect.rejection, effect.sender));
          break;
        case 'accuse':
          this.leave(() => observer.accused?.(effect.evidence));
          break;
        case 'viewEntered':
          this.leave(() => observer.viewEntered?.(effect.view, effect.leader));
          break;
        case 'viewLeft':
          this.leave(() => observer.viewLeft?.(effect.view, effect.reason));
          break;
        case 'stable':
          // In its order: what makes the checkpoint stable is durable before anything is dropped for it.
          this.leave(() => {
            commits.onStable(effect.sequence);
            observer.stable?.(effect.sequence);
          });
          break;
        case 'installed':
          commits.appendGap(effect.from, effect.sequence);
          this.leave(() => observer.installed?.(effect));
          break;
        case 'epochEnded':
          this.options.onEpochEnded();
          this.leave(() => observer.epochEnded?.(effect.change));
          break;
        case 'halt':
          this.options.onHalt({ code: 'replica', message: effect.reason });
          return;
      }
    }
    invariant(unanswered === undefined, 'a submitted envelope is admitted or refused in its own step');
  }

  /** The replica has its own vote back. */
  onReturned(message: Signed): void {
    this.underWay.delete(message);
  }

  /** What must open a new log file, so that older ones may go. */
  base(): LogRecord[] {
    const { records, votes } = this.options.replica.base();
    return [...records.map(encodeDurableRecord), ...[...votes, ...this.underWay].map(encodeOwnVote)];
  }

  /** Seals and sends one decided sequence; returns its bytes. */
  supply(to: Address, { sequence, batch, certificate }: SuppliedDecision): number {
    const { view } = certificate;
    return this.send(to, this.options.seal({ kind: 'decided', view, sequence, batch, certificate }));
  }

  private persist(record: DurableRecord): void {
    const { book, commits } = this.options;
    if (record.kind === 'newView') book.promise(record.message.view);
    if (record.kind === 'stable') book.forgetThrough(record.certificate.sequence);
    commits.append(encodeDurableRecord(record), record.kind === 'state');
  }

  private vote(draft: DraftOf<BindingKind>, batchesLogged: ReadonlySet<string>, to: MemberIndex | undefined): void {
    const { book, commits, seal, onOwnVote } = this.options;
    book.check(draft);
    const message = seal(draft);
    book.record(message);
    // The batch is in the log already, by the record just before: it need not stand there twice.
    const bare =
      message.kind === 'prePrepare' &&
      message.batch !== undefined &&
      batchesLogged.has(slotKey(message.sequence, message.batch));
    const record = encodeOwnVote(bare ? { ...message, batch: undefined } : message);
    const bytes = bare ? encodeMessage(message) : record.payload;
    commits.append(record, message.kind === 'checkpoint');
    this.underWay.add(message);
    this.leave(() => {
      if (to === undefined) this.publish(message.kind, bytes);
      else if (to !== message.sender) this.sendBytes(to, message.kind, bytes);
      onOwnVote(ownVerified(message));
    });
  }

  private leave(act: () => void): void {
    this.options.outbox.push(this.options.commits.position, act);
  }

  private broadcast(message: Signed): void {
    this.publish(message.kind, encodeMessage(message));
  }

  private publish(kind: MessageKind, bytes: Uint8Array): void {
    this.options.network.broadcast(kind, bytes);
    this.options.observer.sent?.(kind, bytes.length);
  }

  private send(to: Address, message: Signed): number {
    return this.sendBytes(to, message.kind, encodeMessage(message));
  }

  private sendBytes(to: Address, kind: MessageKind, bytes: Uint8Array): number {
    const node = this.options.nodeOf(to);
    if (node === undefined) return 0;
    this.options.network.send(node, kind, bytes);
    this.options.observer.sent?.(kind, bytes.length);
    return bytes.length;
  }
}

const slotKey = (sequence: number, batch: { readonly digest: string }): string => `${String(sequence)} ${batch.digest}`;

/** What this member sealed itself needs no check: it is what the replica, which this process trusts, asked for. */
const ownVerified = (message: Signed): Verified => message as Verified;
