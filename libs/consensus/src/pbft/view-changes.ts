import {
  NULL_DIGEST,
  reject,
  type Batch,
  type Digest,
  type MemberIndex,
  type NewView,
  type Rejection,
  type Sequence,
  type Signed,
  type Statement,
  type Verified,
  type View,
  type ViewChange,
} from '@concordat/protocol';
import type { Agreement } from './agreement';
import type { Checkpoints } from '../member/checkpoints';
import { signedStatement, type Context } from '../member/context';
import type { OwnVotes } from './own-votes';
import type { Progress } from './progress';
import { followsPlan, planNewView } from './view-change-rules';

/** A batch that the VIEW-CHANGE of `from` says to be prepared at `sequence`. */
export interface NamedBatch {
  readonly from: MemberIndex;
  readonly sequence: Sequence;
  readonly digest: Digest;
}

/** A NEW-VIEW whose VIEW-CHANGEs are not all here yet. */
interface Pending {
  readonly message: Verified<NewView>;
  /** The parts that came, by digest. Only what the NEW-VIEW names is kept. */
  readonly parts: Map<Digest, Verified<ViewChange>>;
}

/** Leaving a view, agreeing on what the next one starts with, and entering it (Spec §3). */
export class ViewChanges {
  /** One per member: its highest (Spec §3). */
  private readonly received = new Map<MemberIndex, Verified<ViewChange>>();
  /** One per leader, its highest: a liar's NEW-VIEW that can never be complete holds back nobody else's. */
  private readonly pending = new Map<MemberIndex, Pending>();
  /** NEW-VIEW of the view that this member is in, for members that lack it. Undefined in view 0. */
  current: Signed<NewView> | undefined;
  /** First NEW-VIEW that was seen of each leader's highest view, to recognise a second one. */
  private readonly seen = new Map<MemberIndex, Signed<NewView>>();
  /** View whose NEW-VIEW is on its way through the host. */
  private building: View | undefined;
  /** The VIEW-CHANGEs of the current NEW-VIEW: members that lag need them to check it. */
  private parts: readonly Verified<ViewChange>[] = [];

  constructor(
    private readonly context: Context,
    private readonly agreement: Agreement,
    private readonly checkpoints: Checkpoints,
    private readonly progress: Progress,
    private readonly ownVotes: OwnVotes,
  ) {}

  /** VIEW-CHANGEs for `view` or above, for members that lack them. */
  heldFrom(view: View): Verified<ViewChange>[] {
    return [...this.received.values()].filter((message) => message.view >= view).sort((a, b) => a.sender - b.sender);
  }

  /** Whether a VIEW-CHANGE or NEW-VIEW is worth its checks. */
  admit(statement: Statement): Rejection | undefined {
    const { kind, view, sender, digest } = statement;
    if (kind === 'newView' && this.contradictsSeen(view, sender, digest)) return undefined;
    if (view <= this.context.view) return reject('stale_view', `view ${String(view)} has begun or is over`);
    if (kind === 'newView' && view < this.context.promisedView)
      return reject('stale_view', `view ${String(view)} was left`);
    if (kind === 'viewChange') {
      const held = this.received.get(sender);
      if (held?.digest === digest || (held !== undefined && held.view > view)) {
        // A NEW-VIEW may name a VIEW-CHANGE that is not its sender's newest here.
        if (!this.isMissingPart(digest)) return reject('redundant', 'a VIEW-CHANGE of that member is held');
      }
    }
    return undefined;
  }

  /** Leaves the current view and asks for `view`. The message names only batches that are durable here. */
  ask(view: View, reason: 'timeout' | 'joined' | 'contradictory-new-view' | 'torn-log'): void {
    const { context } = this;
    if (!context.votes || view <= context.promisedView) return;
    context.promisedView = view;
    context.emit({ kind: 'viewLeft', view: context.view, reason });
    this.progress.viewFailed();
    this.ownVotes.cast({
      kind: 'viewChange',
      view,
      sequence: 0 as Sequence,
      stable: this.checkpoints.certificate,
      prepared: this.agreement.preparedAbove(context.stable),
    });
  }

  onViewChange(message: Verified<ViewChange>): void {
    const { context } = this;
    // Before it is offered: as the last part of a NEW-VIEW it moves this member on, and what was held is gone.
    const earlier = this.received.get(message.sender);
    const contradicts = earlier?.view === message.view && earlier.digest !== message.digest;
    if (contradicts) context.accuseOfEquivocation(signedStatement(earlier), signedStatement(message));
    this.offerPart(message);
    if (contradicts) return;
    if (message.view <= context.view || (earlier !== undefined && earlier.view >= message.view)) return;
    this.received.set(message.sender, message);
    this.joinOthers();
    this.waitForNewView();
    this.build();
  }

