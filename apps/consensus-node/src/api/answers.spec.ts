import { epochChainToJson, verifyDecision } from '@concordat/client';
import { createClientSigner, createSigner, nativeHash, signatureSuite } from '@concordat/crypto';
import {
  asciiBytes,
  blockDigest,
  chainHeaders,
  checkpointDigest,
  Committee,
  createBatch,
  createEpochTable,
  digest,
  epoch,
  Epochs,
  epochTableHash,
  memberIndex,
  millis,
  nodeId,
  NULL_DIGEST,
  sequence,
  swarmId,
  view,
  type Digest,
  type EngineName,
  type EpochTable,
  type MessageKind,
  type VoteSignature,
} from '@concordat/protocol';
import { type Phase } from '@concordat/consensus';
import { type ActiveRequest, type SettledRequest } from '@concordat/replica-host';
import { consensusAnswer } from './answers';

const suite = signatureSuite('ed25519');
const hash = nativeHash;
const END = sequence(32);
const PLACE = view(0);

const membersOf = (keys: readonly { readonly publicKey: Uint8Array }[]): EpochTable['members'] =>
  createEpochTable({
    members: keys.map(({ publicKey }, index) => ({ nodeId: nodeId(`n${index}`), publicKey })),
    checkpointInterval: 8,
  }).members;

const before = [0, 1, 2, 3].map(() => suite.generate());
const after = before.map((key, index) => (index === 0 ? suite.generate() : key));
const first = createEpochTable({ members: membersOf(before), checkpointInterval: 8 });
const second: EpochTable = { ...first, members: membersOf(after), epoch: epoch(1), baseSequence: END };
const genesis = { swarm: 'test', random: digest('7'.repeat(64)), table: first };
const id = swarmId(hash, genesis);

/** Signatures of the first three members of an epoch. */
function votes(table: EpochTable, kind: MessageKind, at: number, what: Digest): VoteSignature[] {
  const domain = { swarmId: id, tableHash: new Committee(table, hash).hash };
  return (table.epoch === 0 ? before : after).slice(0, 3).map(({ privateKey }, index) => {
    const sender = memberIndex(index);
    const statement = { kind, epoch: table.epoch, view: PLACE, sequence: sequence(at), digest: what, sender };
    return { sender, signature: createSigner({ suite, privateKey, hash, domain }).signStatement(statement) };
  });
}

const content = { stateDigest: digest('5'.repeat(64)), boundary: END, nextTableHash: epochTableHash(hash, second) };
const epochs = new Epochs(hash, first);
epochs.add({
  table: second,
  certificate: {
    sequence: END,
    content,
    signatures: votes(first, 'checkpoint', END, checkpointDigest(hash, END, content)),
  },
});

function settledAt(table: EpochTable, at: number, swarm = id): SettledRequest {
  const client = createClientSigner({ suite, privateKey: suite.generate().privateKey, hash, swarmId: swarm });
  const request = {
    value: asciiBytes('"go"'),
    category: 'general',
    priority: 'normal',
    proposer: '',
    metadata: new Uint8Array(0),
    expiresAt: millis(1_800_000_000_000),
  } as const;
  const envelope = client.signEnvelope({ firstNonce: 1n, requests: [request] });
  const batch = createBatch(hash, millis(1_700_000_000_000), [envelope]);
  const certificate = {
    view: PLACE,
    sequence: sequence(at),
    digest: batch.digest,
    signatures: votes(table, 'commit', at, batch.digest),
  };
  return {
    status: 'decided',
    proposalId: `${envelope.signerKey.slice(2)}:1`,
    envelope,
    request,
    envelopeIndex: 0,
    requestIndex: 0,
    block: { sequence: sequence(at), logTime: batch.time, batch, certificate },
    durationMs: 1,
  };
}

describe('the answer for a decided proposal', () => {
  it.each([
    ['of an epoch that is over', first, 1],
    ['at the very end of an epoch', first, END],
    ['of the epoch that the member is in', second, END + 1],
  ] as const)('%s carries a certificate that holds', (_, table, at) => {
    const answer = consensusAnswer(settledAt(table, at), { epochs, swarmId: id, byzantine: [] });
    if (answer.status !== 'decided') throw new Error(answer.status);
    const primitives = { hash, verifySignature: suite.verify };
    const chain = epochChainToJson(epochs, id, first.epoch, 1);
    const certificate: unknown = JSON.parse(JSON.stringify(answer.certificate));
    expect(verifyDecision(certificate, genesis, primitives, { chain })).toMatchObject({
      holds: true,
      epoch: table.epoch,
      sequence: at,
      proposal_id: answer.proposal_id,
    });
  });
});

