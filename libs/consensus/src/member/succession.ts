import {
  OBSERVER,
  reject,
  type Committee,
  type Envelope,
  type EpochChange,
  type EpochProof,
  type CheckpointCertificate,
  invariant,
  type Fetch,
  type NodeId,
  type Sequence,
  type Status,
  type Verified,
  type View,
} from '@concordat/protocol';
import type { Checkpoints } from './checkpoints';
import type { Context } from './context';
import type { DurableRecord, Effect } from '../replica';
import { Allowance, FETCH_DECIDED_MAX } from './answer-bounds';
import type { Snapshots } from './snapshots';

/** Somebody who may have what this node lacks. */
export interface Supplier {
  readonly node: NodeId;
  readonly executed: Sequence;
  /** Oldest decided sequence from which on it says to have all. */
  readonly oldest: Sequence;
}

/**
 * Whether an envelope that waited through the end of an epoch can still be ordered in the next. A gateway that has left or
 * taken another key signed it with one that nobody accepts any more.
 */
export function outlivesEpoch({ signer }: Envelope, before: Committee, now: Committee): boolean {
  if (signer.kind === 'client') return true;
  const keyIn = (committee: Committee): string | undefined => {
    const index = committee.indexOf(signer.nodeId);
    return index === undefined ? undefined : committee.member(index)?.publicKey.join();
  };
  const key = keyIn(now);
  return key !== undefined && key === keyIn(before);
}

/** How an epoch ended, and what the next one begins with. */
type EpochEnd = Omit<Extract<Effect, { kind: 'epochEnded' }>, 'kind'>;

/** Proofs of later epochs that one STATUS or FETCH from an old one is answered with. */
const PROOFS_PER_ANSWER = 8;

/**
 * How an epoch gives way to the next (Spec §7), and how nodes of different epochs help each other across: whoever is behind
 * is told by proof that its epoch ended, then fetches what it lacks like anybody else.
 */
export class Succession {
  /** Nodes of later epochs, by what they said last: where to ask. */
  private readonly ahead = new Map<NodeId, { readonly executed: Sequence; readonly oldest: Sequence }>();
  private readonly allowance = new Allowance<NodeId | 'observers'>();
  private end: EpochEnd | undefined;

  constructor(
    private readonly context: Context,
    private readonly checkpoints: Checkpoints,
    private readonly snapshots: Snapshots,
  ) {}

  /** The changes that led to this epoch, or into the next once this one has ended: whoever restarts must know them first. */
  past(): DurableRecord[] {
    const { epochs, committee } = this.context;
    const epoch = this.end?.change.table.epoch ?? committee.epoch;
    return epochs.changesUpTo(epoch).map((change) => ({ kind: 'epoch', change }));
  }

  /** What the next replica starts from, once the epoch has ended here: all that a new log file must begin with then. */
  start(): DurableRecord[] | undefined {
    if (this.end === undefined) return undefined;
    const { state, stable } = this.end;
    const records: DurableRecord[] = [{ kind: 'state', sequence: state.sequence, state: state.bytes }];
    if (stable !== undefined) records.push({ kind: 'stable', certificate: stable });
    return records;
  }

  /** True once the epoch has ended here. */
  get isOver(): boolean {
    return this.end !== undefined;
  }

  /** The committee that follows, once the epoch has ended here. */
  get next(): Committee | undefined {
    return this.end === undefined ? undefined : this.context.epochs.of(this.end.change.table.epoch);
  }

  /** Nodes of later epochs that say to have executed more, by name. */
  suppliers(): readonly Supplier[] {
    const { executed } = this.context.ledger;
    return [...this.ahead]
      .filter(([, theirs]) => theirs.executed > executed)
      .map(([node, theirs]) => ({ node, ...theirs }))
      .sort((a, b) => (a.node < b.node ? -1 : 1));
  }

  /** After every event: the epoch is over once its last sequence is executed here and a quorum has certified the state after it. */
  settle(): void {
    const { context } = this;
    const { ledger, boundary } = context;
    const { certificate } = this.checkpoints;
    const table = ledger.nextTable;
    if (this.isOver || boundary === 0 || ledger.executed !== boundary || table === undefined) return;
    if (certificate?.sequence !== boundary) return;
    const bytes = this.snapshots.stateAt(boundary);
    invariant(bytes !== undefined, 'the state at the end of an epoch is held');
    const change: EpochChange = { certificate, table };
    this.end = { change, state: { sequence: boundary, bytes }, stable: undefined };
    context.epochs.add(change);
    // Again: a log file that began since the checkpoint begins with an older, stable state, and the file with this one may
    // be gone. Votes of the next epoch in a log whose state is of this one would keep the node from ever starting again.
    context.emit({ kind: 'persist', record: { kind: 'state', sequence: boundary, state: bytes } });
    context.emit({ kind: 'persist', record: { kind: 'epoch', change } });
    context.emit({ kind: 'epochEnded', ...this.end });
  }

