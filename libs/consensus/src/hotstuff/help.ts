import {
  FETCH_ITEMS_MAX,
  SLOT_FLAGS,
  SLOTS_IN_STATUS_MAX,
  UNDECIDED_MAX,
  type Digest,
  type Fetch,
  type MemberIndex,
  type Sequence,
  type Signed,
  type SlotStatus,
  type Status,
  type Verified,
  type View,
  type ViewChangeHeld,
} from '@concordat/protocol';
import { Resends } from '../member/answer-bounds';
import type { Context } from '../member/context';
import type { Help, Lack, TakeBytes } from '../member/engine';
import type { Chain } from './chain';
import type { OwnMessages } from './own-messages';
import type { Views } from './views';

/** What members that run HotStuff return to each other, and what they ask for (Spec §10.1). */
export class HotstuffHelp implements Help {
  private readonly resends = new Resends();

  constructor(
    private readonly context: Context,
    private readonly chain: Chain,
    private readonly views: Views,
    private readonly own: OwnMessages,
  ) {}

  openSlots(): SlotStatus[] {
    const { executed } = this.context.ledger;
    const flags = new Map<Sequence, number>();
    const add = (sequence: Sequence, flag: number): void => {
      if (sequence > executed) flags.set(sequence, (flags.get(sequence) ?? 0) | flag);
    };
    for (const { sequence } of this.chain.tree.pathTo(this.views.newest.digest)) add(sequence, SLOT_FLAGS.prepared);
    const current = this.chain.proposalOf(this.context.view);
    if (current !== undefined) add(current.sequence, SLOT_FLAGS.batch);
    for (const sequence of this.chain.executable()) add(sequence, SLOT_FLAGS.decided);
    return [...flags]
      .sort(([a], [b]) => a - b)
      .slice(0, SLOTS_IN_STATUS_MAX)
      .map(([sequence, of]) => ({ sequence, flags: of }));
  }

  /** A TIMEOUT tells more than its view: who lacks one is sent it anyway. */
  viewChangesHeld(): ViewChangeHeld[] {
    return [];
  }

  get isBusy(): boolean {
    return this.chain.missing().length > 0 || this.chain.hasUndecided(this.views.newest.digest);
  }

  /** Whoever gave this view up, or is still below it, may lack one TIMEOUT for its certificate. */
  returnViews({ sender, view, promisedView }: Verified<Status>): void {
    const { timeout } = this.own;
    const current = this.context.view;
    if (timeout?.view === current && (view < current || promisedView > view)) this.forward(sender, timeout);
  }

  returnVotes({ sender, view, sequence, slots }: Verified<Status>): void {
    const { context } = this;
    // Of one that moves on the view is over by now: views go by with every block.
    if (view < context.view) {
      const draft = { kind: 'syncInfo', view: context.view, sequence: 0 as Sequence, ...this.views.proof } as const;
      context.emit({ kind: 'send', to: sender, draft });
    }
    // What is executed here is not sent again; one that says for ever to stand at the beginning must not fill the memory.
    this.resends.forget(sender, Math.max(sequence, context.ledger.executed) as Sequence);
    const proposal = this.chain.proposalOf(context.view);
    if (proposal !== undefined && view <= context.view && sender !== proposal.sender) {
      const has = slots.find((slot) => slot.sequence === proposal.sequence)?.flags ?? 0;
      const lacks = view < context.view || (has & SLOT_FLAGS.batch) === 0;
      if (lacks && this.resends.allow(sender, proposal.sequence, context.at)) this.forward(sender, proposal);
    }
    const { vote } = this.own;
    if (vote?.view === context.view && context.committee.leaderOf((vote.view + 1) as View) === sender)
      this.forward(sender, vote);
  }

  answer({ sender, batches }: Verified<Fetch>, takeBytes: TakeBytes): void {
    for (const digest of new Set(batches)) {
      const proposal = this.chain.proposal(digest);
      if (proposal !== undefined && takeBytes(proposal.batch?.size ?? 0)) this.forward(sender, proposal);
    }
  }

  /** True for a block that others build on and that is not here. */
  isWanted(digest: Digest): boolean {
    return this.lacks().some(({ digests }) => digests.includes(digest));
  }

  /** Blocks that others build on, and the one of the newest certificate. */
  lacks(): readonly Lack[] {
    const { tree } = this.chain;
    const { digest, signatures = [] } = this.views.newest;
    const named = this.chain
      .missing()
      .filter(({ namedBy }) => namedBy.sequence <= tree.committed.sequence + UNDECIDED_MAX)
      .map(({ digest: parent, namedBy }): Lack => ({ what: 'batches', digests: [parent], preferred: namedBy.sender }));
    const isHere = this.chain.holds(digest) || digest === tree.committed.digest;
    const voter = signatures.find(({ sender }) => sender !== this.context.self)?.sender;
    if (!isHere && voter !== undefined && (this.views.newest.sequence ?? 0) > tree.committed.sequence)
      named.push({ what: 'batches', digests: [digest], preferred: voter });
    return named.slice(0, FETCH_ITEMS_MAX);
  }

  private forward(to: MemberIndex, message: Signed): void {
    this.context.emit({ kind: 'forward', to, message });
  }
}
