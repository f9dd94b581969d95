import type { BindingKind } from '@concordat/consensus';
import { invariant, type Digest, type DraftOf, type Sequence, type Signed, type View } from '@concordat/protocol';

type SlotKind = 'prePrepare' | 'prepare' | 'commit' | 'checkpoint';
type ViewKind = 'viewChange' | 'newView' | LinearKind;
type LinearKind = 'proposal' | 'vote' | 'timeout';

const isLinearDraft = (draft: DraftOf<BindingKind>): draft is DraftOf<LinearKind> =>
  draft.kind === 'proposal' || draft.kind === 'vote' || draft.kind === 'timeout';

interface Entry {
  readonly view: View;
  readonly digest: Digest;
}

/** One kind of slot vote: per sequence the one of the highest view. */
class Shelf {
  private readonly entries = new Map<Sequence, Entry>();
  private highestView = -1;
  /** At or below this sequence nothing is remembered, so nothing may be sealed in a view up to `forgottenView`. */
  private forgottenThrough = -1;
  private forgottenView = -1;

  constructor(
    private readonly kind: SlotKind,
    private readonly max: number,
  ) {}

  check(view: View, sequence: Sequence, digest: Digest): void {
    const earlier = this.entries.get(sequence);
    const sound =
      earlier === undefined
        ? sequence > this.forgottenThrough || view > this.forgottenView
        : earlier.view < view || (earlier.view === view && earlier.digest === digest);
    invariant(
      sound,
      `${this.kind} at view ${String(view)}, sequence ${String(sequence)} does not contradict what was sealed before`,
    );
  }

  set(view: View, sequence: Sequence, digest: Digest): void {
    this.entries.set(sequence, { view, digest });
    this.highestView = Math.max(this.highestView, view);
    if (this.entries.size <= this.max) return;
    const [oldest] = this.entries.keys();
    if (oldest !== undefined) this.forget(oldest, (known) => known === oldest);
  }

  /** As `set`, for votes of which older ones may follow newer ones: a log's base repeats some. */
  recall(view: View, sequence: Sequence, digest: Digest): void {
    const earlier = this.entries.get(sequence);
    if (earlier !== undefined && earlier.view > view) return;
    this.check(view, sequence, digest);
    this.set(view, sequence, digest);
  }

  forget(through: number, covers = (sequence: Sequence): boolean => sequence <= through): void {
    for (const sequence of this.entries.keys()) if (covers(sequence)) this.entries.delete(sequence);
    this.forgottenThrough = Math.max(this.forgottenThrough, through);
    this.forgottenView = this.highestView;
  }
}

/**
 * What this member has sealed: a second line of defence behind the replica's own record. A vote that contradicts an
 * earlier one is an InvariantError, thrown before anything is signed (Spec §6): the process stops instead.
 *
 * It knows three rules. No two contents for one (kind, view, sequence). Nothing for a view below the highest one that
 * was promised by VIEW-CHANGE or NEW-VIEW (Spec §3). And of HotStuff's kinds none for a view below the last of its kind, and
 * no proposal or vote in a view that was given up (Spec §4). Bounded: what it forgets it no longer lets be sealed.
 */
export class VoteBook {
  private readonly shelves: Readonly<Record<SlotKind, Shelf>>;
  private readonly newest: Partial<Record<ViewKind, Entry>> = {};
  private promised = 0;

  /** `slotsMax`: slots of each kind that are remembered. */
  constructor(slotsMax: number) {
    this.shelves = {
      prePrepare: new Shelf('prePrepare', slotsMax),
      prepare: new Shelf('prepare', slotsMax),
      commit: new Shelf('commit', slotsMax),
      checkpoint: new Shelf('checkpoint', slotsMax),
    };
  }

