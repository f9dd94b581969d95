import {
  asciiBytes,
  blockDigest,
  createBatch,
  createEpochTable,
  digest,
  encodeEnvelopeBody,
  encodeMessage,
  epoch,
  memberIndex,
  millis,
  nodeId,
  NULL_DIGEST,
  portableHash,
  seal,
  sealEnvelope,
  sequence,
  statementBytes,
  timeoutDigest,
  view,
  wireLimits,
  ZERO_DIGEST,
  type Batch,
  type BlockReference,
  type Draft,
  type Proposal,
  type QuorumCertificate,
  type Signed,
  type Statement,
} from '@concordat/protocol';
import fc from 'fast-check';
import { DURABLE_KINDS, encodeDurableRecord, encodeOwnVote } from './durable';
import { recover, RecoveryError, type RecoveredVotes, type RecoveryOptions } from './durable-recovery';
import type { LogRecord } from './group';

const SELF = memberIndex(1);
const LIMITS = wireLimits(
  createEpochTable({
    engine: 'hotstuff',
    members: [0, 1, 2, 3].map((i) => ({
      nodeId: nodeId(`node-${String(i)}`),
      publicKey: new Uint8Array(32).fill(i + 1),
    })),
  }),
);
const OPTIONS: RecoveryOptions = {
  hash: portableHash,
  limits: LIMITS,
  widest: LIMITS,
  limitsOf: () => LIMITS,
  epoch: epoch(0),
  self: SELF,
};

const sign = (statement: Statement): Uint8Array => {
  const half = portableHash(statementBytes({ swarmId: ZERO_DIGEST, tableHash: ZERO_DIGEST }, statement));
  return Uint8Array.of(...half, ...half);
};
const sealed = <D extends Draft>(draft: D, sender = SELF, inEpoch = 0): Signed =>
  seal({ hash: portableHash, epoch: epoch(inEpoch), sender, sign }, draft);

function batchOf(text: string): Batch {
  const body = {
    signer: { kind: 'gateway', nodeId: nodeId('node-1'), acceptedView: view(0) },
    firstNonce: 1n,
    requests: [
      {
        value: asciiBytes(`"${text}"`),
        category: 'general',
        priority: 'normal',
        proposer: '',
        metadata: new Uint8Array(0),
        expiresAt: millis(99),
      },
    ],
  } as const;
  const envelope = sealEnvelope(portableHash, body, encodeEnvelopeBody(body), new Uint8Array(64).fill(7));
  return createBatch(portableHash, millis(1000), [envelope]);
}

const signatures = [0, 2, 3].map((i) => ({ sender: memberIndex(i), signature: new Uint8Array(64).fill(i) }));
const parent: BlockReference = { view: view(4), digest: digest('ab'.repeat(32)) };
const justifyAt = (height: number): QuorumCertificate => ({
  view: parent.view,
  sequence: sequence(height),
  digest: parent.digest,
  signatures,
});

interface ProposalOptions {
  readonly batch?: Batch;
  readonly sender?: typeof SELF;
  readonly inEpoch?: number;
}

function proposal(inView: number, height: number, options: ProposalOptions = {}): Signed<Proposal> {
  const { batch, sender = SELF, inEpoch = 0 } = options;
  const batchDigest = batch?.digest ?? NULL_DIGEST;
  const header = { view: view(inView), sequence: sequence(height), parent };
  const draft = {
    kind: 'proposal',
    ...header,
    digest: blockDigest(portableHash, { ...header, batch: batchDigest }),
    batchDigest,
    justify: justifyAt(height - 1),
    timeouts: undefined,
    batch,
  } as const;
  return sealed(draft, sender, inEpoch) as Signed<Proposal>;
}
const vote = (inView: number, height: number, content = 'a', inEpoch = 0): Signed =>
  sealed(
    { kind: 'vote', view: view(inView), sequence: sequence(height), digest: digest(content.repeat(64)) },
    SELF,
    inEpoch,
  );
const timeout = (inView: number, highest = parent): Signed =>
  sealed({
    kind: 'timeout',
    view: view(inView),
    sequence: sequence(0),
    digest: timeoutDigest(portableHash, highest),
    highest,
    justify: { ...justifyAt(8), view: highest.view, digest: highest.digest },
    timeouts: {
      view: view(inView - 1),
      timeouts: signatures.map((signature) => ({ ...signature, highest })),
    },
  });

