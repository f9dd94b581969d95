import type { DurableRecord } from '@concordat/consensus';
import {
  asciiBytes,
  checkpointDigest,
  createBatch,
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
  view,
  ZERO_DIGEST,
  type Batch,
  type CheckpointCertificate,
  type Draft,
  type NewView,
  type PreparedCertificate,
  type Sealer,
  type Signed,
  type WireLimits,
} from '@concordat/protocol';
import fc from 'fast-check';
import { DURABLE_KINDS, encodeDurableRecord, encodeOwnVote } from './durable';
import { recover, RecoveryError, type RecoveredVotes } from './durable-recovery';
import type { LogRecord } from './group';

const SELF = memberIndex(1);
const LIMITS: WireLimits = {
  requestsMax: 100,
  envelopeBytesMax: 10_000,
  batchBytesMax: 20_000,
  membersMax: 4,
  chained: false,
  signatureBytesMax: 64,
  windowSize: 128,
  baseSequence: sequence(0),
  messageBytesMax: 100_000,
};
const OPTIONS = {
  hash: portableHash,
  limits: LIMITS,
  widest: LIMITS,
  limitsOf: () => LIMITS,
  epoch: epoch(0),
  self: SELF,
};
const DOMAIN = { swarmId: ZERO_DIGEST, tableHash: ZERO_DIGEST };

/** 64 bytes that depend on what is signed: enough for a codec. */
const sign: Sealer['sign'] = (statement) => {
  const half = portableHash(statementBytes(DOMAIN, statement));
  return Uint8Array.of(...half, ...half);
};
const sealer = (overrides: Partial<Sealer> = {}): Sealer => ({
  hash: portableHash,
  epoch: epoch(0),
  sender: SELF,
  sign,
  ...overrides,
});
const sealed = (draft: Draft, overrides: Partial<Sealer> = {}): Signed => seal(sealer(overrides), draft);

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
const content = { stateDigest: digest('ab'.repeat(32)), boundary: sequence(0), nextTableHash: ZERO_DIGEST };
const stableAt = (n: number): CheckpointCertificate => ({ sequence: sequence(n), content, signatures });
const preparedAt = (n: number, inView: number, batch?: Batch): PreparedCertificate => ({
  view: view(inView),
  sequence: sequence(n),
  digest: batch?.digest ?? NULL_DIGEST,
  leaderSignature: new Uint8Array(64).fill(9),
  signatures,
});

const BATCH = batchOf('one');
const prePrepare = (n: number, batch: Batch | 'null' = BATCH): Signed =>
  sealed({
    kind: 'prePrepare',
    view: view(2),
    sequence: sequence(n),
    digest: batch === 'null' ? NULL_DIGEST : batch.digest,
    batch: batch === 'null' ? undefined : batch,
  });
const vote = (kind: 'prepare' | 'commit', n: number, inView = 0): Signed =>
  sealed({ kind, view: view(inView), sequence: sequence(n), digest: BATCH.digest });
const checkpoint = (n: number): Signed => sealed({ kind: 'checkpoint', sequence: sequence(n), content });
const viewChange = (to: number, stable?: CheckpointCertificate, prepared: PreparedCertificate[] = []): Signed =>
  sealed({ kind: 'viewChange', view: view(to), sequence: sequence(0), stable, prepared });
const newView = (to: number, sender = SELF): Signed<NewView> =>
  sealed(
    {
      kind: 'newView',
      view: view(to),
      sequence: sequence(0),
      viewChanges: [0, 1, 3].map((i) => ({ sender: memberIndex(i), digest: digest('cd'.repeat(32)) })),
      entries: [
        { sequence: sequence(9), digest: BATCH.digest },
        { sequence: sequence(10), digest: NULL_DIGEST },
      ],
    },
    { sender },
  ) as Signed<NewView>;

