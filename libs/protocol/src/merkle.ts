import { equalBytes } from './bytes';
import type { Hash } from './hash';

// RFC 9162 §2.1: leaf and node hashes have different prefixes, so a node can never be shown as a leaf.
const LEAF = new Uint8Array([0]);
const NODE = new Uint8Array([1]);

const leafHash = (hash: Hash, leaf: Uint8Array): Uint8Array => hash(LEAF, leaf);
const nodeHash = (hash: Hash, left: Uint8Array, right: Uint8Array): Uint8Array => hash(NODE, left, right);

/** Largest power of two below `count` (count >= 2): where RFC 9162 splits a tree. */
function splitOf(count: number): number {
  let split = 1;
  while (split * 2 < count) split *= 2;
  return split;
}

function rootOfHashes(hash: Hash, hashes: readonly Uint8Array[]): Uint8Array {
  const [only] = hashes;
  if (only === undefined) return hash(new Uint8Array(0));
  if (hashes.length === 1) return only;
  const split = splitOf(hashes.length);
  return nodeHash(hash, rootOfHashes(hash, hashes.slice(0, split)), rootOfHashes(hash, hashes.slice(split)));
}

function pathOfHashes(hash: Hash, hashes: readonly Uint8Array[], index: number): Uint8Array[] {
  if (hashes.length <= 1) return [];
  const split = splitOf(hashes.length);
  const left = hashes.slice(0, split);
  const right = hashes.slice(split);
  return index < split
    ? [...pathOfHashes(hash, left, index), rootOfHashes(hash, right)]
    : [...pathOfHashes(hash, right, index - split), rootOfHashes(hash, left)];
}

/** Root of the RFC 9162 tree over `leaves`; 32 bytes. */
export const merkleRoot = (hash: Hash, leaves: readonly Uint8Array[]): Uint8Array =>
  rootOfHashes(
    hash,
    leaves.map((leaf) => leafHash(hash, leaf)),
  );

/** Sibling hashes from leaf `index` up to the root (RFC 9162 §2.1.3.1). Throws a RangeError for an index outside the tree. */
export function merklePath(hash: Hash, leaves: readonly Uint8Array[], index: number): Uint8Array[] {
  if (!Number.isSafeInteger(index) || index < 0 || index >= leaves.length)
    throw new RangeError(`no leaf ${String(index)}`);
  return pathOfHashes(
    hash,
    leaves.map((leaf) => leafHash(hash, leaf)),
    index,
  );
}

/** A tree that gives many paths: every hash in it is made once. */
export class MerkleTree {
  /** Leaf hashes first. A node without a sibling moves up as it is, which is where RFC 9162 splits too. */
  private readonly levels: (readonly Uint8Array[])[];

  constructor(
    private readonly hash: Hash,
    leaves: readonly Uint8Array[],
  ) {
    let level = leaves.map((leaf) => leafHash(hash, leaf));
    this.levels = [level];
    while (level.length > 1) {
      const above: Uint8Array[] = [];
      for (const [index, left] of level.entries()) {
        if (index % 2 === 1) continue;
        const right = level[index + 1];
        above.push(right === undefined ? left : nodeHash(hash, left, right));
      }
      level = above;
      this.levels.push(level);
    }
  }

  /** As merkleRoot. */
  get root(): Uint8Array {
    return this.levels.at(-1)?.[0] ?? this.hash(new Uint8Array(0));
  }

  /** As merklePath. Throws a RangeError for an index outside the tree. */
  path(index: number): Uint8Array[] {
    if (this.levels[0]?.[index] === undefined) throw new RangeError(`no leaf ${String(index)}`);
    const path: Uint8Array[] = [];
    let at = index;
    for (const level of this.levels) {
      const sibling = level[at % 2 === 0 ? at + 1 : at - 1];
      if (sibling !== undefined) path.push(sibling);
      at = Math.floor(at / 2);
    }
    return path;
  }
}

/** True when `leaf` stands at `index` of the `count`-leaf tree with that `root` (RFC 9162 §2.1.3.2). */
export function verifyMerklePath(
  hash: Hash,
  leaf: Uint8Array,
  index: number,
  count: number,
  path: readonly Uint8Array[],
  root: Uint8Array,
): boolean {
  if (!Number.isSafeInteger(index) || !Number.isSafeInteger(count) || index < 0 || index >= count) return false;
  let node = index;
  let last = count - 1;
  let result = leafHash(hash, leaf);
  for (const sibling of path) {
    if (last === 0 || sibling.length !== 32) return false;
    if (node % 2 === 1 || node === last) {
      result = nodeHash(hash, sibling, result);
      while (node % 2 === 0 && node !== 0) {
        node = Math.floor(node / 2);
        last = Math.floor(last / 2);
      }
    } else {
      result = nodeHash(hash, result, sibling);
    }
    node = Math.floor(node / 2);
    last = Math.floor(last / 2);
  }
  return last === 0 && equalBytes(result, root);
}