const OTHER = memberIndex(0);
const BATCH = batchOf('one');
const votedFor = (message: Signed<Proposal>): LogRecord => encodeDurableRecord({ kind: 'proposal', message });
const lock = (inView: number, content = 'c', inEpoch = 0): LogRecord =>
  encodeDurableRecord({
    kind: 'lock',
    epoch: epoch(inEpoch),
    locked: { view: view(inView), digest: digest(content.repeat(64)) },
  });
const stableAt = (height: number): LogRecord =>
  encodeDurableRecord({
    kind: 'stable',
    certificate: {
      sequence: sequence(height),
      content: { stateDigest: ZERO_DIGEST, boundary: sequence(0), nextTableHash: ZERO_DIGEST },
      signatures,
    },
  });

const NOTHING: RecoveredVotes = {
  state: undefined,
  stable: undefined,
  votes: [],
  batches: [],
  prepared: [],
  newViews: [],
  proposals: [],
  locked: undefined,
  abstained: undefined,
  evidence: [],
};
const recovered = (...records: LogRecord[]): RecoveredVotes => recover(records, OPTIONS);
function errorOf(records: readonly LogRecord[], options = OPTIONS): RecoveryError {
  try {
    recover(records, options);
  } catch (error) {
    if (error instanceof RecoveryError) return error;
    throw error;
  }
  throw new Error('the log was read');
}

describe('a member’s own vote in the linear engine', () => {
  it.each([
    { name: 'proposal', own: proposal(5, 9, { batch: BATCH }), sequence: 9 },
    { name: 'proposal of the null batch', own: proposal(5, 9), sequence: 9 },
    { name: 'vote', own: vote(5, 9), sequence: 9 },
    { name: 'TIMEOUT', own: timeout(6), sequence: 0 },
  ])('$name comes back to the byte, under its height', ({ own, sequence: expected }) => {
    const record = encodeOwnVote(own);
    expect(record).toMatchObject({ kind: DURABLE_KINDS.vote, sequence: expected });
    expect(recovered(record)).toEqual({ ...NOTHING, votes: [own] });
    expect(recovered(record).votes.map(encodeMessage)).toEqual([encodeMessage(own)]);
  });

  it('is the newest of its kind, in whatever order the log has them', () => {
    const all = [vote(5, 9), vote(6, 9), vote(7, 8), timeout(4), timeout(8), timeout(6)];
    fc.assert(
      fc.property(fc.shuffledSubarray(all, { minLength: all.length }), (shuffled) => {
        const { votes } = recovered(...shuffled.map(encodeOwnVote));
        expect(votes.map(({ kind, view: inView }) => `${kind} ${String(inView)}`).sort()).toEqual([
          'timeout 8',
          'vote 7',
        ]);
      }),
    );
  });

  it('binds in its view whatever height is stable: heights say nothing about views', () => {
    const own = [proposal(7, 8, { batch: BATCH }), vote(7, 8), timeout(7)];
    const older = proposal(5, 7);
    const records = [older, ...own].map(encodeOwnVote);
    for (const log of [
      [...records, stableAt(16)],
      [stableAt(16), ...records],
    ])
      expect(new Set(recovered(...log).votes)).toEqual(new Set(own));
  });

  it('is there once, though a newer file repeats it', () => {
    const own = [proposal(7, 8), vote(7, 8), timeout(7)];
    const records = [...own, ...own].map(encodeOwnVote);
    expect(recovered(...records, stableAt(16)).votes).toHaveLength(3);
  });

  it.each([
    { name: 'votes', first: vote(5, 9), second: vote(5, 9, 'b') },
    { name: 'votes at two heights', first: vote(5, 9), second: vote(5, 10, 'b') },
    { name: 'proposals', first: proposal(5, 9), second: proposal(5, 9, { batch: BATCH }) },
    { name: 'proposals at two heights', first: proposal(5, 9), second: proposal(5, 10) },
    { name: 'TIMEOUTs', first: timeout(6), second: timeout(6, { ...parent, view: view(3) }) },
  ])('two $name of one view are no log to start on', ({ first, second }) => {
    expect(errorOf([first, second].map(encodeOwnVote))).toMatchObject({
      code: 'contradictory',
      kind: 'vote',
      index: 1,
    });
    expect(errorOf([encodeOwnVote(second), stableAt(16), encodeOwnVote(first)])).toMatchObject({
      code: 'contradictory',
      index: 2,
    });
  });

  it.each([
    { name: 'proposal', own: proposal(5, 9, { sender: OTHER }) },
    { name: 'vote', own: sealed({ kind: 'vote', view: view(1), sequence: sequence(1), digest: NULL_DIGEST }, OTHER) },
  ])('is no other member’s $name', ({ own }) =>
    expect(errorOf([encodeOwnVote(own)])).toMatchObject({ code: 'foreign', kind: 'vote' }),
  );
});

