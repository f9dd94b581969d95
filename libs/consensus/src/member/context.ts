import {
  equalBytes,
  invariant,
  OBSERVER,
  type Committee,
  type DraftOf,
  type Epoch,
  type Epochs,
  type Hash,
  type MemberIndex,
  type Millis,
  type NodeId,
  type Rejection,
  type Sequence,
  type Signed,
  type Statement,
  type View,
} from '@concordat/protocol';
import type { Ledger } from '../ledger';
import type { Pool } from '../pool';
import type { Address, BindingKind, Effect, Evidence, SignedStatement } from '../replica';
import type { ReplicaConfig } from '../replica-config';

/** What the parts of a member share: who and where it is, and the effects of the step that runs. */
export class Context {
  /** The host's clock at the event that is being handled. */
  at = 0 as Millis;
  /** View that was entered last. */
  view = 0 as View;
  /** Highest view that this member asked for or entered. It votes only while this equals `view`. */
  promisedView = 0 as View;
  /** h: last stable checkpoint; where the epoch began until there is one. */
  stable: Sequence;
  /** Boundary that a stable checkpoint tells of: known before the decision that set it is executed here. */
  certifiedBoundary = 0 as Sequence;
  /** Oldest decided sequence from which on this member can supply all. What is older was dropped, or came as a state. */
  oldest = 1 as Sequence;
  /** True for a member whose votes count. Who is not in the table, or isolated there, only follows. */
  readonly votes: boolean;
  /** Nodes with a proof against them, with the kinds that were proven: one proof of a kind is enough. */
  private readonly proven = new Map<NodeId, Map<string, Evidence>>();
  private effects: Effect[] = [];

  constructor(
    readonly committee: Committee,
    readonly self: MemberIndex,
    readonly hash: Hash,
    readonly config: ReplicaConfig,
    readonly pool: Pool,
    /** Replaced as a whole when the member takes over a certified state. */
    public ledger: Ledger,
    readonly epochs: Epochs,
    readonly nodeId: NodeId,
  ) {
    this.stable = committee.table.baseSequence;
    this.votes = committee.isVoter(self);
  }

  /** True while this member votes: it may, and it is in the highest view that it promised. */
  get active(): boolean {
    return this.votes && this.view === this.promisedView;
  }

  /** Leader of the view that was entered last. */
  get leader(): MemberIndex {
    return this.committee.leaderOf(this.view);
  }

  /** True when this member leads the view that it is in. */
  get leads(): boolean {
    return this.active && this.leader === this.self;
  }

  /** Last sequence of the epoch, once one is known; 0 for none. */
  get boundary(): Sequence {
    return this.ledger.boundary > 0 ? this.ledger.boundary : this.certifiedBoundary;
  }

  /**
   * Top of the window: h + L, and never beyond the epoch's last sequence (Spec §7). Whoever has not executed the decision
   * that ends the epoch has h below it, so its window ends at or before the boundary too: nothing beyond it finds a quorum.
   */
  get windowTop(): Sequence {
    const top = (this.stable + this.committee.table.windowSize) as Sequence;
    return this.boundary > 0 && this.boundary < top ? this.boundary : top;
  }

  /** Members of this epoch that are proven Byzantine, in whichever epoch, as long as they have the key that did it. */
  get provenMembers(): MemberIndex[] {
    const members = [...this.proven.keys()].map((node) => this.committee.indexOf(node));
    return members.filter((member) => member !== undefined).sort((a, b) => a - b);
  }

  emit(effect: Effect): void {
    this.effects.push(effect);
  }

  /** Effects since the last call. */
  drain(): Effect[] {
    const { effects } = this;
    this.effects = [];
    return effects;
  }

  /** The only way out for anything that binds this member; to one member, or to all. Whether it may be said was looked at before. */
  vote(draft: DraftOf<BindingKind>, to?: MemberIndex): void {
    invariant(this.votes, `${draft.kind} is voted by a member whose votes count`);
    this.emit(to === undefined ? { kind: 'vote', draft } : { kind: 'vote', draft, to });
  }