const durable = (record: DurableRecord): LogRecord => encodeDurableRecord(record);
const batchRecord = (n: number, batch = BATCH): LogRecord => durable({ kind: 'batch', sequence: sequence(n), batch });
const preparedRecord = (certificate: PreparedCertificate): LogRecord => durable({ kind: 'prepared', certificate });
const stableRecord = (n: number): LogRecord => durable({ kind: 'stable', certificate: stableAt(n) });
const stateRecord = (n: number, ...state: number[]): LogRecord =>
  durable({ kind: 'state', sequence: sequence(n), state: Uint8Array.from(state) });

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

const KINDS = [
  { name: 'PRE-PREPARE', vote: prePrepare(5), sequence: 5 },
  { name: 'PRE-PREPARE of the null batch', vote: prePrepare(6, 'null'), sequence: 6 },
  { name: 'PREPARE', vote: vote('prepare', 7), sequence: 7 },
  { name: 'COMMIT', vote: vote('commit', 8, 3), sequence: 8 },
  { name: 'CHECKPOINT', vote: checkpoint(64), sequence: 64 },
  {
    name: 'VIEW-CHANGE',
    vote: viewChange(4, stableAt(64), [preparedAt(70, 1, BATCH), preparedAt(72, 3)]),
    sequence: 0,
  },
  { name: 'VIEW-CHANGE from the genesis state', vote: viewChange(1), sequence: 0 },
  { name: 'NEW-VIEW', vote: newView(5), sequence: 0 },
];

describe('a member’s own vote', () => {
  it.each(KINDS)('$name comes back to the byte, under its sequence', ({ vote: own, sequence: expected }) => {
    const record = encodeOwnVote(own);
    expect(record).toMatchObject({ kind: DURABLE_KINDS.vote, sequence: expected });
    const { votes } = recovered(record);
    expect(votes).toEqual([own]);
    expect(votes.map(encodeMessage)).toEqual([encodeMessage(own)]);
  });

  it('keeps its place among the others', () => {
    const own = KINDS.map((row) => row.vote);
    expect(recovered(...own.map(encodeOwnVote)).votes).toEqual(own);
  });

  it('finds the batch that was recorded apart from it, for the same slot only', () => {
    const bare = encodeOwnVote({ ...prePrepare(5), batch: undefined } as Signed);
    expect(recovered(batchRecord(5), bare).votes).toEqual([prePrepare(5)]);
    expect(recovered(batchRecord(6), bare).votes).toEqual([{ ...prePrepare(5), batch: undefined }]);
  });
});

describe('what votes rest on', () => {
  it.each([
    { name: 'a batch', record: batchRecord(5), sequence: 5, found: { batches: [{ sequence: 5, batch: BATCH }] } },
    {
      name: 'a prepared certificate',
      record: preparedRecord(preparedAt(5, 2, BATCH)),
      sequence: 5,
      found: { prepared: [preparedAt(5, 2, BATCH)] },
    },
    {
      name: 'a NEW-VIEW of another member',
      record: durable({ kind: 'newView', message: newView(4, memberIndex(0)) }),
      sequence: 0,
      found: { newViews: [newView(4, memberIndex(0))] },
    },
    {
      name: 'a state',
      record: stateRecord(64, 1, 2, 3),
      sequence: 0,
      found: { state: { sequence: 64, bytes: Uint8Array.of(1, 2, 3) } },
    },
    { name: 'a stable checkpoint', record: stableRecord(64), sequence: 0, found: { stable: stableAt(64) } },
  ])('$name comes back as it was', ({ record, sequence: expected, found }) => {
    expect(record.sequence).toBe(expected);
    expect(recovered(record)).toEqual({ ...NOTHING, ...found });
  });

  it('gives every sort a number of its own', () => {
    const records = [
      encodeOwnVote(checkpoint(64)),
      batchRecord(1),
      preparedRecord(preparedAt(1, 0)),
      durable({ kind: 'newView', message: newView(1) }),
      stateRecord(64),
      stableRecord(64),
    ];
    expect(records.map(({ kind }) => kind)).toEqual([1, 2, 3, 4, 5, 6]);
  });
});

