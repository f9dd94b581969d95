import { ROOT_VIEW, type Block, type BlockReference, type Digest, type View } from '@concordat/protocol';
import type { BlockTree } from './block-tree';

/** What a member must not forget: all of it is durable before a vote that follows from it leaves (Spec §6). */
export interface SafetyState {
  /** Highest view in which it voted or gave the view up. */
  readonly votedView: View;
  /** The block that it holds on to: two blocks in a row were certified above it. */
  readonly locked: BlockReference;
}

/** Why a block gets no vote. */
export type Refusal = 'voted-already' | 'against-the-lock' | 'unknown-block';

/**
 * When a member may vote (Spec §4). Agreement rests on this alone: views, clocks and whoever leads matter for progress only.
 */
export class Safety {
  private votedView: View = ROOT_VIEW;
  private locked: BlockReference;

  constructor(
    private readonly tree: BlockTree,
    /** The block below the epoch's first. */
    root: BlockReference,
  ) {
    this.locked = root;
  }

  /** Takes up what was durable at a restart. */
  restore({ votedView, locked }: SafetyState): void {
    this.votedView = votedView;
    this.locked = locked;
  }

  /** What it holds on to is never below what is committed: a decision that came by its certificate alone moves it along. */
  get state(): SafetyState {
    const { votedView, locked } = this;
    return { votedView, locked: this.notBelowCommitted(locked) };
  }

  private notBelowCommitted(reference: BlockReference): BlockReference {
    const { view, digest } = this.tree.committed;
    return digest !== undefined && reference.view < view ? { view, digest } : reference;
  }

  /** A quorum voted for a block: the one below it is locked. Whoever decides that one with a third block saw at least this. */
  certified(digest: Digest): void {
    const block = this.tree.get(digest);
    if (block === undefined) return;
    if (block.parent.view > this.locked.view) this.locked = block.parent;
  }

  /** Whether a block of the tree may get this member's vote; its parent's certificate was taken in before. */
  refusalOf({ view, digest, parent }: Block): Refusal | undefined {
    if (this.tree.get(digest) === undefined) return 'unknown-block';
    if (this.hasVoted(view)) return 'voted-already';
    // A newer certificate than the lock shows that a quorum was free to leave it: nothing was decided by it.
    const { locked } = this.state;
    const free = parent.view > locked.view || this.tree.extends(parent.digest, locked.digest);
    return free ? undefined : 'against-the-lock';
  }

  /** True once it votes no more in that view. */
  hasVoted(view: View): boolean {
    return view <= this.votedView;
  }

  /** This member votes in a view. */
  voted(view: View): void {
    if (view > this.votedView) this.votedView = view;
  }

  /** This member gives a view up: it votes neither there nor below (Spec §4). */
  gaveUp(view: View): void {
    this.voted(view);
  }
}
