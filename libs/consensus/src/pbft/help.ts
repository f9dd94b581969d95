import {
  FETCH_ITEMS_MAX,
  SLOT_FLAGS,
  SLOTS_IN_STATUS_MAX,
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
import type { Agreement } from './agreement';
import { openSlots } from './open-slots';
import type { OwnVotes } from './own-votes';
import { ViewChangeAnswers } from './view-change-answers';
import type { ViewChanges } from './view-changes';

/** What members that run PBFT return to each other, and what they ask for (Spec §10.1). */
export class PbftHelp implements Help {
  private readonly resends = new Resends();
  private readonly viewChangeAnswers = new ViewChangeAnswers();

  constructor(
    private readonly context: Context,
    private readonly agreement: Agreement,
    private readonly viewChanges: ViewChanges,
    private readonly ownVotes: OwnVotes,
  ) {}

  openSlots(): SlotStatus[] {
    return openSlots(this.context, this.agreement);
  }

  viewChangesHeld(): ViewChangeHeld[] {
    return this.viewChanges.heldFrom((this.context.view + 1) as View).map(({ sender, view }) => ({ sender, view }));
  }

  get isBusy(): boolean {
    return this.viewChangesHeld().length > 0 || this.openSlots().length > 0;
  }

  /** NEW-VIEW to a member in an older view; VIEW-CHANGEs to one that asks for a view and lacks them. */
  returnViews(message: Verified<Status>): void {
    const { context, viewChanges } = this;
    if (message.view < context.view && message.promisedView <= context.view && viewChanges.current !== undefined) {
      this.forward(message.sender, viewChanges.current);
    }
    const known = new Map(message.viewChangesHeld.map(({ sender, view }) => [sender, view]));
    for (const held of viewChanges.heldFrom((message.view + 1) as View)) {
      if (held.sender !== message.sender && held.view > (known.get(held.sender) ?? 0))
        this.forward(message.sender, held);
    }
  }

  /** This member's own votes for slots that the sender has not decided. */
  returnVotes(message: Verified<Status>): void {
    const { context } = this;
    this.resends.forget(message.sender, message.sequence);
    const flags = new Map(message.slots.map((slot) => [slot.sequence, slot.flags]));
    const top = Math.min(message.sequence + SLOTS_IN_STATUS_MAX, context.windowTop);
    for (let at = Math.max(message.sequence, context.stable) + 1; at <= top; at++) {
      const sequence = at as Sequence;
      const has = flags.get(sequence) ?? 0;
      if ((has & SLOT_FLAGS.decided) !== 0) continue;
      const commit = this.ownVotes.newest('commit', sequence);
      if (commit !== undefined) this.forward(message.sender, commit);
      if (message.view !== context.view || (has & SLOT_FLAGS.prepared) !== 0) continue;
      const prepare = this.ownVotes.sealed('prepare', message.view, sequence);
      if (prepare !== undefined) this.forward(message.sender, prepare);
      const proposal =
        (has & SLOT_FLAGS.batch) === 0 ? this.ownVotes.sealed('prePrepare', message.view, sequence) : undefined;
      if (proposal !== undefined && this.resends.allow(message.sender, sequence, context.at))
        this.forward(message.sender, proposal);
    }
  }

  answer(message: Verified<Fetch>, takeBytes: TakeBytes): void {
    const { context } = this;
    const { sender } = message;
    for (const digest of new Set(message.batches)) {
      const batch = this.agreement.batchOf(digest);
      if (batch === undefined || !takeBytes(batch.size)) continue;
      context.emit({
        kind: 'send',
        to: sender,
        draft: { kind: 'batch', view: 0 as View, sequence: 0 as Sequence, batch },
      });
    }
    for (const digest of new Set(message.viewChanges)) {
      const found = this.viewChanges.viewChangeOf(digest);
      if (found !== undefined && this.viewChangeAnswers.allow(sender, digest, context.at)) this.forward(sender, found);
    }
  }

  /** What a NEW-VIEW or a VIEW-CHANGE names, and batches of proposals. */
  lacks(): readonly Lack[] {
    const parts = this.viewChanges
      .missingParts()
      .map(({ leader, digests }): Lack => ({ what: 'viewChanges', preferred: leader, digests }));
    const named = this.viewChanges.missingBatches();
    const prepared = [...new Set(named.map((batch) => batch.from))].map((from): Lack => {
      const digests = named.filter((batch) => batch.from === from).map((batch) => batch.digest);
      return { what: 'batches', preferred: from, digests, onlyThere: true };
    });
    const proposed = this.agreement.missingBatches(FETCH_ITEMS_MAX);
    return [...parts, ...prepared, { what: 'batches', preferred: this.context.leader, digests: proposed }];
  }

  private forward(to: MemberIndex, message: Signed): void {
    this.context.emit({ kind: 'forward', to, message });
  }
}
