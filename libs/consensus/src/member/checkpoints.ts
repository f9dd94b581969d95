import {
  checkpointDigest,
  type Checkpoint,
  type CheckpointCertificate,
  type CheckpointContent,
  type MemberIndex,
  type Sequence,
  type Signed,
  type StateTree,
  type Verified,
  type View,
} from '@concordat/protocol';
import { signedStatement, type Context } from './context';
import type { Snapshots } from './snapshots';

/** CHECKPOINTs that are kept of one member: the two of a window, and two beyond, for a member that lags. */
const KEPT_PER_MEMBER = 4;

/** Makes states stable (Spec §3): own CHECKPOINTs, quorums of equal ones, and the move of the window. */
export class Checkpoints {
  /** What this member computed at checkpoints from the stable one on. */
  private readonly own = new Map<Sequence, CheckpointContent>();
  /** Its CHECKPOINTs for them, sealed; undefined between the decision to say it and its return from the host. */
  private readonly told = new Map<Sequence, Signed | undefined>();
  private readonly received = new Map<MemberIndex, Map<Sequence, Verified<Checkpoint>>>();
  /** Proof of the stable checkpoint; undefined where the epoch begins. */
  certificate: CheckpointCertificate | undefined;

  constructor(
    private readonly context: Context,
    private readonly snapshots: Snapshots,
  ) {}

  /** After each executed sequence. The state is made durable before the CHECKPOINT that tells of it. */
  onExecuted(sequence: Sequence): void {
    const { context } = this;
    if (sequence % context.committee.table.checkpointInterval !== 0) return;
    const { content, tree } = context.ledger.checkpoint();
    const certified = this.certificate?.sequence === sequence ? this.certificate : undefined;
    if (certified !== undefined) this.compare(certified, content);
    context.emit({ kind: 'persist', record: { kind: 'state', sequence, state: tree.state } });
    this.snapshots.keep(sequence, tree, certified);
    if (sequence >= context.stable && context.votes) this.tell(sequence, content);
    this.stabilise(sequence);
  }

  private tell(sequence: Sequence, content: CheckpointContent): void {
    const { context } = this;
    this.own.set(sequence, content);
    if (this.told.has(sequence)) return;
    this.told.set(sequence, undefined);
    context.vote({ kind: 'checkpoint', sequence, content }, this.collectorOf(sequence));
  }

  /** Who gathers the signatures of a checkpoint where members vote to one of them; undefined where they tell everybody. */
  private collectorOf(sequence: Sequence): MemberIndex | undefined {
    const { table } = this.context.committee;
    if (table.engine === 'pbft') return undefined;
    // Another one each time: one that is down holds up a checkpoint, and not the window.
    return ((sequence / table.checkpointInterval) % this.context.committee.n) as MemberIndex;
  }

  /** Keeps what the host sealed, for sending it again. */
  keepOwn(message: Signed): void {
    if (message.sequence >= this.context.stable) this.told.set(message.sequence, message);
  }

  /** This member's own CHECKPOINT for that sequence, sealed. */
  ownAt(sequence: Sequence): Signed | undefined {
    return this.told.get(sequence);
  }

  /** Returns the certificate when this message made a checkpoint stable. */
  onCheckpoint(message: Verified<Checkpoint>): CheckpointCertificate | undefined {
    if (message.sequence <= this.context.stable) return undefined;
    const ofSender = this.received.get(message.sender) ?? new Map<Sequence, Verified<Checkpoint>>();
    const earlier = ofSender.get(message.sequence);
    if (earlier !== undefined) {
      if (earlier.digest !== message.digest)
        this.context.accuseOfEquivocation(signedStatement(earlier), signedStatement(message));
      return undefined;
    }
    ofSender.set(message.sequence, message);
    if (ofSender.size > KEPT_PER_MEMBER) ofSender.delete(Math.min(...ofSender.keys()) as Sequence);
    this.received.set(message.sender, ofSender);
    return this.stabilise(message.sequence);
  }

  /**
   * Moves the window to a certified checkpoint, whether or not this member has that state: it can vote above it, and
   * neither executes nor signs CHECKPOINT until it has caught up.
   */
  adopt(certificate: CheckpointCertificate): void {
    const { context } = this;
    if (certificate.sequence <= context.stable) return;
    const own = this.own.get(certificate.sequence);
    if (own !== undefined) this.compare(certificate, own);
    this.hold(certificate);
    this.snapshots.onStable(certificate);
    context.emit({ kind: 'persist', record: { kind: 'stable', certificate } });
    for (const own of [this.own, this.told])
      for (const sequence of own.keys()) if (sequence < certificate.sequence) own.delete(sequence);
    for (const ofSender of this.received.values()) {
      for (const sequence of ofSender.keys()) if (sequence <= certificate.sequence) ofSender.delete(sequence);
    }
  }

  /** This member's state is now the one that the certificate is about, which it did not compute itself. */
  install(certificate: CheckpointCertificate, tree: StateTree): void {
    this.snapshots.keep(certificate.sequence, tree, certificate);
    this.adopt(certificate);
  }

  /** Takes up what a restarted member knew. */
  restore(certificate: CheckpointCertificate | undefined): void {
    if (certificate === undefined || certificate.sequence <= this.context.stable) return;
    this.hold(certificate);
  }

  private hold(certificate: CheckpointCertificate): void {
    this.certificate = certificate;
    this.context.stable = certificate.sequence;
    this.context.certifiedBoundary = certificate.content.boundary;
  }

  /** The CHECKPOINT of the state that a restarted member found: its log may end between the two. */
  resume(): void {
    const { ledger, committee, stable } = this.context;
    const sequence = ledger.executed;
    const { baseSequence, checkpointInterval } = committee.table;
    if (sequence <= baseSequence || sequence < stable || sequence % checkpointInterval !== 0) return;
    const { content, tree } = ledger.checkpoint();
    this.snapshots.keep(sequence, tree, this.certificate?.sequence === sequence ? this.certificate : undefined);
    if (this.context.votes) this.tell(sequence, content);
  }

  private stabilise(sequence: Sequence): CheckpointCertificate | undefined {
    const groups = new Map<string, Verified<Checkpoint>[]>();
    for (const ofSender of this.received.values()) {
      const message = ofSender.get(sequence);
      if (message === undefined) continue;
      const group = groups.get(message.digest) ?? [];
      group.push(message);
      groups.set(message.digest, group);
    }
    for (const group of groups.values()) {
      const [first] = group;
      if (first === undefined || !this.context.committee.isQuorum(group.map((message) => message.sender))) continue;
      const signatures = group
        .map(({ sender, signature }) => ({ sender, signature }))
        .sort((a, b) => a.sender - b.sender);
      const certificate = { sequence, content: first.content, signatures };
      this.adopt(certificate);
      if (this.collectorOf(sequence) === this.context.self) this.share(certificate);
      return certificate;
    }
    return undefined;
  }

  private share(certificate: CheckpointCertificate): void {
    const { sequence } = certificate;
    this.context.emit({ kind: 'broadcast', draft: { kind: 'stable', view: 0 as View, sequence, certificate } });
  }

  /** A quorum certified another state than this member computed: it executed something that is not deterministic. */
  private compare(certificate: CheckpointCertificate, own: CheckpointContent): void {
    const { hash } = this.context;
    const { sequence, content } = certificate;
    if (checkpointDigest(hash, sequence, content) === checkpointDigest(hash, sequence, own)) return;
    this.context.emit({
      kind: 'halt',
      reason: `state after sequence ${String(sequence)} is ${own.stateDigest} here, but a quorum certified ${content.stateDigest}`,
    });
  }
}
