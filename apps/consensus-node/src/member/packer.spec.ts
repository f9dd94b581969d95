import { inflate, nativeHash } from '@concordat/crypto';
import {
  asciiBytes,
  createEpochTable,
  decodeTransportFrame,
  encodeMessage,
  isRejection,
  memberIndex,
  nodeId,
  seal,
  unpackFrame,
  wireLimits,
  epoch,
  sequence,
  view,
} from '@concordat/protocol';
import { createPacker } from './packer';
import { TrafficCounts } from './traffic-counts';

const limits = wireLimits(
  createEpochTable({
    members: [1, 2, 3, 4].map((i) => ({ nodeId: nodeId(`n${i}`), publicKey: new Uint8Array(32).fill(i), weight: 1 })),
  }),
);

/** A CHUNK with so many bytes that say little. */
const chunk = (length: number): Uint8Array =>
  encodeMessage(
    seal(
      { hash: nativeHash, epoch: epoch(0), sender: memberIndex(1), sign: () => new Uint8Array(64) },
      {
        kind: 'chunk',
        view: view(0),
        sequence: sequence(8),
        index: 0,
        bytes: asciiBytes('a'.repeat(length)),
        path: [new Uint8Array(32)],
      },
    ),
  );

describe('the packer', () => {
  const setUp = () => {
    const traffic = new TrafficCounts();
    return { traffic, pack: createPacker({ bytesMin: 512, limits: () => limits, traffic }) };
  };

  it('leaves small messages, and those that would take long, as they are', () => {
    const { pack, traffic } = setUp();
    for (const bytes of [chunk(100), new Uint8Array(128 * 1024 + 1)]) expect(pack('chunk', bytes)).toBe(bytes);
    expect(traffic.sentBytes.chunk).toBe(0);
  });

  it('makes others shorter, and takes from what counts as sent what does not travel', () => {
    const { pack, traffic } = setUp();
    const bytes = chunk(5_000);
    const packed = pack('chunk', bytes);
    expect(packed.length).toBeLessThan(300);
    expect(traffic.sentBytes.chunk).toBe(packed.length - bytes.length);
    const frame = decodeTransportFrame(packed, limits);
    if (isRejection(frame)) throw new Error(frame.reason);
    expect(unpackFrame(frame, inflate)).toEqual({
      statement: frame.statement,
      signature: frame.signature,
      payload: bytes.subarray(bytes.length - (frame.inflatedBytes ?? 0)),
    });
  });
});
