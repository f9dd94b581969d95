import { digestBytes, digestOfBytes, purposeDigest, type Hash } from './hash';
import type { Digest } from './ids';
import { MerkleTree, verifyMerklePath } from './merkle';
import { Writer } from './wire';

/** Bytes of each part of a state but the last, which holds the rest. */
export const STATE_CHUNK_BYTES = 64 * 1024;

/** What a state digest is made of: with it every chunk can be checked alone (Spec §9.7). */
export interface StateShape {
  /** Length of the state's encoding, at least 1. */
  readonly bytes: number;
  /** Merkle root over its chunks. */
  readonly root: Digest;
}

/** Parts of a state of that length. */
export const stateChunkCount = (bytes: number): number => Math.ceil(bytes / STATE_CHUNK_BYTES);

/** The digest that CHECKPOINTs carry. The length is in it, so that nobody can lie about the number of chunks. */
export function stateDigest(hash: Hash, { bytes, root }: StateShape): Digest {
  return purposeDigest(hash, 'state', new Writer(8).u64(bytes).bytes(), digestBytes(root));
}

/** A state's encoding with the tree over its chunks. */
export class StateTree {
  readonly shape: StateShape;
  readonly digest: Digest;
  private readonly tree: MerkleTree;

  constructor(
    hash: Hash,
    readonly state: Uint8Array,
  ) {
    const chunks = Array.from({ length: stateChunkCount(state.length) }, (_, index) => this.chunk(index));
    this.tree = new MerkleTree(hash, chunks);
    this.shape = { bytes: state.length, root: digestOfBytes(this.tree.root) };
    this.digest = stateDigest(hash, this.shape);
  }

  /** Bytes of one part: a view of the state. */
  chunk(index: number): Uint8Array {
    return this.state.subarray(index * STATE_CHUNK_BYTES, (index + 1) * STATE_CHUNK_BYTES);
  }

  /** Its place in the state, provable with the digest. Throws a RangeError for an index outside the state. */
  path(index: number): readonly Uint8Array[] {
    return this.tree.path(index);
  }
}

/** True when `chunk` is that part of the state of that shape. */
export function verifyStateChunk(
  hash: Hash,
  { bytes, root }: StateShape,
  index: number,
  chunk: Uint8Array,
  path: readonly Uint8Array[],
): boolean {
  const count = stateChunkCount(bytes);
  const length = index === count - 1 ? bytes - index * STATE_CHUNK_BYTES : STATE_CHUNK_BYTES;
  return chunk.length === length && verifyMerklePath(hash, chunk, index, count, path, digestBytes(root));
}
