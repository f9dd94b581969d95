import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  asciiBytes,
  blockDigest,
  chainHeaders,
  checkpointDigest,
  Committee,
  createBatch,
  decodeBatch,
  decodeEnvelope,
  epoch,
  Epochs,
  epochTableHash,
  fromHex,
  genesisFromJson,
  memberIndex,
  NULL_DIGEST,
  portableHash,
  sequence,
  statementBytes,
  swarmId,
  toHex,
  view,
  wireLimits,
  type CommitChain,
  type Digest,
  type EpochTable,
  type MemberIndex,
  type Statement,
  type VoteSignature,
} from '@concordat/protocol';
import nacl from 'tweetnacl';
import { buildDecisionCertificate } from './decision-certificate';
import type { ChainedDecision } from './decision-format';
import { epochChainToJson } from './epoch-chain-format';
import { primitives } from './testing/decided';
import { verifyDecision } from './verify-decision';

/*
 * A chain of epochs and a certificate for whoever writes a verifier in another language, of the swarm of the protocol library's
 * golden files. After a deliberate change of the format: UPDATE_GOLDEN=1 npx jest --selectProjects client --testPathPatterns golden
 */
const LIBS = join(__dirname, '..', '..');
const FOLDER = join(LIBS, 'client', 'golden');
const UPDATE = process.env['UPDATE_GOLDEN'] === '1';

const read = (...path: string[]): unknown => JSON.parse(readFileSync(join(LIBS, ...path), 'utf8'));
const genesis = genesisFromJson((read('protocol', 'golden', 'genesis.json') as { fields: unknown }).fields);
const { hex } = read('protocol', 'golden', 'batch.json') as { hex: string };
const batch = decodeBatch(portableHash, fromHex(hex), wireLimits(genesis.table));
const SWARM_ID = swarmId(portableHash, genesis);
const END = sequence(32);

const sign = (sender: MemberIndex, bytes: Uint8Array): Uint8Array => {
  const seed = portableHash(asciiBytes(`concordat golden key of n${String(sender)}`));
  return nacl.sign.detached(bytes, nacl.sign.keyPair.fromSeed(seed).secretKey);
};

interface Signature {
  readonly signer: string;
  readonly what: string;
  readonly signing_bytes: string;
  readonly signature: string;
}

/** Signatures of members under one statement, as certificates hold them and as the files explain them. */
function signedBy(
  committee: Committee,
  about: Omit<Statement, 'sender'>,
  senders: readonly number[],
  swarm = SWARM_ID,
): { votes: VoteSignature[]; explained: Signature[] } {
  const domain = { swarmId: swarm, tableHash: committee.hash };
  const all = senders.map((index) => {
    const sender = memberIndex(index);
    const bytes = statementBytes(domain, { ...about, sender });
    return { sender, bytes, signature: sign(sender, bytes) };
  });
  return {
    votes: all.map(({ sender, signature }) => ({ sender, signature })),
    explained: all.map(({ sender, bytes, signature }) => ({
      signer: `n${String(sender)}`,
      what: about.kind,
      signing_bytes: toHex(bytes),
      signature: toHex(signature),
    })),
  };
}

const first = new Committee(genesis.table, portableHash);
const table: EpochTable = {
  ...genesis.table,
  epoch: epoch(1),
  baseSequence: END,
  members: genesis.table.members.map((member, index) => ({
    ...member,
    reputation: index === 1 ? 940_000 : member.reputation,
    isolated: index === 3,
    capabilities: index === 0 ? ['plan'] : [],
  })),
};
const second = new Committee(table, portableHash);
const content = {
  stateDigest: '32'.repeat(32) as Digest,
  boundary: END,
  nextTableHash: epochTableHash(portableHash, table),
};
const checkpoint = signedBy(
  first,
  {
    kind: 'checkpoint',
    epoch: epoch(0),
    view: view(0),
    sequence: END,
    digest: checkpointDigest(portableHash, END, content),
  },
  [0, 1, 2],
);
const epochs = new Epochs(portableHash, genesis.table);
epochs.add({ table, certificate: { sequence: END, content, signatures: checkpoint.votes } });

const slot = { view: view(2), sequence: sequence(33), digest: batch.digest };
const commits = signedBy(second, { kind: 'commit', epoch: epoch(1), ...slot }, [0, 1, 2, 3]);