  /** f + 1 members ask for views above: one of them is honest, so this one joins the smallest at once (Spec §3). */
  private joinOthers(): void {
    const { context } = this;
    const above = [...this.received.values()].filter((message) => message.view > context.promisedView);
    if (!context.committee.hasHonest(above.map((message) => message.sender))) return;
    this.ask(Math.min(...above.map((message) => message.view)) as View, 'joined');
  }

  /** The clock for NEW-VIEW runs only once a quorum asked: before that its leader cannot have built it. */
  private waitForNewView(): void {
    const { context } = this;
    if (!context.votes || context.active) return;
    const asking = this.heldFrom(context.promisedView).map((message) => message.sender);
    if (context.committee.isQuorum(asking)) this.progress.awaitNewView(context.promisedView);
  }

  /** The NEW-VIEW timer ran out: its leader failed too. */
  onNewViewTimeout(): void {
    if (this.context.votes && !this.context.active) this.ask((this.context.promisedView + 1) as View, 'timeout');
  }

  /** As leader of the promised view: NEW-VIEW from VIEW-CHANGEs whose batches are all here. */
  build(): void {
    const { context } = this;
    const view = context.promisedView;
    if (!context.votes || context.active || context.committee.leaderOf(view) !== context.self) return;
    if (this.ownVotes.newView?.view === view || this.building === view) return;
    // Only VIEW-CHANGEs whose batches are here: a batch that a liar alone holds would leave the view without it for ever.
    const usable = this.votesFor(view).filter((message) => this.missingBatchesOf(message).length === 0);
    const senders = usable.map((message) => message.sender);
    if (!senders.includes(context.self) || !context.committee.isQuorum(senders)) return;
    this.building = view;
    const plan = planNewView(usable, context.committee.table.baseSequence);
    for (const { sequence, digest } of plan.entries) this.agreement.makeDurable(sequence, digest);
    // Its own NEW-VIEW binds the leader as soon as it is durable, so the checkpoint that it starts from must be before.
    if (plan.stable !== undefined) this.checkpoints.adopt(plan.stable);
    this.ownVotes.cast({
      kind: 'newView',
      view,
      sequence: 0 as Sequence,
      viewChanges: usable.map(({ sender, digest }) => ({ sender, digest })),
      entries: plan.entries,
    });
  }

  /** Batches that VIEW-CHANGEs for the view that this member shall lead name and that it lacks, with who has them. */
  missingBatches(): NamedBatch[] {
    const { context } = this;
    if (context.active || context.committee.leaderOf(context.promisedView) !== context.self) return [];
    return this.votesFor(context.promisedView).flatMap((message) => this.missingBatchesOf(message));
  }

  /** Takes a batch that a VIEW-CHANGE for the view to be led names. True when one did. */
  onBatch(batch: Batch): boolean {
    const named = this.missingBatches().filter(({ digest }) => digest === batch.digest);
    for (const { sequence } of named) this.agreement.slotAt(sequence).hold(batch);
    if (named.length > 0) this.build();
    return named.length > 0;
  }

  onNewView(message: Verified<NewView>): void {
    const { context } = this;
    const seen = this.seen.get(message.sender);
    if (seen !== undefined && this.contradictsSeen(message.view, message.sender, message.digest)) {
      context.accuseOfEquivocation(signedStatement(seen), signedStatement(message));
      return;
    }
    if (seen === undefined || seen.view < message.view) this.seen.set(message.sender, message);
    if (message.view <= context.view || message.view < context.promisedView) return;
    const earlier = this.pending.get(message.sender);
    if (earlier !== undefined && earlier.message.view >= message.view) return;
    this.pending.set(message.sender, { message, parts: new Map() });
    for (const held of [...this.received.values()]) this.offerPart(held);
  }

  /** VIEW-CHANGEs that pending NEW-VIEWs name and nobody has brought yet. */
  missingParts(): { readonly leader: MemberIndex; readonly digests: Digest[] }[] {
    return [...this.pending.values()].map((pending) => ({
      leader: pending.message.sender,
      digests: missingOf(pending),
    }));
  }

