import type { Block, View } from '@concordat/protocol';
import { Safety } from './safety';
import { blockOn, createTree, ROOT, ROOT_REFERENCE, rowOf } from '../testing/blocks';

/** A member that has these blocks, with a certificate for each but the last one. */
function memberWith(...blocks: readonly Block[]): { readonly safety: Safety; readonly add: (block: Block) => Block } {
  const tree = createTree();
  const safety = new Safety(tree, ROOT_REFERENCE);
  const add = (block: Block): Block => {
    expect(tree.add(block)).toBeUndefined();
    safety.certified(block.parent.digest);
    return block;
  };
  blocks.forEach(add);
  return { safety, add };
}

describe('a vote', () => {
  it('is given once per view, and never below', () => {
    const [a, b] = rowOf(1, 3) as [Block, Block];
    const { safety, add } = memberWith(a);
    expect(safety.refusalOf(a)).toBeUndefined();
    safety.voted(a.view);
    expect(safety.refusalOf(a)).toBe('voted-already');
    const rival = add(blockOn(undefined, 1, 'rival'));
    expect(safety.refusalOf(rival)).toBe('voted-already');
    add(b);
    safety.voted(b.view);
    const late = add(blockOn(a, 2));
    expect(safety.refusalOf(late)).toBe('voted-already');
  });

  it('is not given in a view that was given up, nor below it', () => {
    const [a, b] = rowOf(4, 6) as [Block, Block];
    const { safety } = memberWith(a, b);
    safety.gaveUp(5 as View);
    expect(safety.refusalOf(a)).toBe('voted-already');
    expect(safety.refusalOf(b)).toBeUndefined();
  });

  it('is not given to a block that is not here', () => {
    expect(memberWith().safety.refusalOf(blockOn(undefined, 1))).toBe('unknown-block');
  });
});

describe('the lock', () => {
  const [a, b, c] = rowOf(1, 2, 3) as [Block, Block, Block];

  it('is on the lower of two blocks in a row that are certified', () => {
    const { safety, add } = memberWith(a);
    expect(safety.state.locked.digest).toBe(ROOT.digest);
    add(b);
    expect(safety.state).toMatchObject({ locked: { view: 0 } });
    add(c);
    expect(safety.state).toMatchObject({ locked: { view: 1, digest: a.digest } });
  });

  it('never goes back', () => {
    const { safety, add } = memberWith(a, b, c);
    const before = safety.state;
    const [x, y] = [blockOn(undefined, 1, 'x'), blockOn(undefined, 1, 'y')];
    add(x);
    add(y);
    safety.certified(x.digest);
    expect(safety.state).toEqual(before);
  });

  it('keeps this member from what does not stand on it, as long as no newer certificate sets it free', () => {
    const { safety, add } = memberWith(a, b, c);
    const old = add(blockOn(undefined, 4, 'old parent'));
    expect(safety.refusalOf(old)).toBe('against-the-lock');
    expect(safety.refusalOf(add(blockOn(a, 4, 'on the lock')))).toBeUndefined();
    const rival = add(blockOn(undefined, 2, 'rival'));
    // A quorum voted for the rival in view 2, above the lock of view 1: what it held on to was not decided.
    expect(safety.refusalOf(add(blockOn(rival, 5)))).toBeUndefined();
  });

  it('is what it was after a restart', () => {
    const tree = createTree();
    [a, b, c].forEach((block) => expect(tree.add(block)).toBeUndefined());
    const { state } = memberWith(a, b, c).safety;
    const restarted = new Safety(tree, ROOT_REFERENCE);
    restarted.restore({ ...state, votedView: 3 as View });
    const old = blockOn(undefined, 4, 'old parent');
    expect(tree.add(old)).toBeUndefined();
    expect(restarted.refusalOf(old)).toBe('against-the-lock');
    expect(restarted.refusalOf(c)).toBe('voted-already');
  });

  it('holds nobody back below what is committed', () => {
    const tree = createTree();
    const safety = new Safety(tree, ROOT_REFERENCE);
    const lost = rowOf(1, 2, 3) as [Block, Block, Block];
    lost.forEach((block) => expect(tree.add(block)).toBeUndefined());
    safety.certified(lost[1].digest);
    // The others decided something else in the meantime, and this member hears of it by its certificate.
    const decided = blockOn(undefined, 4, 'decided');
    const next = blockOn(decided, 5);
    expect([tree.add(decided), tree.add(next)]).toEqual([undefined, undefined]);
    expect(safety.refusalOf(decided)).toBe('against-the-lock');
    tree.commit(decided.digest);
    expect(safety.refusalOf(next)).toBeUndefined();
    const tip = { view: decided.view, digest: decided.digest };
    expect(safety.state).toMatchObject({ locked: tip });
  });
});
