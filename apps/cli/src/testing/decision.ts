import {
  buildDecisionCertificate,
  epochChainToJson,
  type DecisionCertificate,
  type EpochChainJson,
} from '@concordat/client';
import { createSigner, nativeHash, signatureSuite, type StoredKey } from '@concordat/crypto';
import {
  asciiBytes,
  checkpointDigest,
  Committee,
  createBatch,
  epoch,
  Epochs,
  epochTableHash,
  memberIndex,
  millis,
  sequence,
  swarmId,
  view,
  ZERO_DIGEST,
  type EpochTable,
  type Genesis,
  type SigningDomain,
} from '@concordat/protocol';

type Signer = ReturnType<typeof createSigner>;
const hash = nativeHash;

function pensOf({ table }: Genesis, keys: readonly StoredKey[], domain: SigningDomain): Signer[] {
  const suite = signatureSuite(table.signatureScheme);
  return keys.map(({ privateKey }) => createSigner({ suite, privateKey, hash, domain }));
}

/** The chain from the genesis to an epoch 1 with the same members, signed by all of them. */
export function chainOf(genesis: Genesis, keys: readonly StoredKey[]): { table: EpochTable; chain: EpochChainJson } {
  const { table: first } = genesis;
  const base = sequence(first.windowSize);
  const table = { ...first, epoch: epoch(1), baseSequence: base };
  const committee = new Committee(first, hash);
  const id = swarmId(hash, genesis);
  const content = { stateDigest: ZERO_DIGEST, boundary: base, nextTableHash: epochTableHash(hash, table) };
  const about = {
    kind: 'checkpoint',
    epoch: first.epoch,
    view: view(0),
    sequence: base,
    digest: checkpointDigest(hash, base, content),
  } as const;
  const signatures = pensOf(genesis, keys, { swarmId: id, tableHash: committee.hash }).map((pen, index) => {
    const sender = memberIndex(index);
    return { sender, signature: pen.signStatement({ ...about, sender }) };
  });
  const epochs = new Epochs(hash, first);
  epochs.add({ table, certificate: { sequence: base, content, signatures } });
  return { table, chain: epochChainToJson(epochs, id, first.epoch, 1) };
}

/** A certificate for a decision of `value`, the first of an epoch, in view 0, signed by all members. `keys` are in the genesis's order. */
export function decisionOf(
  genesis: Genesis,
  keys: readonly StoredKey[],
  value: unknown,
  table = genesis.table,
): DecisionCertificate {
  const committee = new Committee(table, hash);
  const id = swarmId(hash, genesis);
  const signers = pensOf(genesis, keys, { swarmId: id, tableHash: committee.hash });
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
  const slot = { view: view(0), sequence: sequence(table.baseSequence + 1), digest: batch.digest };
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
