import { concatBytes, digestBytes, Writer, type Batch, type Hash } from '@concordat/protocol';

// RFC 9162 §2.1, as in the core's merkle.ts: this one keeps all nodes, so that every path costs look-ups only.
const LEAF = new Uint8Array([0]);
const NODE = new Uint8Array([1]);

/** First leaf of a batch's tree: its time and the number of its envelopes. */
export const batchHeaderLeaf = (time: number, count: number): Uint8Array => new Writer(10).u64(time).u16(count).bytes();

/** All nodes of a batch's Merkle tree. Leaf 0 is the header, leaf i + 1 the envelope at i. */
export class BatchTree {
  /** From the leaves up to the root; a node without a sibling moves up as it is. */
  private readonly levels: readonly (readonly Uint8Array[])[];

  constructor(hash: Hash, batch: Pick<Batch, 'time' | 'envelopes'>) {
    const leaves = [
      batchHeaderLeaf(batch.time, batch.envelopes.length),
      ...batch.envelopes.map(({ id }) => digestBytes(id)),
    ];
    const levels = [leaves.map((leaf) => hash(concatBytes(LEAF, leaf)))];
    for (let level = levels[0] ?? []; level.length > 1;) {
      const above: Uint8Array[] = [];
      for (let i = 0; i < level.length; i += 2) {
        const [left, right] = [level[i], level[i + 1]];
        if (left !== undefined) above.push(right === undefined ? left : hash(concatBytes(NODE, left, right)));
      }
      levels.push(above);
      level = above;
    }
    this.levels = levels;
  }

  /** Sibling hashes from a leaf up to the root. */
  pathOf(leaf: number): Uint8Array[] {
    const path: Uint8Array[] = [];
    let index = leaf;
    for (const level of this.levels) {
      const sibling = level[index ^ 1];
      if (sibling !== undefined) path.push(sibling);
      index >>= 1;
    }
    return path;
  }
}
