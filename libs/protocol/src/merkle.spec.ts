import { createHash } from 'node:crypto';
import * as fc from 'fast-check';
import { fromHex, toHex } from './bytes';
import { portableHash } from './hash';
import { merklePath, merkleRoot, MerkleTree, verifyMerklePath } from './merkle';

fc.configureGlobal({ seed: 4, numRuns: 50 });

/** The leaves of Certificate Transparency's reference trees, and the roots over the first n of them. */
const LEAVES = ['', '00', '10', '2021', '3031', '40414243', '5051525354555657', '606162636465666768696a6b6c6d6e6f'].map(
  fromHex,
);
const ROOTS = [
  'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
  '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d',
  'fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125',
  'aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77',
  'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
  '4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4',
  '76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef',
  'ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c',
  '5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328',
];

it.each(ROOTS.map((root, count) => ({ root, count })))('has the known root over $count leaves', ({ root, count }) =>
  expect(toHex(merkleRoot(portableHash, LEAVES.slice(0, count)))).toBe(root),
);

/** RFC 9162 §2.1.1 once more, level by level instead of by recursion: an odd node at a level's end moves up as it is. */
function rootByLevels(leaves: readonly Uint8Array[]): Buffer {
  const sha = (...parts: Uint8Array[]): Buffer => createHash('sha256').update(Buffer.concat(parts)).digest();
  let level = leaves.map((leaf) => sha(Buffer.of(0), leaf));
  if (level.length === 0) return sha();
  while (level.length > 1) {
    const next: Buffer[] = [];
    for (let i = 0; i < level.length; i += 2) {
      const [left, right] = [level[i]!, level[i + 1]];
      next.push(right === undefined ? left : sha(Buffer.of(1), left, right));
    }
    level = next;
  }
  return level[0]!;
}

const leavesOf = (count: number): Uint8Array[] =>
  Array.from({ length: count }, (_, i) => Uint8Array.of(i & 0xff, i >> 8));

it('is the independently computed root for every count up to 70', () => {
  for (let count = 0; count <= 70; count++) {
    const leaves = leavesOf(count);
    expect(toHex(merkleRoot(portableHash, leaves))).toBe(rootByLevels(leaves).toString('hex'));
  }
});

it('proves every leaf of every tree up to 17, and of some beyond, at its own place only', () => {
  for (const count of [...Array.from({ length: 17 }, (_, i) => i + 1), 31, 32, 33]) {
    const leaves = leavesOf(count);
    const root = merkleRoot(portableHash, leaves);
    leaves.forEach((leaf, index) => {
      const path = merklePath(portableHash, leaves, index);
      expect(path.length).toBeLessThanOrEqual(Math.ceil(Math.log2(count)));
      expect(verifyMerklePath(portableHash, leaf, index, count, path, root)).toBe(true);
      expect(verifyMerklePath(portableHash, leaf, index + 1, count, path, root)).toBe(false);
      expect(verifyMerklePath(portableHash, leaf, index ^ 1, count, path, root)).toBe(false);
      if (count > 1)
        expect(verifyMerklePath(portableHash, leaves[(index + 1) % count]!, index, count, path, root)).toBe(false);
    });
  }
});

it('refuses a path with anything changed, left out or added', () => {
  const anyTree = fc.integer({ min: 2, max: 60 }).chain((count) => fc.tuple(fc.constant(count), fc.nat(count - 1)));
  fc.assert(
    fc.property(anyTree, fc.nat(), fc.nat(31), (tree, place, byte) => {
      const [count, index] = tree;
      const leaves = leavesOf(count);
      const leaf = leaves[index]!;
      const root = merkleRoot(portableHash, leaves);
      const path = merklePath(portableHash, leaves, index);
      const holds = (changed: readonly Uint8Array[], over = root): boolean =>
        verifyMerklePath(portableHash, leaf, index, count, changed, over);
      const at = place % path.length;
      const flip = (bytes: Uint8Array): Uint8Array => bytes.with(byte, bytes[byte]! ^ 1);
      expect(holds(path.with(at, flip(path[at]!)))).toBe(false);
      expect(holds(path.toSpliced(at, 1))).toBe(false);
      expect(holds(path.toSpliced(at, 0, root))).toBe(false);
      expect(holds([...path, root])).toBe(false);
      expect(holds(path.with(at, path[at]!.subarray(1)))).toBe(false);
      expect(holds(path, flip(root))).toBe(false);
      expect(holds(path, root.subarray(1))).toBe(false);
    }),
  );
});

it('takes a node for no leaf', () => {
  const leaves = leavesOf(4);
  const root = merkleRoot(portableHash, leaves);
  const [left, right] = [leaves.slice(0, 2), leaves.slice(2)].map((half) => merkleRoot(portableHash, half));
  expect(verifyMerklePath(portableHash, Buffer.concat([left!, right!]), 0, 1, [], root)).toBe(false);
});

it.each([
  { name: 'a negative index', index: -1, count: 2 },
  { name: 'an index at the count', index: 2, count: 2 },
  { name: 'half an index', index: 0.5, count: 2 },
  { name: 'no index', index: Number.NaN, count: 2 },
  { name: 'an empty tree', index: 0, count: 0 },
  { name: 'an endless tree', index: 0, count: Number.POSITIVE_INFINITY },
])('verifies nothing at $name', ({ index, count }) => {
  const path = [portableHash(Uint8Array.of(0, 1))];
  expect(verifyMerklePath(portableHash, Uint8Array.of(0), index, count, path, portableHash(Uint8Array.of()))).toBe(
    false,
  );
});

it('ends soon for a tree of 2^53 - 1 leaves', () => {
  const path = Array.from({ length: 53 }, () => new Uint8Array(32));
  expect(verifyMerklePath(portableHash, new Uint8Array(1), 5, Number.MAX_SAFE_INTEGER, path, new Uint8Array(32))).toBe(
    false,
  );
});

it.each([-1, 3, 0.5, Number.NaN])('makes no path for leaf %s of 3', (index) =>
  expect(() => merklePath(portableHash, leavesOf(3), index)).toThrow(RangeError),
);

it('takes no sibling that is not 32 bytes, even under a hash that would not tell', () => {
  const blind = (): Uint8Array => new Uint8Array(32);
  const holds = (bytes: number): boolean =>
    verifyMerklePath(blind, new Uint8Array(1), 0, 2, [new Uint8Array(bytes)], new Uint8Array(32));
  expect([31, 32, 33, 0].map(holds)).toEqual([false, true, false, false]);
});

it('a tree gives the same roots and paths as one hash at a time', () => {
  for (let count = 0; count <= 40; count++) {
    const leaves = leavesOf(count);
    const tree = new MerkleTree(portableHash, leaves);
    expect(tree.root).toEqual(merkleRoot(portableHash, leaves));
    for (let index = 0; index < count; index++)
      expect(tree.path(index)).toEqual(merklePath(portableHash, leaves, index));
    expect(() => tree.path(count)).toThrow('no leaf');
  }
});
