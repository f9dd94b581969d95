import { createBatch, encodeBatch, type Batch } from './batch';
import { blockDigest } from './block';
import { BROKER_PAYLOAD_BYTES } from './broker';
import { UNDECIDED_MAX } from './certificates';
import { decodeFrame, decodePayload, encodeMessage, HEADER_BYTES } from './codec';
import { createEpochTable } from './genesis';
import { NULL_DIGEST, portableHash } from './hash';
import { millis, nodeId, sequence, view } from './ids';
import { wireLimits } from './limits';
import type { Signed } from './messages';
import { timeoutDigest } from './quorum-certificates';
import type { Draft } from './seal';
import { proposalOf } from './testing/linear-samples';
import {
  createSwarm,
  memberNames,
  someContent,
  someDigest,
  someRequest,
  toyKeys,
  type TestSwarm,
} from './testing/swarm';

/** A batch of as many bytes as a batch may have. */
function fullBatch(swarm: TestSwarm): Batch {
  const ofLength = (metadata: number): Batch => {
    const request = someRequest('a', { metadata: new Uint8Array(metadata).fill(0x20) });
    return createBatch(portableHash, millis(1), [swarm.clientEnvelope('client', 1n, [request])]);
  };
  const room = swarm.limits.batchBytesMax - encodeBatch(ofLength(0)).length;
  const batch = ofLength(room);
  expect(encodeBatch(batch)).toHaveLength(swarm.limits.batchBytesMax);
  return batch;
}

describe.each([4, 31, 100])('the largest messages of the linear engine, with %s members', (n) => {
  const swarm = createSwarm({ n, engine: 'hotstuff', table: { batchBytesMax: 1024 } });
  const { limits } = swarm;
  const everybody = Array.from({ length: n }, (_, index) => index);
  const block = { view: 5, sequence: 9, digest: someDigest('block') };
  const highest = { view: view(5), digest: block.digest };
  const proof = {
    justify: swarm.quorumCertificate(block, everybody),
    timeouts: swarm.timeoutCertificate(
      8,
      everybody.map((sender) => [sender, highest]),
    ),
  };
  const batch = fullBatch(swarm);
  const proposal = proposalOf({ view: view(9), sequence: sequence(10), parent: highest, ...proof, batch });
  const above = Array.from({ length: UNDECIDED_MAX }, (_, i) => ({ view: 6 + i, batch: someDigest(String(i)) }));
  const decided = { view: 5, sequence: 9, digest: batch.digest };
  const drafts: Draft[] = [
    proposal,
    { kind: 'vote', view: view(9), sequence: sequence(10), digest: proposal.digest },
    {
      kind: 'timeout',
      view: view(9),
      sequence: sequence(0),
      highest,
      digest: timeoutDigest(portableHash, highest),
      ...proof,
    },
    { kind: 'syncInfo', view: view(9), sequence: sequence(0), ...proof },
    {
      kind: 'stable',
      view: view(0),
      sequence: sequence(8),
      certificate: swarm.checkpointCertificate(8, someContent('8'), everybody),
    },
    {
      kind: 'decided',
      view: view(5),
      sequence: sequence(9),
      certificate: swarm.chainCertificate(decided, everybody, { above }),
      batch,
    },
  ];
  const sealed = drafts.map((draft): [string, Signed] => [
    draft.kind,
    swarm.seal(draft.kind === 'proposal' ? swarm.committee.leaderOf(view(9)) : 1, draft),
  ]);

  it.each(sealed)('%s is within the bound, and is read', (_, message) => {
    const bytes = encodeMessage(message);
    expect(bytes.length).toBeLessThanOrEqual(limits.messageBytesMax);
    const frame = decodeFrame(bytes, limits);
    if (!('payload' in frame)) throw new Error(frame.reason);
    expect(decodePayload(portableHash, frame, limits)).toEqual(message);
  });

  it('the bound is that of a decision on as many undecided blocks as there may be, to the byte', () =>
    expect(Math.max(...sealed.map(([, message]) => encodeMessage(message).length))).toBe(limits.messageBytesMax));

  it('a proposal has room beside the largest batch for both certificates', () => {
    const signature = 2 + 64;
    const certificates = 1 + (48 + 2 + n * (2 + signature)) + (8 + 2 + n * (2 + 40 + signature));
    expect(encodeMessage(sealed[0]![1])).toHaveLength(HEADER_BYTES + signature + 40 + 32 + certificates + 1024);
    expect(blockDigest(portableHash, { ...proposal, batch: batch.digest })).toBe(proposal.digest);
  });

  it('a broker carries them with the batches that a genesis has by default', () => {
    const members = memberNames(n).map((name) => ({ nodeId: nodeId(name), publicKey: toyKeys.publicKey(name) }));
    const { messageBytesMax } = wireLimits(createEpochTable({ engine: 'hotstuff', members }));
    expect(messageBytesMax).toBeLessThanOrEqual(BROKER_PAYLOAD_BYTES);
  });
});

// As they were before there was a second engine: a broker that was large enough stays so.
it.each([
  [1, 524_532],
  [4, 524_736],
  [31, 526_572],
  [100, 531_264],
])('PBFT with %s members: at most %s bytes', (n, bytes) => {
  const members = memberNames(n).map((name) => ({ nodeId: nodeId(name), publicKey: toyKeys.publicKey(name) }));
  expect(wireLimits(createEpochTable({ members }))).toMatchObject({ messageBytesMax: bytes, chained: false });
});

it('a proposal is not encoded without the batch that its header names, for nobody could read it', () => {
  const swarm = createSwarm({ engine: 'hotstuff' });
  const draft = proposalOf({
    view: view(1),
    sequence: sequence(1),
    parent: swarm.root,
    justify: undefined,
    timeouts: undefined,
    batch: undefined,
  });
  const named = { ...draft, batchDigest: someDigest('batch') };
  expect(() => encodeMessage(swarm.seal(0, named))).toThrow('without the batch that its header names');
  expect(draft.batchDigest).toBe(NULL_DIGEST);
  expect(encodeMessage(swarm.seal(0, draft)).length).toBeGreaterThan(HEADER_BYTES);
});
