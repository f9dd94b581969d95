import {
  invariant,
  type Digest,
  type DraftOf,
  type NewView,
  type Sequence,
  type Signed,
  type View,
  type ViewChange,
} from '@concordat/protocol';
import type { Context } from '../member/context';

type SlotKind = 'prePrepare' | 'prepare' | 'commit';

/** A draft of a kind that PBFT binds its members by. */
export type BindingDraft = DraftOf<SlotKind | 'viewChange' | 'newView'>;

interface OwnVote {
  readonly view: View;
  readonly digest: Digest;
  /** What was sealed; undefined between the decision to vote and its return from the host. */
  readonly message: Signed | undefined;
}

/**
 * What this member has promised (Spec §6). Every vote passes through here, so that it can contradict itself nowhere: same
 * slot and same content is not voted twice, same slot and other content never.
 */
export class OwnVotes {
  private readonly slots: Readonly<Record<SlotKind, Map<Sequence, OwnVote>>> = {
    prePrepare: new Map(),
    prepare: new Map(),
    commit: new Map(),
  };
  /** Newest own VIEW-CHANGE and NEW-VIEW, sealed. */
  viewChange: Signed<ViewChange> | undefined;
  newView: Signed<NewView> | undefined;

  constructor(private readonly context: Context) {}

  /**
   * The only way out for anything that binds this member in its views.
   *
   * After VIEW-CHANGE(v') nothing is voted in a view below v' (Spec §3): a member that left view 0 and then completes a
   * quorum there decides what the new view did not see.
   */
  cast(draft: BindingDraft): void {
    const { context } = this;
    switch (draft.kind) {
      case 'prePrepare':
      case 'prepare':
      case 'commit':
        invariant(
          context.active && draft.view === context.view,
          `${draft.kind} is voted in the view that was promised last`,
        );
        this.promise(draft.kind, draft.view, draft.sequence, draft.digest);
        break;
      case 'viewChange':
      case 'newView':
        invariant(draft.view === context.promisedView, `${draft.kind} is for the promised view`);
        break;
    }
    context.vote(draft);
  }

  /** Whether a vote is new, was given already, or would contradict one that was given. */
  check(kind: SlotKind, view: View, sequence: Sequence, digest: Digest): 'new' | 'given' | 'contradiction' {
    const earlier = this.slots[kind].get(sequence);
    if (earlier === undefined || earlier.view < view) return 'new';
    if (earlier.view > view) return 'contradiction';
    return earlier.digest === digest ? 'given' : 'contradiction';
  }

  /** Records the decision to vote. An InvariantError when it contradicts an earlier one: no signature is made. */
  promise(kind: SlotKind, view: View, sequence: Sequence, digest: Digest): void {
    invariant(
      this.check(kind, view, sequence, digest) === 'new',
      `${kind} at view ${String(view)}, sequence ${String(sequence)} is voted once`,
    );
    this.slots[kind].set(sequence, { view, digest, message: undefined });
  }

  /** Keeps what the host sealed, for sending it again. */
  keep(message: Signed): void {
    switch (message.kind) {
      case 'prePrepare':
      case 'prepare':
      case 'commit':
        this.keepSlotVote(message.kind, message);
        break;
      case 'viewChange':
        if (this.viewChange === undefined || this.viewChange.view <= message.view) this.viewChange = message;
        break;
      case 'newView':
        if (this.newView === undefined || this.newView.view <= message.view) this.newView = message;
        for (const { sequence, digest } of message.entries) {
          if (this.check('prePrepare', message.view, sequence, digest) === 'new')
            this.promise('prePrepare', message.view, sequence, digest);
        }
        break;
      default:
        break;
    }
  }

  /** The sealed vote for that slot in `view`, to be sent again. */
  sealed(kind: SlotKind, view: View, sequence: Sequence): Signed | undefined {
    const vote = this.slots[kind].get(sequence);
    return vote?.view === view ? vote.message : undefined;
  }

  /** The newest sealed vote of a kind for that slot, whatever its view. */
  newest(kind: SlotKind, sequence: Sequence): Signed | undefined {
    return this.slots[kind].get(sequence)?.message;
  }

  /** Highest sequence that was proposed in `view`; 0 for none. */
  lastProposed(view: View): Sequence {
    let last = 0;
    for (const [sequence, vote] of this.slots.prePrepare) if (vote.view === view && sequence > last) last = sequence;
    return last as Sequence;
  }

  /** Forgets slots at or below a stable checkpoint. */
  dropThrough(stable: Sequence): void {
    for (const kind of ['prePrepare', 'prepare', 'commit'] as const) {
      for (const sequence of this.slots[kind].keys()) if (sequence <= stable) this.slots[kind].delete(sequence);
    }
  }

  private keepSlotVote(kind: SlotKind, message: Signed): void {
    const { view, sequence, digest } = message;
    const earlier = this.slots[kind].get(sequence);
    if (earlier !== undefined && earlier.view > view) return;
    invariant(
      earlier?.view !== view || earlier.digest === digest,
      `own ${kind} at sequence ${String(sequence)} returns as it was promised`,
    );
    this.slots[kind].set(sequence, { view, digest, message });
  }
}
