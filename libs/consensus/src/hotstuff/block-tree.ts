import { invariant, ROOT_VIEW, type Block, type Digest, type Sequence, type View } from '@concordat/protocol';

/** Why a block cannot stand in the tree. */
export type Misfit =
  'unknown-parent' | 'wrong-height' | 'wrong-parent-view' | 'view-not-above-parent' | 'below-committed' | 'full';

/** The last committed block. A member that took over a state knows its height alone until it hears of the block. */
export interface CommittedTip {
  readonly view: View;
  readonly digest: Digest | undefined;
  readonly sequence: Sequence;
}

/** Blocks in a row of which the last one is certified that decide the first one. */
const CHAIN_LENGTH = 3;

/**
 * The blocks above the last committed one, each on its parent (Spec §4). Whether anybody voted for a block is not its
 * business: the caller names certified blocks.
 */
export class BlockTree {
  private readonly blocks = new Map<Digest, Block>();
  /** The last committed block; at first the epoch's root, which has a digest only. */
  private tip: CommittedTip;

  /** `root`: digest and height of what the epoch begins on. `blocksMax`: blocks held at most; `retain` makes room. */
  constructor(
    root: { readonly digest: Digest; readonly sequence: Sequence },
    private readonly blocksMax: number,
  ) {
    this.tip = { view: ROOT_VIEW, digest: root.digest, sequence: root.sequence };
  }

  /** Blocks that are held. */
  get size(): number {
    return this.blocks.size;
  }

  /** The last committed block. */
  get committed(): CommittedTip {
    return this.tip;
  }

  /** An uncommitted block. */
  get(digest: Digest): Block | undefined {
    return this.blocks.get(digest);
  }

  /** Puts a block in; a Misfit when it has no place. A block that is there already stays. */
  add(block: Block): Misfit | undefined {
    if (this.blocks.has(block.digest)) return undefined;
    const misfit = this.misfitOf(block);
    if (misfit === undefined) this.blocks.set(block.digest, block);
    return misfit;
  }

  private misfitOf({ view, sequence, parent }: Block): Misfit | undefined {
    if (sequence <= this.tip.sequence) return 'below-committed';
    const below = this.standsOnTip(parent.digest, sequence) ? this.tip : this.blocks.get(parent.digest);
    if (below === undefined) return 'unknown-parent';
    if (sequence !== below.sequence + 1) return 'wrong-height';
    if (parent.view !== below.view && below.digest !== undefined) return 'wrong-parent-view';
    if (view <= parent.view) return 'view-not-above-parent';
    return this.blocks.size >= this.blocksMax ? 'full' : undefined;
  }

  /** True when a block of that height can stand on that parent: it is here, or the last committed one. */
  hasPlaceOn(parent: Digest, sequence: Sequence): boolean {
    return this.blocks.has(parent) || this.standsOnTip(parent, sequence);
  }

  /** True for a parent that is the last committed block, as far as that is known. */
  private standsOnTip(parent: Digest, sequence: Sequence): boolean {
    return this.tip.digest === undefined ? sequence === this.tip.sequence + 1 : parent === this.tip.digest;
  }

  /** True when `ancestor` is the block itself or stands below it. What is committed stands below everything here. */
  extends(digest: Digest, ancestor: Digest): boolean {
    for (let at: Digest | undefined = digest; at !== undefined; at = this.blocks.get(at)?.parent.digest)
      if (at === ancestor) return true;
    return false;
  }

  /**
   * What a certificate of `certified` decides: of three blocks in a row, proposed in consecutive views, the first one, and
   * everything below it. Ascending; empty when it decides nothing new. With a view between them the middle one may have had
   * a rival that nobody on this chain knows of.
   */
  decidedBy(certified: Digest): readonly Block[] {
    const row: Block[] = [];
    for (let at = this.blocks.get(certified); at !== undefined && row.length < CHAIN_LENGTH;) {
      row.push(at);
      at = this.blocks.get(at.parent.digest);
    }
    const [third, second, first] = row;
    if (third === undefined || second === undefined || first === undefined) return [];
    const consecutive = third.view === second.view + 1 && second.view === first.view + 1;
    return consecutive ? this.pathTo(first.digest) : [];
  }

  /** Blocks from the one above the committed up to `digest`, ascending; empty when it is not here. */
  pathTo(digest: Digest): Block[] {
    const path: Block[] = [];
    let at: Digest = digest;
    for (let block = this.blocks.get(at); block !== undefined; block = this.blocks.get(at)) {
      path.push(block);
      at = block.parent.digest;
    }
    return path.reverse();
  }

  /**
   * A block of the tree is committed: what does not stand on it is gone. True when that was more than the way to it. Throws an
   * InvariantError for a block that is not here.
   */
  commit(digest: Digest): boolean {
    const block = this.blocks.get(digest);
    invariant(block !== undefined, 'a committed block is in the tree');
    const way = this.pathTo(digest).length;
    const gone = [...this.blocks.keys()].filter((other) => other === digest || !this.extends(other, digest));
    this.tip = { view: block.view, digest, sequence: block.sequence };
    for (const other of gone) this.blocks.delete(other);
    return gone.length > way;
  }

  /** A block that may not be in the tree was committed: what does not stand on it, or is not above it, is gone. */
  adopt(tip: CommittedTip): void {
    if (tip.sequence < this.tip.sequence || (tip.sequence === this.tip.sequence && this.tip.digest !== undefined))
      return;
    if (tip.digest !== undefined && this.blocks.has(tip.digest)) {
      this.commit(tip.digest);
      return;
    }
    this.tip = tip;
    for (const [digest, { sequence }] of [...this.blocks]) if (sequence <= tip.sequence) this.blocks.delete(digest);
    // What stood on another block of that height than the committed one has nothing to stand on.
    for (const { digest } of [...this.blocks.values()].sort((a, b) => a.sequence - b.sequence)) {
      const block = this.blocks.get(digest);
      if (block === undefined) continue;
      const stands = this.standsOnTip(block.parent.digest, block.sequence) || this.blocks.has(block.parent.digest);
      if (!stands) this.blocks.delete(digest);
    }
  }

  /** Drops everything that is below none of `tips`: the proposal, the lock and the newest certificate hold what matters. */
  retain(tips: readonly Digest[]): void {
    const kept = new Set<Digest>();
    for (const tip of tips) {
      for (let block = this.blocks.get(tip); block !== undefined && !kept.has(block.digest);) {
        kept.add(block.digest);
        block = this.blocks.get(block.parent.digest);
      }
    }
    for (const digest of [...this.blocks.keys()]) if (!kept.has(digest)) this.blocks.delete(digest);
  }
}
