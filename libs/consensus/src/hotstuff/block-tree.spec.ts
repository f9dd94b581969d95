import { blockDigest, portableHash, rootDigest, type Block, type Sequence, type View } from '@concordat/protocol';
import type { BlockTree } from './block-tree';
import { blockOn, createTree, ROOT, rowOf } from '../testing/blocks';

const treeOf = (...blocks: readonly Block[]): BlockTree => {
  const tree = createTree();
  for (const block of blocks) expect(tree.add(block)).toBeUndefined();
  return tree;
};

describe('a block', () => {
  const block = blockOn(undefined, 1);

  it('is named by all of its header', () => {
    const changed = [
      { ...block, view: 2 as View },
      { ...block, sequence: 2 as Sequence },
      { ...block, parent: { ...block.parent, view: 1 as View } },
      { ...block, parent: { ...block.parent, digest: block.digest } },
      { ...block, batch: block.digest },
    ].map((header) => blockDigest(portableHash, header));
    expect(new Set([block.digest, ...changed]).size).toBe(6);
  });

  it('stands on the root of its own epoch', () => {
    expect(rootDigest(portableHash, block.digest)).not.toBe(ROOT.digest);
  });
});

describe('the tree', () => {
  const [a, b] = rowOf(1, 2) as [Block, Block];

  it.each([
    { what: 'an unknown parent', block: b, misfit: 'unknown-parent' },
    { what: 'another height', block: { ...a, sequence: 2 as Sequence }, misfit: 'wrong-height' },
    {
      what: 'another view of its parent',
      block: { ...a, parent: { ...a.parent, view: 1 as View } },
      misfit: 'wrong-parent-view',
    },
    {
      what: "a view that is not above its parent's",
      block: { ...a, view: 0 as View },
      misfit: 'view-not-above-parent',
    },
    { what: 'a height that is committed', block: { ...a, sequence: 0 as Sequence }, misfit: 'below-committed' },
  ])('refuses $what: $misfit', ({ block, misfit }) => {
    const tree = createTree();
    expect(tree.add(block)).toBe(misfit);
    expect(tree.size).toBe(0);
  });

  it('holds a block once', () => {
    const tree = treeOf(a, b, a);
    expect(tree.size).toBe(2);
    expect(tree.get(b.digest)).toBe(b);
  });

  it('knows what stands on what', () => {
    const rival = blockOn(a, 3);
    const tree = treeOf(a, b, rival);
    expect(tree.extends(b.digest, a.digest)).toBe(true);
    expect(tree.extends(b.digest, b.digest)).toBe(true);
    expect(tree.extends(b.digest, ROOT.digest)).toBe(true);
    expect(tree.extends(a.digest, b.digest)).toBe(false);
    expect(tree.extends(rival.digest, b.digest)).toBe(false);
  });
});

describe('what a certificate decides', () => {
  it.each([
    { views: [1], decided: 0 },
    { views: [1, 2], decided: 0 },
    { views: [1, 2, 3], decided: 1 },
    { views: [4, 5, 6], decided: 1 },
    { views: [1, 2, 4], decided: 0 },
    { views: [1, 3, 4], decided: 0 },
    { views: [1, 3, 4, 5], decided: 2 },
    { views: [1, 2, 3, 5, 6, 7], decided: 4 },
  ])('views $views: the first $decided', ({ views, decided }) => {
    const row = rowOf(...views);
    const last = row.at(-1);
    if (last === undefined) throw new Error('no block');
    expect(treeOf(...row).decidedBy(last.digest)).toEqual(row.slice(0, decided));
  });

  it('is nothing for a block that is not here', () => {
    expect(createTree().decidedBy(blockOn(undefined, 1).digest)).toEqual([]);
  });

  it('is nothing twice', () => {
    const row = rowOf(1, 2, 3, 4) as [Block, Block, Block, Block];
    const tree = treeOf(...row);
    expect(tree.decidedBy(row[2].digest)).toEqual([row[0]]);
    tree.commit(row[0].digest);
    expect(tree.decidedBy(row[2].digest)).toEqual([]);
    expect(tree.decidedBy(row[3].digest)).toEqual([row[1]]);
  });
});

describe('dropping', () => {
  const row = rowOf(1, 2, 3, 4) as [Block, Block, Block, Block];
  const rival = blockOn(row[0], 5);
  const upper = blockOn(rival, 6);

  it('leaves what stands on the committed block', () => {
    const tree = treeOf(...row, rival, upper);
    tree.commit(row[1].digest);
    expect(tree.committed).toEqual({ view: 2, digest: row[1].digest, sequence: 2 });
    expect([rival, upper, row[0], row[1]].map(({ digest }) => tree.get(digest))).toEqual(Array(4).fill(undefined));
    expect(tree.size).toBe(2);
    expect(tree.add(rival)).toBe('below-committed');
  });

  it('leaves what is below a tip', () => {
    const tree = treeOf(...row, rival, upper);
    tree.retain([row[1].digest, rival.digest]);
    expect(tree.size).toBe(3);
    expect(tree.extends(rival.digest, row[0].digest)).toBe(true);
    expect(tree.get(upper.digest)).toBeUndefined();
  });

  it('makes room: a leader that proposes without end fills no memory', () => {
    const tree = createTree(4);
    expect(row.map((block) => tree.add(block))).toEqual(Array(4).fill(undefined));
    expect([rival, row[3]].map((block) => tree.add(block))).toEqual(['full', undefined]);
    tree.retain([row[1].digest]);
    expect([rival, upper].map((block) => tree.add(block))).toEqual([undefined, undefined]);
    expect(tree.size).toBe(4);
  });

  it('refuses to commit what is not here', () => {
    expect(() => createTree().commit(row[0].digest)).toThrow(/in the tree/);
  });
});