  /** Before sealing: throws an InvariantError for a draft that must not be signed. */
  check(draft: DraftOf<BindingKind>): void {
    if (draft.kind === 'checkpoint') return;
    if (isLinearDraft(draft)) {
      this.checkLinear(draft.kind, draft.view, draft.digest);
      return;
    }
    const { kind, view } = draft;
    invariant(
      view >= this.promised,
      `${kind} for view ${String(view)} after view ${String(this.promised)} was promised`,
    );
    if (kind === 'newView') {
      // Each entry is signed as the PRE-PREPARE that it is.
      for (const { sequence, digest } of draft.entries) this.shelves.prePrepare.check(view, sequence, digest);
    } else if (kind !== 'viewChange') this.shelves[kind].check(view, draft.sequence, draft.digest);
  }

  /** After sealing, and before the message goes anywhere: some digests are known only now. Throws an InvariantError. */
  record(message: Signed): void {
    const { kind, view, sequence, digest } = message;
    switch (kind) {
      case 'prePrepare':
      case 'prepare':
      case 'commit':
      case 'checkpoint':
        this.shelves[kind].check(view, sequence, digest);
        this.shelves[kind].set(view, sequence, digest);
        return;
      case 'proposal':
      case 'vote':
      case 'timeout':
        this.checkLinear(kind, view, digest);
        this.newest[kind] = { view, digest };
        return;
      case 'viewChange':
      case 'newView': {
        this.checkOnce(kind, view, digest);
        this.newest[kind] = { view, digest };
        this.promise(view);
        if (kind === 'newView')
          for (const entry of message.entries) this.shelves.prePrepare.set(view, entry.sequence, entry.digest);
        return;
      }
      default:
        throw new TypeError(`a ${kind} binds nobody`);
    }
  }

  /** Of a kind that binds for a whole view: none below the last, and no second one with it. */
  private checkOnce(kind: ViewKind, view: View, digest: Digest): void {
    const earlier = this.newest[kind];
    invariant(
      earlier === undefined || earlier.view < view || (earlier.view === view && earlier.digest === digest),
      `${kind} for view ${String(view)} does not contradict what was sealed before`,
    );
  }

  private checkLinear(kind: LinearKind, view: View, digest: Digest): void {
    this.checkOnce(kind, view, digest);
    const gaveUp = this.newest.timeout;
    const again = this.newest[kind]?.view === view;
    invariant(
      kind === 'timeout' || gaveUp === undefined || gaveUp.view < view || again,
      `${kind} for view ${String(view)} after it was given up`,
    );
  }

  /** A view was entered: nothing is sealed for one below it. */
  promise(view: View): void {
    this.promised = Math.max(this.promised, view);
  }

  /** A checkpoint became stable. Its own CHECKPOINT may still be voted, by a member that executes it later. */
  forgetThrough(stable: Sequence): void {
    for (const kind of ['prePrepare', 'prepare', 'commit'] as const) this.shelves[kind].forget(stable);
    this.shelves.checkpoint.forget(stable - 1);
  }

  /** Takes up what was sealed before a restart, in log order. Throws an InvariantError when it contradicts itself. */
  recall(message: Signed): void {
    const { kind, view, sequence, digest } = message;
    switch (kind) {
      case 'prePrepare':
      case 'prepare':
      case 'commit':
      case 'checkpoint':
        this.shelves[kind].recall(view, sequence, digest);
        return;
      case 'proposal':
      case 'vote':
      case 'timeout': {
        if ((this.newest[kind]?.view ?? -1) > view) return;
        this.checkOnce(kind, view, digest);
        this.newest[kind] = { view, digest };
        return;
      }
      case 'viewChange':
      case 'newView': {
        const earlier = this.newest[kind];
        if (earlier !== undefined && earlier.view > view) return;
        if (kind === 'newView')
          for (const entry of message.entries) this.shelves.prePrepare.recall(view, entry.sequence, entry.digest);
        this.newest[kind] = { view, digest };
        this.promise(view);
        return;
      }
      default:
        throw new TypeError(`a ${kind} binds nobody`);
    }
  }
}
