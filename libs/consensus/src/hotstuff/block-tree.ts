import { invariant, ROOT_VIEW, type Block, type BlockReference, type Digest, type Sequence } from '@concordat/protocol';

/** Why a block cannot stand in the tree. */
export type Misfit =
  'unknown-parent' | 'wrong-height' | 'wrong-parent-view' | 'view-not-above-parent' | 'below-committed' | 'full';

/** Blocks in a row of which the last one is certified that decide the first one. */
const CHAIN_LENGTH = 3;

/**
 * The blocks above the last committed one, each on its parent (Spec §4). Whether anybody voted for a block is not its
 * business: the caller names certified blocks.
 */
export class BlockTree {
  private readonly blocks = new Map<Digest, Block>();
  /** The last committed block; at first the epoch's root, which has a digest only. */
  private tip: BlockReference & { readonly sequence: Sequence };

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
  get committed(): BlockReference & { readonly sequence: Sequence } {
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
    const below = parent.digest === this.tip.digest ? this.tip : this.blocks.get(parent.digest);
    if (below === undefined) return 'unknown-parent';
    if (sequence !== below.sequence + 1) return 'wrong-height';
    if (parent.view !== below.view) return 'wrong-parent-view';
    if (view <= parent.view) return 'view-not-above-parent';
    return this.blocks.size >= this.blocksMax ? 'full' : undefined;
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

  /** Blocks from the one above the committed up to `digest`. */
  private pathTo(digest: Digest): Block[] {
    const path: Block[] = [];
    let at: Digest = digest;
    for (let block = this.blocks.get(at); block !== undefined; block = this.blocks.get(at)) {
      path.push(block);
      at = block.parent.digest;
    }
    invariant(at === this.tip.digest, 'what is decided stands on what is committed');
    return path.reverse();
  }

  /** `block` is committed: what does not stand on it is gone. Throws an InvariantError for a block that is not here. */
  commit(digest: Digest): void {
    const block = this.blocks.get(digest);
    invariant(block !== undefined, 'a committed block is in the tree');
    const gone = [...this.blocks.keys()].filter((other) => other === digest || !this.extends(other, digest));
    this.tip = { view: block.view, digest, sequence: block.sequence };
    for (const other of gone) this.blocks.delete(other);
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
