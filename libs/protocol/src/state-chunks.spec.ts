import * as fc from 'fast-check';
import { portableHash } from './hash';
import { STATE_CHUNK_BYTES, stateChunkCount, stateDigest, StateTree, verifyStateChunk } from './state-chunks';

fc.configureGlobal({ seed: 11, numRuns: 20 });

const stateOf = (bytes: number): Uint8Array =>
  Uint8Array.from({ length: bytes }, (_, at) => (at * 7 + (at >> 16)) & 0xff);
const SIZES = [1, STATE_CHUNK_BYTES - 1, STATE_CHUNK_BYTES, STATE_CHUNK_BYTES + 1, 5 * STATE_CHUNK_BYTES + 3];

it.each(SIZES)('a state of %i bytes comes back from its chunks, each proven alone', (bytes) => {
  const state = stateOf(bytes);
  const tree = new StateTree(portableHash, state);
  expect(tree.digest).toBe(stateDigest(portableHash, tree.shape));
  const joined = new Uint8Array(bytes);
  const count = stateChunkCount(bytes);
  for (let index = 0; index < count; index++) {
    const chunk = tree.chunk(index);
    expect(verifyStateChunk(portableHash, tree.shape, index, chunk, tree.path(index))).toBe(true);
    joined.set(chunk, index * STATE_CHUNK_BYTES);
  }
  expect(joined).toEqual(state);
  expect(() => tree.path(count)).toThrow('no leaf');
});

describe('refuses', () => {
  const tree = new StateTree(portableHash, stateOf(4 * STATE_CHUNK_BYTES + 9));
  const verify = (index: number, chunk: Uint8Array, path = tree.path(index), shape = tree.shape): boolean =>
    verifyStateChunk(portableHash, shape, index, chunk, path);

  it('a chunk in which any byte differs', () =>
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 4 }), fc.nat(), fc.integer({ min: 1, max: 255 }), (index, at, bits) => {
        const chunk = tree.chunk(index).slice();
        const place = at % chunk.length;
        chunk[place] = (chunk[place] ?? 0) ^ bits;
        return !verify(index, chunk);
      }),
    ));

  it('a chunk at the place of another', () => {
    for (let index = 0; index < 5; index++)
      for (let other = 0; other < 5; other++)
        expect([index, other, verify(index, tree.chunk(other), tree.path(other))]).toEqual([
          index,
          other,
          index === other,
        ]);
  });

  it('a chunk that is cut or padded, or beyond the end', () => {
    expect(verify(0, tree.chunk(0).subarray(1))).toBe(false);
    expect(verify(4, new Uint8Array(STATE_CHUNK_BYTES))).toBe(false);
    expect(verify(4, tree.chunk(4))).toBe(true);
    expect(verify(5, new Uint8Array(0), [])).toBe(false);
  });

  it('a shape with another length: it has another digest', () => {
    const shorter = { ...tree.shape, bytes: tree.shape.bytes - STATE_CHUNK_BYTES };
    expect(stateDigest(portableHash, shorter)).not.toBe(tree.digest);
    expect(verify(0, tree.chunk(0), tree.path(0), shorter)).toBe(false);
  });
});