describe('a block that was voted for', () => {
  it('comes back whole, under its height, whoever proposed it', () => {
    const message = proposal(5, 9, { batch: BATCH, sender: OTHER });
    const record = votedFor(message);
    expect(record).toMatchObject({ kind: DURABLE_KINDS.proposal, sequence: 9 });
    expect(recovered(record)).toEqual({ ...NOTHING, proposals: [message] });
  });

  it('keeps its place, and is there once, though a newer file repeats it', () => {
    const all = [proposal(5, 9, { sender: OTHER }), proposal(6, 9), proposal(7, 10, { batch: BATCH })];
    expect(recovered(...[...all, ...all.toReversed()].map(votedFor)).proposals).toEqual(all);
  });

  it('ends with the stable checkpoint, wherever that stands', () => {
    const records = [proposal(5, 16), proposal(6, 17), proposal(7, 18)].map(votedFor).concat(stableAt(17));
    fc.assert(
      fc.property(fc.shuffledSubarray(records, { minLength: records.length }), (shuffled) =>
        expect(recovered(...shuffled).proposals.map(({ view: inView }) => inView)).toEqual([7]),
      ),
    );
  });

  it('of an older epoch is passed over, and of a later one refused', () => {
    const later = { ...OPTIONS, epoch: epoch(1) };
    const own = [votedFor(proposal(5, 9)), lock(5), ...[vote(5, 9), timeout(6), proposal(5, 9)].map(encodeOwnVote)];
    expect(recover(own, later)).toEqual(NOTHING);
    expect(errorOf([votedFor(proposal(5, 9, { inEpoch: 1 }))])).toMatchObject({ code: 'foreign', kind: 'proposal' });
    expect(errorOf([lock(5, 'c', 1)])).toMatchObject({ code: 'foreign', kind: 'lock' });
    expect(errorOf([encodeOwnVote(vote(5, 9, 'a', 1))])).toMatchObject({ code: 'foreign', kind: 'vote' });
  });

  it('is nothing else', () => {
    const record = { ...encodeOwnVote(vote(5, 9)), kind: DURABLE_KINDS.proposal };
    expect(errorOf([record])).toMatchObject({ code: 'undecodable', kind: 'proposal', index: 0 });
  });
});

describe('a lock', () => {
  it('is the one of the highest view', () => {
    expect(lock(5)).toMatchObject({ kind: DURABLE_KINDS.lock, sequence: 0 });
    expect(recovered(lock(5)).locked).toEqual({ view: 5, digest: 'c'.repeat(64) });
    for (const log of [
      [lock(5, 'd'), lock(7, 'e'), lock(6, 'f')],
      [lock(7, 'e'), lock(5, 'd')],
    ])
      expect(recovered(...log, stableAt(16)).locked).toEqual({ view: 7, digest: 'e'.repeat(64) });
  });
});

describe('an abstention', () => {
  const abstention = (through: number, inEpoch = 0) =>
    encodeDurableRecord({ kind: 'abstention', epoch: epoch(inEpoch), through: view(through) });

  it('is the highest of its epoch, and of a later one refused', () => {
    expect(recovered(abstention(9), abstention(12), abstention(10), stableAt(16)).abstained).toBe(12);
    expect(recover([abstention(9)], { ...OPTIONS, epoch: epoch(1) })).toEqual(NOTHING);
    expect(errorOf([abstention(9, 1)])).toMatchObject({ code: 'foreign', kind: 'abstention' });
  });
});

it.each([
  {
    kind: 'abstention',
    record: encodeDurableRecord({ kind: 'abstention', epoch: epoch(0), through: view(9) }),
  },
  { kind: 'proposal', record: votedFor(proposal(5, 9, { batch: BATCH })) },
  { kind: 'lock', record: lock(5) },
  { kind: 'vote', record: encodeOwnVote(proposal(5, 9, { batch: BATCH })) },
  { kind: 'vote', record: encodeOwnVote(vote(5, 9)) },
  { kind: 'vote', record: encodeOwnVote(timeout(6)) },
])('a $kind record that is cut anywhere, or longer, is named', ({ kind, record }) => {
  const longer = { ...record, payload: Uint8Array.of(...record.payload, 0) };
  expect(errorOf([stableAt(1), longer])).toMatchObject({ code: 'undecodable', kind, index: 1 });
  for (let length = 0; length < record.payload.length; length++)
    expect(errorOf([{ ...record, payload: record.payload.subarray(0, length) }])).toMatchObject({
      code: 'undecodable',
      kind,
      index: 0,
    });
});
