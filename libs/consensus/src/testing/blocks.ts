import {
  asciiBytes,
  blockOf,
  portableHash,
  purposeDigest,
  rootDigest,
  ZERO_DIGEST,
  type Block,
  type BlockReference,
  type Digest,
  type Sequence,
  type View,
} from '@concordat/protocol';
import { BlockTree } from '../hotstuff/block-tree';

/** What test trees stand on. */
export const ROOT = { digest: rootDigest(portableHash, ZERO_DIGEST), sequence: 0 as Sequence };

/** The same as what a first block names as its parent. */
export const ROOT_REFERENCE: BlockReference = { view: 0 as View, digest: ROOT.digest };

export const createTree = (blocksMax = 64): BlockTree => new BlockTree(ROOT, blocksMax);

const batchOf = (name: string): Digest => purposeDigest(portableHash, 'payload', asciiBytes(name));

/** A block with some content on a parent; on the root without one. */
export function blockOn(parent: Block | undefined, view: number, content = ''): Block {
  const below: BlockReference = parent ?? { view: 0 as View, digest: ROOT.digest };
  return blockOf(portableHash, {
    view: view as View,
    sequence: ((parent?.sequence ?? ROOT.sequence) + 1) as Sequence,
    parent: { view: below.view, digest: below.digest },
    batch: batchOf(content),
  });
}

/** Blocks in a row, one for each view. */
export function rowOf(...views: readonly number[]): Block[] {
  const row: Block[] = [];
  for (const view of views) row.push(blockOn(row.at(-1), view));
  return row;
}
