import { buildDecisionCertificate, type DecisionCertificate } from '@concordat/client';
import { createSigner, nativeHash, signatureSuite, type StoredKey } from '@concordat/crypto';
import { asciiBytes, Committee, createBatch, millis, sequence, swarmId, view, type Genesis } from '@concordat/protocol';

/** A certificate for a decision of `value` at sequence 1 of view 0, signed by all members. `keys` are in the genesis's order. */
export function decisionOf(genesis: Genesis, keys: readonly StoredKey[], value: unknown): DecisionCertificate {
  const hash = nativeHash;
  const suite = signatureSuite(genesis.table.signatureScheme);
  const committee = new Committee(genesis.table, hash);
  const id = swarmId(hash, genesis);
  const domain = { swarmId: id, tableHash: committee.hash };
  const signers = keys.map(({ privateKey }) => createSigner({ suite, privateKey, hash, domain }));
  const [gateway] = signers;
  const [first] = genesis.table.members;
  if (gateway === undefined || first === undefined) throw new Error('a swarm without members');
  const request = {
    value: asciiBytes(JSON.stringify(value)),
    category: 'general',
    priority: 'normal',
    proposer: '',
    metadata: new Uint8Array(0),
    expiresAt: millis(1_800_000_000_000),
  } as const;
  const envelope = gateway.signEnvelope({
    signer: { kind: 'gateway', nodeId: first.nodeId, acceptedView: view(0) },
    firstNonce: 1n,
    requests: [request],
  });
  const batch = createBatch(hash, millis(1_700_000_000_000), [envelope]);
  const slot = { view: view(0), sequence: sequence(1), digest: batch.digest };
  const signatures = committee.indexesInOrder.map((sender) => {
    const statement = { kind: 'commit', epoch: committee.epoch, ...slot, sender } as const;
    const signature = signers[sender]?.signStatement(statement) ?? new Uint8Array(0);
    return { sender, signature };
  });
  const certificate = { ...slot, signatures };
  return buildDecisionCertificate({
    hash,
    committee,
    swarmId: id,
    certificate,
    batch,
    envelopeIndex: 0,
    requestIndex: 0,
  });
}
