import {
  encodeEnvelopeBody,
  portableHash,
  sealEnvelope,
  toBase64Url,
  ZERO_DIGEST,
  type Authentic,
  type Envelope,
  type Epoch,
  type NodeId,
  type Sequence,
  type View,
} from '@concordat/protocol';
import { Cluster } from './attack/cluster';
import { lateRefusal } from './handover';
import { joinProofBytes } from './membership/system-request';
import { envelopeOf, testCommittee, testSignature } from './testing/driver';
import { nodeKey, OPERATOR, systemEnvelope } from './testing/system';

const NEXT_KEY = new Uint8Array(32).fill(99);

/** What the gateway of a node signed. */
function gatewayEnvelope(node: number, expiresAt = 60_000): Authentic {
  const plain: Envelope = envelopeOf('plain', { expiresAt });
  const signer = { kind: 'gateway', nodeId: `node-${String(node)}` as NodeId, acceptedView: 0 as View } as const;
  const body = { signer, firstNonce: 1n, requests: plain.requests };
  return sealEnvelope(portableHash, body, encodeEnvelopeBody(body), new Uint8Array(64)) as Authentic;
}

/** node-`index` takes another key. */
function rotation(index: number): Authentic {
  const nodeId = `node-${String(index)}` as NodeId;
  const claim = { epoch: 0 as Epoch, stableSequence: 0 as Sequence, nodeId, publicKey: NEXT_KEY };
  return systemEnvelope({
    kind: 'rotate',
    node_id: nodeId,
    epoch: 0,
    stable_sequence: 0,
    public_key: toBase64Url(NEXT_KEY),
    proof_of_possession: toBase64Url(testSignature(NEXT_KEY, joinProofBytes(ZERO_DIGEST, claim))),
  });
}

const swarm = (): Cluster =>
  new Cluster(4, { committee: testCommittee(4, { operators: [OPERATOR] }), config: { snapshotGap: 4 } });

describe('what goes from one epoch into the next', () => {
  it('not what a gateway signed with an earlier key, however many epochs were skipped', () => {
    const cluster = swarm();
    cluster.run(20);
    cluster.filter = (from, to) => from !== 3 && to !== 3;
    const stale = gatewayEnvelope(1);
    const own = envelopeOf('alice');
    cluster.submit(3, stale);
    cluster.submit(3, own);
    cluster.submit(0, rotation(1));
    cluster.run(300);
    cluster.submit(0, systemEnvelope({ kind: 'reputation', node_id: 'node-2', behavior_score: 0.5, reason: 'late' }));
    cluster.run(300);
    const { replica } = cluster.node(3);
    expect(replica.waitingEnvelope(stale.id)).toBeDefined();
    expect(cluster.node(0).committee.epoch).toBe(2);
    // Only a state of epoch 2 is left to lead there from epoch 0, in one step.
    for (let count = 0; count < 40; count++) {
      cluster.submit(0, envelopeOf(`client ${String(count)}`));
      cluster.run(20);
    }
    for (const index of [0, 1, 2]) cluster.prune(index);
    // What nobody else accepts, nobody takes from it.
    cluster.filter = (from, _to, message) => from !== 3 || message.kind !== 'requests';
    cluster.run(600);
    const node = cluster.node(3);
    expect(node.effects.filter(({ kind }) => kind === 'epochEnded')).toMatchObject([
      { change: { table: { epoch: 2 } } },
    ]);
    expect(node.replica.waitingEnvelope(own.id)).toBeDefined();
    expect(node.replica.waitingEnvelope(stale.id)).toBeUndefined();
    cluster.checkAgreement();
  });

  it.each([
    { name: "a client's envelope goes on", envelope: envelopeOf('alice'), code: undefined },
    { name: 'so does one of a gateway that stays what it is', envelope: gatewayEnvelope(2), code: undefined },
    { name: 'one of a gateway with another key does not', envelope: gatewayEnvelope(1), code: 'wrong_epoch' },
    { name: 'nor one of a gateway that left', envelope: gatewayEnvelope(4), code: 'wrong_epoch' },
  ])('$name', ({ envelope, code }) => {
    const before = testCommittee(5);
    const members = before.table.members.slice(0, 4);
    const rotated = members.map((member, index) => (index === 1 ? { ...member, publicKey: NEXT_KEY } : member));
    const now = testCommittee(4, { members: rotated });
    expect(members[1]?.publicKey).toEqual(nodeKey(1));
    expect(lateRefusal(envelope, before, now)?.code).toBe(code);
  });
});