it('the answer for a decision of HotStuff carries a certificate that holds, with the blocks that decide', () => {
  const table: EpochTable = { ...first, engine: 'hotstuff' };
  const linear = { ...genesis, table };
  const [swarm, committee] = [swarmId(hash, linear), new Committee(table, hash)];
  const settled = settledAt(table, 1, swarm);
  const { certificate } = settled.block;
  const chain = {
    parent: { view: PLACE, digest: digest('c'.repeat(64)) },
    above: [2, 3].map((own) => ({ view: view(own), batch: NULL_DIGEST })),
  };
  const decided = { ...certificate, view: view(1), signatures: [], chain };
  const last = chainHeaders(hash, decided, chain).at(-1)!;
  const signatures = before.slice(0, 3).map(({ privateKey }, index) => {
    const domain = { swarmId: swarm, tableHash: committee.hash };
    const said = { view: last.view, sequence: last.sequence, digest: blockDigest(hash, last) };
    const statement = { kind: 'vote', epoch: table.epoch, ...said, sender: memberIndex(index) } as const;
    const signature = createSigner({ suite, privateKey, hash, domain }).signStatement(statement);
    return { sender: statement.sender, signature };
  });
  const block = { ...settled.block, certificate: { ...decided, signatures } };
  const answer = consensusAnswer(
    { ...settled, block },
    { epochs: new Epochs(hash, table), swarmId: swarm, byzantine: [] },
  );
  if (answer.status !== 'decided') throw new Error(answer.status);
  const read: unknown = JSON.parse(JSON.stringify(answer.certificate));
  expect(verifyDecision(read, linear, { hash, verifySignature: suite.verify })).toMatchObject({
    holds: true,
    view: 1,
    sequence: 1,
    committed_by: ['n0', 'n1', 'n2'],
    proposal_id: answer.proposal_id,
  });
});

describe('the answer for a proposal that is not decided', () => {
  const active = (phase: Phase, voters: readonly number[]): ActiveRequest => ({
    status: 'active',
    proposalId: 'n1:2:1',
    envelopeId: digest('e'.repeat(64)),
    requestIndex: 0,
    proposer: 'me',
    progress: {
      phase,
      view: view(7),
      sequence: sequence(9),
      votes: { prePrepare: 1, prepare: 2, commit: 3 },
      voters: voters.map(memberIndex),
      behind: undefined,
      proposed: sequence(9),
      windowTop: sequence(64),
    },
  });
  const answerOf = (engine: EngineName, phase: Phase, voters: readonly number[]) =>
    consensusAnswer(active(phase, voters), {
      epochs: new Epochs(hash, { ...first, engine }),
      swarmId: id,
      byzantine: [],
    });

  it('has the phases of PBFT, each with the votes that are here', () => {
    expect(answerOf('pbft', 'commit', [0, 1, 2])).toEqual({
      proposal_id: 'n1:2:1',
      status: 'active',
      current_phase: 'commit',
      votes_by_phase: { 'pre-prepare': 1, prepare: 2, commit: 3 },
      view: 7,
      proposer: 'me',
    });
  });

  it.each([
    ['waiting', [], { prepare: 0, 'pre-commit': 0, commit: 0 }],
    ['prepare', [3], { prepare: 1, 'pre-commit': 0, commit: 0 }],
    ['pre-commit', [0, 1, 2], { prepare: 3, 'pre-commit': 0, commit: 0 }],
    ['commit', [0, 1, 2], { prepare: 3, 'pre-commit': 3, commit: 0 }],
    ['decided', [0, 1, 2], { prepare: 3, 'pre-commit': 3, commit: 3 }],
  ] as const)('has the phases of HotStuff: in %s, the votes that ended those before', (phase, voters, votes) => {
    expect(answerOf('hotstuff', phase, voters)).toMatchObject({ current_phase: phase, votes_by_phase: votes });
  });
});