/** The swarm of the linear engine: as above, in one epoch. */
const linear = genesisFromJson((read('protocol', 'golden', 'genesis-hotstuff.json') as { fields: unknown }).fields);
const LINEAR_ID = swarmId(portableHash, linear);
const linearCommittee = new Committee(linear.table, portableHash);
const envelopes = ['gateway', 'client'].map((name) => {
  const { hex: bytes } = read('protocol', 'golden', `envelope-${name}-hotstuff.json`) as { hex: string };
  return decodeEnvelope(portableHash, fromHex(bytes), wireLimits(linear.table));
});
const linearBatch = createBatch(portableHash, batch.time, envelopes);
const block = { view: view(5), sequence: sequence(9), digest: linearBatch.digest };
const chain: CommitChain = {
  parent: { view: view(4), digest: '44'.repeat(32) as Digest },
  above: [7, 8, 9].map((own) => ({ view: view(own), batch: NULL_DIGEST })),
};
const [last] = chainHeaders(portableHash, { ...block, signatures: [] }, chain).slice(-1);
const votes = signedBy(
  linearCommittee,
  {
    kind: 'vote',
    epoch: epoch(0),
    view: last!.view,
    sequence: last!.sequence,
    digest: blockDigest(portableHash, last!),
  },
  [0, 1, 3],
  LINEAR_ID,
);

const goldens: Readonly<Record<string, unknown>> = {
  'decision-hotstuff.json': {
    name: 'decision certificate of the linear engine',
    description:
      "The client's second request in the batch of message-proposal.json, decided at sequence 9 by votes for the block of view 9, three above; view 6 was given up.",
    fields: buildDecisionCertificate({
      hash: portableHash,
      committee: linearCommittee,
      swarmId: LINEAR_ID,
      certificate: { ...block, signatures: votes.votes, chain },
      batch: linearBatch,
      envelopeIndex: 1,
      requestIndex: 1,
    }),
    signatures: votes.explained,
  },
  'epochs.json': {
    name: 'chain of epochs',
    description:
      'Epoch 0 ended with sequence 32; n3 is isolated in epoch 1. `fields` is what a member answers and a verifier reads.',
    fields: epochChainToJson(epochs, SWARM_ID, epoch(0), 1),
    table_hashes: [second.hash],
    signatures: checkpoint.explained,
  },
  'decision-epoch-1.json': {
    name: 'decision certificate of epoch 1',
    description:
      "The client's second request in batch.json, decided at sequence 33. The COMMIT of n3, which is isolated, weighs nothing.",
    fields: buildDecisionCertificate({
      hash: portableHash,
      committee: second,
      swarmId: SWARM_ID,
      certificate: { ...slot, signatures: commits.votes },
      batch,
      envelopeIndex: 1,
      requestIndex: 1,
    }),
    signatures: commits.explained,
  },
};

beforeAll(() => {
  if (!UPDATE) return;
  mkdirSync(FOLDER, { recursive: true });
  for (const [file, golden] of Object.entries(goldens))
    writeFileSync(join(FOLDER, file), JSON.stringify(golden, null, 2));
  const prettier = join(LIBS, '..', 'node_modules', 'prettier', 'bin', 'prettier.cjs');
  execFileSync(process.execPath, [prettier, '--log-level', 'warn', '--write', FOLDER]);
});

const fieldsOf = (file: string): Record<string, unknown> =>
  (read('client', 'golden', file) as { fields: Record<string, unknown> }).fields;

describe('golden files', () => {
  it('are these and no others', () => expect(readdirSync(FOLDER).sort()).toEqual(Object.keys(goldens).sort()));

  it.each(Object.keys(goldens))('%s is what this code makes', (file) => {
    expect(read('client', 'golden', file)).toEqual(JSON.parse(JSON.stringify(goldens[file])));
  });

  it('the certificate of the linear engine holds, and fails without one of its blocks', () => {
    const certificate = fieldsOf('decision-hotstuff.json') as unknown as ChainedDecision;
    expect(verifyDecision(certificate, linear, primitives)).toMatchObject({
      holds: true,
      view: 5,
      sequence: 9,
      committed_by: ['n0', 'n1', 'n3'],
    });
    const { chain: whole } = certificate;
    const shorter = { ...certificate, chain: { ...whole, above: whole.above.slice(1) } };
    expect(verifyDecision(shorter, linear, primitives)).toMatchObject({
      holds: false,
      reason: expect.stringContaining('its last three views are not consecutive') as string,
    });
  });

  it('the certificate holds with the chain, signed by one implementation and verified by another', () => {
    const certificate = fieldsOf('decision-epoch-1.json');
    const chain = fieldsOf('epochs.json');
    expect(verifyDecision(certificate, genesis, primitives, { chain })).toMatchObject({
      holds: true,
      epoch: 1,
      sequence: 33,
      committed_by: ['n0', 'n1', 'n2'],
      weight: 3,
      quorum_weight: 3,
    });
    expect(verifyDecision(certificate, genesis, primitives).holds).toBe(false);
    const commits = (certificate['commits'] as unknown[]).slice(1);
    expect(verifyDecision({ ...certificate, commits }, genesis, primitives, { chain })).toMatchObject({
      holds: false,
      reason: 'commits: commit certificate: weight 2 is below the quorum of 3',
    });
  });
});