  /**
   * Ends this epoch, and all up to that of `next`, with a certified state. The proofs come first: whoever restarts between
   * them and the state goes on in the epoch of the state that it has.
   */
  skipTo(
    next: Committee,
    state: { readonly sequence: Sequence; readonly bytes: Uint8Array },
    certificate: CheckpointCertificate,
  ): void {
    const { context } = this;
    const changes = context.epochs.changesAfter(context.committee.epoch, next.epoch - context.committee.epoch);
    const change = changes.at(-1);
    invariant(
      change?.table.epoch === next.epoch,
      'a state of a later epoch is taken over with the proofs that lead there',
    );
    for (const each of changes) context.emit({ kind: 'persist', record: { kind: 'epoch', change: each } });
    context.emit({ kind: 'persist', record: { kind: 'state', sequence: state.sequence, state: state.bytes } });
    const stable = state.sequence > next.table.baseSequence ? certificate : undefined;
    if (stable !== undefined) context.emit({ kind: 'persist', record: { kind: 'stable', certificate: stable } });
    this.end = { change, state, stable };
    context.emit({ kind: 'epochEnded', ...this.end });
  }

  /** Proof that an epoch ended: this one's own end is a stable checkpoint; a later one's tells who is there to be asked. */
  onProof(message: Verified<EpochProof>): void {
    const { context } = this;
    const { change } = message;
    if (!context.epochs.add(change)) {
      context.reject(context.senderHere(message), reject('redundant', `epoch ${String(change.table.epoch)} is known`));
      return;
    }
    this.adoptEnd();
  }

  /** A proven end of this epoch is a stable checkpoint, whether or not this member has come so far. */
  adoptEnd(): void {
    const [change] = this.context.epochs.changesAfter(this.context.committee.epoch, 1);
    if (change !== undefined) this.checkpoints.adopt(change.certificate);
  }

  /** STATUS of a node in another epoch. */
  onForeignStatus(message: Verified<Status>): void {
    const { context } = this;
    const node = context.epochs.of(message.epoch)?.member(message.sender)?.nodeId;
    if (node === undefined || node === context.nodeId) return;
    if (message.epoch > context.committee.epoch)
      this.ahead.set(node, { executed: message.sequence, oldest: message.oldestSequence });
    else if (this.allowance.take(node, context.at)) this.sendProofs(node, message.epoch);
  }

  /** FETCH of a node that is in another epoch, or follows without being a member: it gets decisions, and proofs of what it missed. */
  onForeignFetch(message: Verified<Fetch>): void {
    const { context } = this;
    const { sender, epoch, origin, decided, snapshot } = message;
    const member = context.epochs.of(epoch)?.member(sender)?.nodeId;
    // An observer's name is only its word: all of them share one allowance.
    const [node, account] = sender === OBSERVER ? [origin, 'observers' as const] : [member, member];
    if (node === undefined || account === undefined || node === context.nodeId) return;
    if (!this.allowance.take(account, context.at)) return;
    if (epoch < context.committee.epoch) this.sendProofs(node, epoch);
    if (snapshot !== undefined)
      this.snapshots.answer(node, snapshot, (bytes) => this.allowance.takeBytes(account, bytes));
    if (decided === undefined || decided.from > context.ledger.executed) return;
    const through = Math.min(decided.to, decided.from + FETCH_DECIDED_MAX - 1, context.ledger.executed) as Sequence;
    context.emit({ kind: 'supply', to: node, from: decided.from, through, isObserver: sender === OBSERVER });
  }

  private sendProofs(to: NodeId, epoch: Status['epoch']): void {
    const { context } = this;
    for (const change of context.epochs.changesAfter(epoch, PROOFS_PER_ANSWER)) {
      // What this member learned by proof alone it cannot answer for yet.
      if (change.table.epoch > context.committee.epoch) return;
      const sequence = change.certificate.sequence;
      context.emit({ kind: 'send', to, draft: { kind: 'epochChange', view: 0 as View, sequence, change } });
    }
  }
}
