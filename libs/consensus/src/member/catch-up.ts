import {
  OBSERVER,
  WAITING_IN_STATUS_MAX,
  type Digest,
  type Fetch,
  type MemberIndex,
  type Millis,
  type Sequence,
  type Status,
  type Verified,
  type View,
} from '@concordat/protocol';
import { type Address, type PeerState } from '../replica';
import { heartbeatMaxMs, silenceMaxMs } from '../replica-config';
import type { Checkpoints } from './checkpoints';
import type { Context } from './context';
import { Allowance, FETCH_DECIDED_MAX } from './answer-bounds';
import type { Help, Touch } from './engine';
import { fetchDraft, type Wanted } from './fetch-draft';
import { Heartbeat } from './heartbeat';
import type { SnapshotFetch } from './snapshot-fetch';
import type { Snapshots } from './snapshots';
import type { Succession, Supplier } from './succession';

/** A member that was not heard for so many heartbeats is silent. */
const SILENT_INTERVALS = 3;
/**
 * How often each supplier is asked in vain for the next decision before a whole state is fetched: a state in place of
 * decisions leaves a gap in the store, and members on a busy machine answer late.
 */
const STARVED_TURNS = 5;
/** A member's STATUS is answered at most so often: its repeats cost nobody anything. */
const ANSWER_INTERVAL_MS = 50;

/**
 * Core NATS loses messages, and a sender cannot know by itself which: members say where they stand, and whoever hears it
 * returns what the sender lacks (Spec §1, §10).
 */
export class CatchUp implements Touch {
  private readonly peers = new Map<MemberIndex, PeerState>();
  private readonly answeredAt = new Map<MemberIndex, Millis>();
  /** What each member waited for at its last STATUS: what it names twice did not come by the usual way. */
  private readonly waitingBefore = new Map<MemberIndex, ReadonlySet<Digest>>();
  /** Where this member stood at its last STATUS: no progress since then while others are ahead means that it is behind. */
  private executedAtLastTick = -1;
  /** STATUSes in a row without progress while others are ahead. */
  private stuckTicks = 0;
  /** Decided sequences that were asked for, up to here. */
  private fetchingThrough = 0 as Sequence;
  /** Whose turn it is to be asked: for what a view names, and for decided sequences. */
  private turn = 0;
  private supplier = 0;
  /** Digests that were asked for since the last tick: a further event is no reason to ask again. */
  private readonly asked = new Set<Digest>();
  /** Envelopes that were asked of each member at its last STATUS. */
  private readonly askedEnvelopes = new Map<MemberIndex, ReadonlySet<Digest>>();
  private listeningSince: Millis | undefined;
  private readonly allowance = new Allowance();
  private readonly heartbeat: Heartbeat;

  constructor(
    private readonly context: Context,
    private readonly help: Help,
    private readonly checkpoints: Checkpoints,
    private readonly succession: Succession,
    private readonly snapshots: Snapshots,
    private readonly snapshotFetch: SnapshotFetch,
  ) {
    this.heartbeat = new Heartbeat(context);
  }

  /** Last STATUS of each member that was heard, by index. */
  heard(): PeerState[] {
    return [...this.peers.values()].sort((a, b) => a.member - b.member);
  }

  /** Says where this member stands. Who is no member has nothing to say. */
  announce(): void {
    const { context } = this;
    this.listeningSince ??= context.at;
    if (context.self === OBSERVER) return;
    this.heartbeat.onSpoken();
    context.emit({
      kind: 'broadcast',
      draft: {
        kind: 'status',
        view: context.view,
        sequence: context.ledger.executed,
        promisedView: context.promisedView,
        stableSequence: context.stable,
        oldestSequence: context.oldest,
        headDigest: context.ledger.headDigest,
        slots: this.help.openSlots(),
        waiting: context.pool.oldestIds(WAITING_IN_STATUS_MAX),
        viewChangesHeld: this.help.viewChangesHeld(),
        silent: this.silent(),
      },
    });
  }

  /** Members that were not heard for long, ascending. Who has just begun to listen says it of nobody. */
  private silent(): MemberIndex[] {
    const { committee, self, at, config } = this.context;
    const since = this.listeningSince ?? at;
    const silence = (member: MemberIndex): number => at - (this.peers.get(member)?.heardAt ?? since);
    return committee.indexesInOrder.filter((member) => member !== self && silence(member) > silenceMaxMs(config));
  }

  /** True for an envelope that another member misses and that was asked for at its last STATUS. */
  wasAskedFor(id: Digest): boolean {
    for (const ids of this.askedEnvelopes.values()) if (ids.has(id)) return true;
    return false;
  }