  /** How a node is reached: by its place, or by its name when it has none in this epoch. */
  addressOf(node: NodeId): Address {
    return this.committee.indexOf(node) ?? node;
  }

  /** The place of a message's sender in this epoch, whichever epoch it spoke in; OBSERVER for none. */
  senderHere({ epoch, sender }: Statement): MemberIndex {
    if (epoch === this.committee.epoch) return sender;
    const node = this.epochs.of(epoch)?.member(sender)?.nodeId;
    return (node === undefined ? undefined : this.committee.indexOf(node)) ?? OBSERVER;
  }

  /** Reports another member's message that came to nothing. */
  reject(sender: MemberIndex, rejection: Rejection): void {
    if (sender === this.self) return;
    this.emit({ kind: 'rejected', sender, rejection });
  }

  /** Proofs on record: at most one per member and kind, the one of the latest epoch. */
  get evidence(): Evidence[] {
    return [...this.proven.values()].flatMap((kinds) => [...kinds.values()]);
  }

  /** Whether it is proven of this epoch already that the member contradicts itself in that kind: more of it is worth no checks. */
  isProven(member: MemberIndex, kind: Statement['kind']): boolean {
    const node = this.committee.member(member)?.nodeId;
    const proof = node === undefined ? undefined : this.proven.get(node)?.get(kind);
    return proof !== undefined && evidenceEpoch(proof) === this.committee.epoch;
  }

  /** Reports a proof, once per member, kind and epoch, and keeps it on record. */
  accuse(evidence: Evidence): void {
    if (!this.record(evidence)) return;
    this.emit({ kind: 'persist', record: { kind: 'evidence', evidence } });
    this.emit({ kind: 'accuse', evidence });
  }

  /**
   * Takes a proof on record; false when there is one of its kind, or its key is no member's any more. One about a later
   * epoch takes the place of the earlier: nobody is isolated for what is two epochs old (Spec §8).
   */
  record(evidence: Evidence): boolean {
    const node = this.accusedNow(evidence);
    if (node === undefined) return false;
    const sort = evidence.kind === 'equivocation' ? evidence.first.statement.kind : evidence.kind;
    const kinds = this.proven.get(node) ?? new Map<string, Evidence>();
    const earlier = kinds.get(sort);
    if (earlier !== undefined && evidenceEpoch(earlier) >= evidenceEpoch(evidence)) return false;
    kinds.set(sort, evidence);
    this.proven.set(node, kinds);
    return true;
  }

  /** The member that is accused, if it is one in this epoch too and has the same key. */
  private accusedNow(evidence: Evidence): NodeId | undefined {
    const then = this.epochs.of(evidenceEpoch(evidence))?.member(evidence.accused);
    const index = then === undefined ? undefined : this.committee.indexOf(then.nodeId);
    const now = index === undefined ? undefined : this.committee.member(index);
    return then !== undefined && now !== undefined && equalBytes(then.publicKey, now.publicKey)
      ? now.nodeId
      : undefined;
  }

  /** Two signed contents of one member for one slot (Spec §8). */
  accuseOfEquivocation(first: SignedStatement, second: SignedStatement): void {
    this.accuse({ kind: 'equivocation', accused: first.statement.sender, first, second });
  }
}

/** The epoch in which the accused said it. */
export const evidenceEpoch = (evidence: Evidence): Epoch =>
  evidence.kind === 'equivocation' ? evidence.first.statement.epoch : evidence.newView.epoch;

/** The part of a message that its signature covers. */
export function signedStatement(message: Signed): SignedStatement {
  const { kind, epoch, view, sequence, digest, sender, signature } = message;
  const statement: Statement = { kind, epoch, view, sequence, digest, sender };
  return { statement, signature };
}