describe('recover', () => {
  it('finds nothing in an empty log', () => expect(recovered()).toEqual(NOTHING));

  it('chooses the highest of each, in whatever order it finds them', () => {
    const records = [
      stateRecord(128, 2),
      stateRecord(64, 1),
      stableRecord(64),
      preparedRecord(preparedAt(200, 1, BATCH)),
      preparedRecord(preparedAt(200, 3)),
      preparedRecord(preparedAt(200, 2, BATCH)),
      preparedRecord(preparedAt(199, 0)),
    ];
    fc.assert(
      fc.property(fc.shuffledSubarray(records, { minLength: records.length }), (shuffled) => {
        const found = recovered(...shuffled);
        expect(found.state?.sequence).toBe(128);
        expect(found.prepared).toEqual([preparedAt(199, 0), preparedAt(200, 3)]);
      }),
    );
    expect(recovered(stableRecord(128), stableRecord(64)).stable).toEqual(stableAt(128));
    expect(recovered(stateRecord(64, 1), stateRecord(64, 2)).state?.bytes).toEqual(Uint8Array.of(2));
  });

  it('drops what the stable checkpoint covers, wherever it stands, and nothing above', () => {
    const above = [prePrepare(65), vote('prepare', 66), vote('commit', 67), checkpoint(64), viewChange(3), newView(3)];
    const covered = [prePrepare(63), vote('prepare', 64), vote('commit', 1), checkpoint(32)];
    const slotRecords = [
      batchRecord(64),
      batchRecord(65),
      preparedRecord(preparedAt(64, 0)),
      preparedRecord(preparedAt(65, 0)),
    ];
    const records = [...covered, ...above].map(encodeOwnVote).concat(slotRecords, stableRecord(64));
    fc.assert(
      fc.property(fc.shuffledSubarray(records, { minLength: records.length }), (shuffled) => {
        const found = recovered(...shuffled);
        expect(new Set(found.votes.map((own) => `${own.kind} ${String(own.sequence)}`))).toEqual(
          new Set(above.map((own) => `${own.kind} ${String(own.sequence)}`)),
        );
        expect(found.batches.map((held) => held.sequence)).toEqual([65]);
        expect(found.prepared.map((held) => held.sequence)).toEqual([65]);
      }),
    );
  });

  it('holds a batch for each slot that it was proposed for, once', () => {
    const found = recovered(batchRecord(5), batchRecord(6), batchRecord(5));
    expect(found.batches.map((held) => held.sequence)).toEqual([5, 6]);
  });

  it('keeps none of the file that it reads', () => {
    const file = new Uint8Array(1 << 16);
    const record = batchRecord(5);
    file.set(record.payload, 100);
    const payload = file.subarray(100, 100 + record.payload.length);
    const [held] = recovered({ ...record, payload }).batches;
    file.fill(0xff);
    expect(held).toEqual({ sequence: 5, batch: BATCH });
    expect(held!.batch.envelopes[0]!.bytes.buffer).not.toBe(file.buffer);
  });

  it('passes over what an older epoch bound', () => {
    const options = { ...OPTIONS, epoch: epoch(1) };
    const old = [encodeOwnVote(viewChange(7)), durable({ kind: 'newView', message: newView(7) })];
    expect(recover(old, options)).toEqual(NOTHING);
  });

  it('passes over certificates of an older epoch, which had more members than this one', () => {
    const seven = { ...LIMITS, membersMax: 7 };
    const five = [0, 1, 2, 4, 6].map((i) => ({ sender: memberIndex(i), signature: new Uint8Array(64).fill(i) }));
    const old = [
      preparedRecord({ ...preparedAt(60, 1), signatures: five }),
      durable({ kind: 'stable', certificate: { ...stableAt(64), signatures: five } }),
    ];
    const now = [preparedRecord(preparedAt(66, 0)), durable({ kind: 'stable', certificate: stableAt(65) })];
    const limits = { ...LIMITS, baseSequence: sequence(64) };
    const found = recover([...old, ...now], { ...OPTIONS, epoch: epoch(1), limits, widest: seven });
    expect(found).toEqual({ ...NOTHING, prepared: [preparedAt(66, 0)], stable: stableAt(65) });
  });

  it('reads what it kept in an epoch with more members, and passes over it', () => {
    const smaller = { ...LIMITS, membersMax: signatures.length - 1, baseSequence: sequence(64) };
    const options = { ...OPTIONS, limits: smaller, epoch: epoch(1) };
    const log = [batchRecord(63), preparedRecord(preparedAt(63, 0)), stableRecord(64)];
    expect(recover(log, options)).toEqual(NOTHING);
    expect(recover([...log, batchRecord(65)], options).batches).toEqual([{ sequence: 65, batch: BATCH }]);
  });

  it.each([
    {
      name: 'another member’s vote',
      own: sealed(
        { kind: 'prepare', view: view(0), sequence: sequence(1), digest: NULL_DIGEST },
        { sender: memberIndex(2) },
      ),
    },
    {
      name: 'a vote of an epoch to come',
      own: sealed({ kind: 'prepare', view: view(0), sequence: sequence(1), digest: NULL_DIGEST }, { epoch: epoch(1) }),
    },
  ])('refuses $name as foreign', ({ own }) => {
    expect(errorOf([stateRecord(1), encodeOwnVote(own)])).toMatchObject({ code: 'foreign', kind: 'vote', index: 1 });
  });

  it('refuses a kind that it does not know', () => {
    const record = { kind: 99, sequence: 0, payload: new Uint8Array(0) };
    expect(errorOf([stableRecord(64), record])).toMatchObject({ code: 'unknown_kind', kind: 99, index: 1 });
  });

  it('refuses a NEW-VIEW record that holds something else', () => {
    const record = { ...encodeOwnVote(viewChange(1)), kind: DURABLE_KINDS.newView };
    expect(errorOf([record])).toMatchObject({ code: 'undecodable', kind: 'newView', index: 0 });
  });

  it.each([
    ...KINDS.map(({ name, vote: own }) => ({ name, kind: 'vote', record: encodeOwnVote(own) })),
    { name: 'batch', kind: 'batch', record: batchRecord(5) },
    { name: 'prepared certificate', kind: 'prepared', record: preparedRecord(preparedAt(5, 1)) },
    { name: 'entered NEW-VIEW', kind: 'newView', record: durable({ kind: 'newView', message: newView(1) }) },
    { name: 'stable checkpoint', kind: 'stable', record: stableRecord(64) },
  ])('names kind and place of a damaged $name', ({ kind, record }) => {
    const longer = { ...record, payload: Uint8Array.of(...record.payload, 0) };
    expect(errorOf([stateRecord(1), longer])).toMatchObject({ code: 'undecodable', kind, index: 1 });
    // A PRE-PREPARE that ends before its batch is one whose batch stands in a record of its own.
    for (let length = 0; length < record.payload.length; length++) {
      const cut = { ...record, payload: record.payload.subarray(0, length) };
      let error: unknown;
      let found: RecoveredVotes | undefined;
      try {
        found = recovered(stateRecord(1), cut);
      } catch (thrown) {
        error = thrown;
      }
      if (found === undefined)
        expect(error).toMatchObject({ name: 'RecoveryError', code: 'undecodable', kind, index: 1 });
      else expect(found.votes).toMatchObject([{ kind: 'prePrepare', batch: undefined }]);
    }
  });

  it('reads whatever was damaged as a RecoveryError or as another sound record, never as another error', () => {
    const records = [
      ...KINDS.map(({ vote: own }) => encodeOwnVote(own)),
      batchRecord(5),
      stableRecord(64),
      stateRecord(64, 1),
    ];
    fc.assert(
      fc.property(fc.constantFrom(...records), fc.nat(), fc.integer({ min: 1, max: 255 }), (record, place, flip) => {
        const payload = record.payload.slice();
        const at = place % payload.length;
        payload[at]! ^= flip;
        try {
          recovered({ ...record, payload });
        } catch (error) {
          expect(error).toBeInstanceOf(RecoveryError);
        }
      }),
    );
  });

  it('has checkpoints whose digest is the content’s', () => {
    const [own] = recovered(encodeOwnVote(checkpoint(64))).votes;
    expect(own!.digest).toBe(checkpointDigest(portableHash, sequence(64), content));
  });
});