  /**
   * True while it may be this member itself that stands in the way of what it waits for: it hears no quorum, or it
   * lacks a state that a quorum has, or f + 1 members are further than a pipeline reaches. Leaving the view now it would leave alone, and could not vote again
   * until the others follow.
   */
  get isOutOfTouch(): boolean {
    const { committee, ledger, stable, config } = this.context;
    if (ledger.executed < stable) return true;
    const inTouch = committee.indexesInOrder.filter((member) => this.hears(member));
    const further = [...this.peers.values()].filter((peer) => peer.executed > ledger.executed + config.pipelineDepth);
    return !committee.isQuorum(inTouch) || committee.hasHonest(further.map(({ member }) => member));
  }

  /** False for another member that was not heard for several heartbeats. */
  hears(member: MemberIndex): boolean {
    const { self, at, config } = this.context;
    const silentMs = at - (this.peers.get(member)?.heardAt ?? this.listeningSince ?? at);
    return member === self || silentMs <= SILENT_INTERVALS * heartbeatMaxMs(config);
  }

  /** The regular STATUS, and another try at whatever is still missing. */
  onTick(): void {
    const { executed } = this.context.ledger;
    const isBusy = this.isBusy();
    if (this.heartbeat.isDue(isBusy && this.executedAtLastTick === executed)) this.announce();
    const suppliers = this.suppliers();
    const isStuck = suppliers.length > 0 && this.executedAtLastTick === executed;
    this.stuckTicks = isStuck ? this.stuckTicks + 1 : 0;
    this.executedAtLastTick = executed;
    this.snapshotFetch.onTick(suppliers, this.isStarved(suppliers));
    if (isStuck) this.fetchDecided(suppliers);
    this.asked.clear();
    this.fetchMissing();
    this.heartbeat.startTimer(isBusy);
  }

  /** Starts the timer of the first tick. */
  startTimer(): void {
    this.heartbeat.startTimer(true);
  }

  /** After every event: whoever has something to wait for looks after it sooner. */
  update(): void {
    this.heartbeat.update(() => this.isBusy());
  }

  /** Something is under way here, which a lost message could hold up. */
  private isBusy(): boolean {
    const { pool, active, votes, boundary, stable, ledger } = this.context;
    return (
      pool.size > 0 ||
      (votes && !active) ||
      Math.min(ledger.executed, stable) < boundary ||
      ledger.executed < stable ||
      this.snapshotFetch.isUnderWay ||
      this.suppliers().length > 0 ||
      this.help.isBusy
    );
  }

  onStatus(message: Verified<Status>): void {
    const { context } = this;
    const { sender } = message;
    if (sender === context.self) return;
    const before = this.peers.get(sender);
    this.peers.set(sender, {
      member: sender,
      heardAt: context.at,
      view: message.view,
      executed: message.sequence,
      stable: message.stableSequence,
      oldest: message.oldestSequence,
      headDigest: message.headDigest,
      silent: message.silent,
    });
    const answered = this.answeredAt.get(sender);
    if (answered !== undefined && context.at - answered < ANSWER_INTERVAL_MS) return;
    this.answeredAt.set(sender, context.at);
    this.help.returnViews(message);
    this.returnCheckpoint(message);
    // A sender that moves on is only in flight; returning to it what is on its way already would double the traffic.
    if (before === undefined || before.executed === message.sequence) this.help.returnVotes(message);
    this.askForEnvelopes(message);
    if (context.ledger.executed < context.stable) this.continueFetching();
  }

  /** After each event: the next part of a long way, as soon as the last one is executed. */
  continueFetching(): void {
    const { executed } = this.context.ledger;
    if (executed < this.fetchingThrough || this.fetchingThrough === 0) return;
    this.fetchingThrough = 0 as Sequence;
    const suppliers = this.suppliers();
    if (suppliers.length > 0) this.fetchDecided(suppliers);
  }

  /** The state up to there was taken over: what comes next is fetched at once. */
  onInstalled(sequence: Sequence): void {
    this.fetchingThrough = sequence;
  }

  onFetch(message: Verified<Fetch>): void {
    const { context } = this;
    const { sender } = message;
    if (sender === context.self) return;
    if (!this.allowance.take(sender, context.at)) return;
    const takeBytes = (bytes: number): boolean => this.allowance.takeBytes(sender, bytes);
    this.help.answer(message, takeBytes);
    for (const id of new Set(message.envelopes)) {
      const envelope = context.pool.get(id);
      if (envelope === undefined || !takeBytes(envelope.bytes.length)) continue;
      context.emit({
        kind: 'send',
        to: sender,
        draft: { kind: 'requests', view: 0 as View, sequence: 0 as Sequence, envelopes: [envelope] },
      });
    }
    const { decided, snapshot } = message;
    if (snapshot !== undefined) this.snapshots.answer(sender, snapshot, takeBytes);
    if (decided === undefined || decided.from > context.ledger.executed) return;
    const through = Math.min(decided.to, decided.from + FETCH_DECIDED_MAX - 1, context.ledger.executed) as Sequence;
    context.emit({ kind: 'supply', to: sender, from: decided.from, through });
  }

