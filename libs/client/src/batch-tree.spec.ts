import { nativeHash } from '@concordat/crypto';
import { createBatch, digest, millis, proveEnvelope, type Envelope } from '@concordat/protocol';
import { BatchTree } from './batch-tree';

/** Trees look at ids and bytes of envelopes only. */
const envelopeOf = (index: number): Envelope =>
  ({ id: digest(index.toString(16).padStart(64, '0')), bytes: Uint8Array.of(index) }) as Envelope;

describe("a batch's tree", () => {
  it.each([1, 2, 3, 4, 5, 6, 7, 8, 9, 31, 32, 33, 100])('has the paths of RFC 9162 with %i envelopes', (count) => {
    const batch = createBatch(
      nativeHash,
      millis(1),
      Array.from({ length: count }, (_, index) => envelopeOf(index)),
    );
    const tree = new BatchTree(nativeHash, batch);
    for (let index = 0; index < count; index++)
      expect(tree.pathOf(index + 1)).toEqual(proveEnvelope(nativeHash, batch, index).path);
  });
});
