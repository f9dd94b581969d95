import type { Block, Digest } from '@concordat/protocol';
import { type BlockTree } from './block-tree';
import { Safety } from './safety';
import { blockOn, createTree, ROOT_REFERENCE } from '../testing/blocks';

/**
 * Everything that a network without a clock can do to the rules: blocks arrive at anybody in any order or never, views pass
 * at will, one of four members votes for everything, and leaders propose on any certified block that they please.
 */
const VIEWS = 14;
const HONEST = [0, 1, 2] as const;

/** One rule less. */
type Defect = 'none' | 'no-lock' | 'locks-too-late' | 'votes-twice' | 'any-three-in-a-row';

class Member {
  readonly tree = createTree();
  private readonly safety = new Safety(this.tree, ROOT_REFERENCE);

  constructor(private readonly defect: Defect) {}

  /** Takes a block in, with everything below it. True for a vote. */
  offer(block: Block, below: ReadonlyMap<Digest, Block>): boolean {
    const path: Block[] = [];
    for (let at: Block | undefined = block; at !== undefined; at = below.get(at.parent.digest)) path.push(at);
    for (const one of path.reverse()) {
      this.tree.add(one);
      if (this.defect === 'locks-too-late') {
        const parent = this.tree.get(one.parent.digest);
        if (parent !== undefined) this.safety.certified(parent.parent.digest);
      } else this.safety.certified(one.parent.digest);
    }
    const refusal = this.safety.refusalOf(block);
    const free =
      refusal === undefined ||
      (this.defect === 'no-lock' && refusal === 'against-the-lock') ||
      (this.defect === 'votes-twice' && refusal === 'voted-already');
    if (free) this.safety.voted(block.view);
    return free;
  }
}

/** Digests that a certificate decides, by the rules or by a defective one. */
function decidedBy(blocks: ReadonlyMap<Digest, Block>, certified: Block, defect: Defect): readonly Block[] {
  if (defect === 'any-three-in-a-row') {
    const parent = blocks.get(certified.parent.digest);
    const first = parent && blocks.get(parent.parent.digest);
    return first === undefined ? [] : [first];
  }
  const tree: BlockTree = createTree();
  const path: Block[] = [];
  for (let at: Block | undefined = certified; at !== undefined; at = blocks.get(at.parent.digest)) path.push(at);
  for (const block of path.reverse()) tree.add(block);
  return tree.decidedBy(certified.digest);
}

/** Plays one game. True when two blocks were decided of which neither stands on the other; and how many were decided. */
function play(seed: number, defect: Defect): { readonly split: boolean; readonly decided: number } {
  let state = seed;
  const draw = (below: number): number => (state = (Math.imul(state, 48_271) >>> 0) % 0x7fffffff) % below;
  const members = HONEST.map(() => new Member(defect));
  const blocks = new Map<Digest, Block>();
  const certified: (Block | undefined)[] = [undefined];
  const decided = new Map<Digest, Block>();
  for (let view = 1; view <= VIEWS; view++) {
    // Mostly on one of the newest: rows of three must come about at all.
    const proposals = Array.from({ length: 1 + (draw(3) === 0 ? 1 : 0) }, (_, index) => {
      const newest = draw(3) > 0 ? certified.length - 1 : draw(certified.length);
      return blockOn(certified[newest], view, `${String(view)} ${String(index)}`);
    });
    for (const block of proposals) {
      blocks.set(block.digest, block);
      const votes = members.filter((member) => draw(4) > 0 && member.offer(block, blocks)).length;
      if (votes + 1 < 3) continue;
      certified.push(block);
      for (const one of decidedBy(blocks, block, defect)) decided.set(one.digest, one);
    }
  }
  const whole = [...decided.values()];
  const standsOn = (upper: Block, lower: Block): boolean => {
    for (let at: Block | undefined = upper; at !== undefined; at = blocks.get(at.parent.digest))
      if (at.digest === lower.digest) return true;
    return false;
  };
  const split = whole.some((one) => whole.some((other) => !standsOn(one, other) && !standsOn(other, one)));
  return { split, decided: decided.size };
}

/** Games until two members could have decided apart; `max` when that never happened. */
function gamesUntilSplit(defect: Defect, max: number): number {
  for (let seed = 1; seed <= max; seed++) if (play(seed, defect).split) return seed;
  return max;
}

describe('one of four members votes for everything, and the network does what it likes', () => {
  it('nobody decides apart from the others', () => {
    let decided = 0;
    for (let seed = 1; seed <= 6000; seed++) {
      const game = play(seed, 'none');
      expect({ seed, split: game.split }).toEqual({ seed, split: false });
      decided += game.decided;
    }
    expect(decided).toBeGreaterThan(6000);
  }, 120_000);

  it.each<Defect>(['no-lock', 'locks-too-late', 'votes-twice', 'any-three-in-a-row'])(
    'with one rule less they do: %s',
    (defect) => {
      expect(gamesUntilSplit(defect, 20_000)).toBeLessThan(20_000);
    },
    120_000,
  );
});