  /** Asks at once for what others name and this member lacks. */
  fetchMissing(): void {
    for (const { what, digests, preferred, onlyThere } of this.help.lacks())
      this.askOnce(preferred, what, digests, onlyThere !== true);
  }

  private askOnce(
    preferred: MemberIndex,
    what: 'batches' | 'viewChanges',
    digests: readonly Digest[],
    fromOthersToo = true,
  ): void {
    const fresh = digests.filter((digest) => !this.asked.has(digest));
    if (fresh.length === 0) return;
    for (const digest of fresh) this.asked.add(digest);
    this.ask(fromOthersToo ? this.rotate(preferred) : preferred, { [what]: fresh });
  }

  /** The preferred member first, then all others in turn: one that serves nothing is passed over. */
  private rotate(preferred: MemberIndex): MemberIndex {
    const { n } = this.context.committee;
    let candidate = ((preferred + this.turn) % n) as MemberIndex;
    this.turn = (this.turn + 1) % n;
    if (candidate === this.context.self) candidate = ((candidate + 1) % n) as MemberIndex;
    return candidate;
  }

  private ask(to: Address, wanted: Wanted): void {
    const { self, nodeId } = this.context;
    if (to === self || to === nodeId) return;
    this.context.emit({ kind: 'send', to, draft: fetchDraft(nodeId, wanted) });
  }

  /** Who says to have executed more. Their word only decides whom to ask: what they send proves itself. */
  private suppliers(): Supplier[] {
    const { self, ledger, epochs } = this.context;
    const members = this.heard()
      .filter((peer) => peer.executed > ledger.executed)
      .flatMap(({ member, executed, oldest }) => {
        const node = this.context.committee.member(member)?.nodeId;
        return node === undefined ? [] : [{ node, executed, oldest }];
      });
    const known = [...members, ...this.succession.suppliers()];
    if (self !== OBSERVER || this.stuckTicks < known.length) return known;
    // Who says to be ahead does not help, or nobody is heard where this node stands: the swarm may be epochs ahead. Unlike
    // a member, an observer says nothing that others answer by themselves. It asks all whom it knows in turn.
    const executed = (ledger.executed + FETCH_DECIDED_MAX) as Sequence;
    const asked = new Set([this.context.nodeId, ...known.map(({ node }) => node)]);
    const others = epochs.newest.table.members
      .filter(({ nodeId }) => !asked.has(nodeId))
      .map(({ nodeId }) => ({ node: nodeId, executed, oldest: 1 as Sequence }));
    return [...known, ...others];
  }

  /** True when the next decision is with nobody, by their own word, or does not come although all were asked again and again. */
  private isStarved(suppliers: readonly Supplier[]): boolean {
    if (this.stuckTicks === 0) return false;
    const next = this.context.ledger.executed + 1;
    const patience = STARVED_TURNS * (suppliers.length + 1);
    return suppliers.every(({ oldest }) => oldest > next) || this.stuckTicks > patience;
  }

  private fetchDecided(suppliers: readonly Supplier[]): void {
    if (this.snapshotFetch.isUnderWay) return;
    this.supplier++;
    const next = (this.context.ledger.executed + 1) as Sequence;
    const able = suppliers.filter(({ oldest }) => oldest <= next);
    const supplier = able[this.supplier % able.length];
    if (supplier === undefined) return;
    const to = Math.min(supplier.executed, next + FETCH_DECIDED_MAX - 1) as Sequence;
    this.fetchingThrough = to;
    this.ask(this.context.addressOf(supplier.node), { decided: { from: next, to } });
  }

  /** This member's own CHECKPOINT: from a quorum of them the sender learns what is stable. */
  private returnCheckpoint(message: Verified<Status>): void {
    const { context } = this;
    const interval = context.committee.table.checkpointInterval;
    for (
      let sequence = context.stable;
      sequence <= context.ledger.executed;
      sequence = (sequence + interval) as Sequence
    ) {
      if (sequence <= message.stableSequence) continue;
      const own = this.checkpoints.ownAt(sequence);
      if (own !== undefined) context.emit({ kind: 'forward', to: message.sender, message: own });
    }
  }

  /** Requests that the sender waits for and this member does not know: a request known to one member only would make it leave the view alone. */
  private askForEnvelopes(message: Verified<Status>): void {
    const before = this.waitingBefore.get(message.sender);
    this.waitingBefore.set(message.sender, new Set(message.waiting));
    const unknown = message.waiting.filter((id) => before?.has(id) === true && this.context.pool.get(id) === undefined);
    this.askedEnvelopes.set(message.sender, new Set(unknown));
    if (unknown.length > 0) this.ask(message.sender, { envelopes: unknown });
  }
}