  /** A VIEW-CHANGE by digest, for a member that asks for it; a member's own even after a restart in a later view. */
  viewChangeOf(digest: Digest): Signed<ViewChange> | undefined {
    const own = this.ownVotes.viewChange;
    const pending = [...this.pending.values()].flatMap(({ parts }) => [...parts.values()]);
    const held = [...this.received.values(), ...pending, ...this.parts, ...(own === undefined ? [] : [own])];
    return held.find((message) => message.digest === digest);
  }

  private contradictsSeen(view: View, sender: MemberIndex, digest: Digest): boolean {
    const seen = this.seen.get(sender);
    return seen?.view === view && seen.digest !== digest;
  }

  private isMissingPart(digest: Digest): boolean {
    return this.missingParts().some(({ digests }) => digests.includes(digest));
  }

  private offerPart(message: Verified<ViewChange>): void {
    for (const pending of [...this.pending.values()]) {
      if (message.view !== pending.message.view || !missingOf(pending).includes(message.digest)) continue;
      pending.parts.set(message.digest, message);
      if (missingOf(pending).length === 0) this.enterIfValid(pending);
    }
  }

  private enterIfValid({ message, parts: byDigest }: Pending): void {
    const { context } = this;
    this.pending.delete(message.sender);
    if (message.view <= context.view || message.view < context.promisedView) return;
    const parts = [...byDigest.values()];
    const plan = planNewView(parts, context.committee.table.baseSequence);
    if (!followsPlan(message.entries, plan)) {
      context.accuse({ kind: 'contradictory-new-view', accused: message.sender, newView: message, viewChanges: parts });
      context.reject(
        message.sender,
        reject('contradictory_new_view', `view ${String(message.view)} does not follow from its VIEW-CHANGEs`),
      );
      this.ask((message.view + 1) as View, 'contradictory-new-view');
      return;
    }
    this.parts = parts;
    // The checkpoint that the view starts from is durable before the view is: a restart must not find the one without the
    // other, and propose again below what is stable. Both are durable before anything is voted in the view.
    if (plan.stable !== undefined) this.checkpoints.adopt(plan.stable);
    context.emit({ kind: 'persist', record: { kind: 'newView', message } });
    this.enter(message, plan.lowest);
  }

  private enter(message: Signed<NewView>, lowest: Sequence): void {
    const { context } = this;
    context.view = message.view;
    context.promisedView = message.view;
    this.current = message;
    for (const [sender, held] of this.received) if (held.view <= message.view) this.received.delete(sender);
    for (const [sender, { message: other }] of this.pending)
      if (other.view <= message.view) this.pending.delete(sender);
    this.progress.viewEntered();
    context.emit({ kind: 'viewEntered', view: context.view, leader: context.leader });
    this.agreement.enterView(message.entries, lowest);
  }

  /**
   * Takes up the views that a restarted member had entered and asked for. With a torn log it may have promised more in its
   * view than it knows: it leaves that view before it could vote in it again (Spec §6).
   */
  restore(newView: Signed<NewView> | undefined, tornTail: boolean): void {
    const { context } = this;
    if (newView !== undefined) {
      context.view = newView.view;
      this.current = newView;
      this.seen.set(newView.sender, newView);
    }
    const asked = this.ownVotes.viewChange;
    context.promisedView = Math.max(context.view, asked?.view ?? 0) as View;
    if (asked !== undefined && asked.view > context.view)
      this.received.set(context.self, asked as Verified<ViewChange>);
    // What is torn off may be the entry into the view that it asked for, and votes there: that view is left as well.
    if (tornTail) this.ask((context.promisedView + 1) as View, 'torn-log');
    if (newView !== undefined) this.agreement.enterView(newView.entries, context.stable);
  }

  private votesFor(view: View): Verified<ViewChange>[] {
    return this.heldFrom(view).filter((message) => message.view === view);
  }

  private missingBatchesOf(message: ViewChange): NamedBatch[] {
    return message.prepared
      .filter(
        ({ sequence, digest }) =>
          sequence > this.context.stable &&
          this.agreement.slot(sequence)?.holds(digest) !== true &&
          digest !== NULL_DIGEST,
      )
      .map(({ sequence, digest }) => ({ from: message.sender, sequence, digest }));
  }
}

/** Digests of VIEW-CHANGEs that a NEW-VIEW names and that have not come. */
function missingOf({ message, parts }: Pending): Digest[] {
  // A part fills the place of its own sender only: one VIEW-CHANGE under every name would be no quorum.
  return message.viewChanges
    .filter(({ sender, digest }) => parts.get(digest)?.sender !== sender)
    .map((reference) => reference.digest);
}
