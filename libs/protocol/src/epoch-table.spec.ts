import * as fc from 'fast-check';
import { toHex } from './bytes';
import { checkEpochTable, EpochTableError, MEMBERS_MAX, type EpochTable, type Member } from './epoch-table';
import { Committee } from './committee';
import { encodeEpochTable, epochTableHash } from './epoch-table-codec';
import { createEpochTable } from './genesis';
import { portableHash, purposeDigest } from './hash';
import { memberIndex, nodeId, sequence, view, type Epoch, type MemberIndex, type NodeId } from './ids';
import { quorumByCount } from './quorum';
import { createSwarm, memberNames, toyKeys } from './testing/swarm';

fc.configureGlobal({ seed: 6, numRuns: 200 });

const membersOf = (n: number, change: (index: number) => Partial<Member> = () => ({})): Member[] =>
  memberNames(n).map((name, index) => ({
    nodeId: nodeId(name),
    publicKey: toyKeys.publicKey(name),
    weight: 1,
    reputation: 1_000_000,
    isolated: false,
    capabilities: [],
    ...change(index),
  }));

const table = createEpochTable({ members: membersOf(4) });
const withMember = (index: number, change: Partial<Member>): Partial<EpochTable> => ({
  members: table.members.map((member, at) => (at === index ? { ...member, ...change } : member)),
});

/** The field that is named when the table is refused; undefined when it is accepted. */
function refusedField(change: Partial<EpochTable>): string | undefined {
  try {
    checkEpochTable({ ...table, ...change });
    return undefined;
  } catch (error) {
    if (!(error instanceof EpochTableError)) throw error;
    expect(error.message.startsWith(`${error.field}: `)).toBe(true);
    return error.field;
  }
}

describe('refusals name their field', () => {
  const weighted = (...weights: number[]): Partial<EpochTable> => ({
    weightedVoting: true,
    members: membersOf(weights.length, (index) => ({ weight: weights[index]! })),
    f: Math.floor((weights.length - 1) / 3),
  });
  const rows: [field: string, what: string, change: Partial<EpochTable>][] = [
    ['members', 'nobody', { members: [], f: 0 }],
    ['members', `more than ${String(MEMBERS_MAX)}`, { members: membersOf(MEMBERS_MAX + 1) }],
    ['members', 'one holds a third of the weight', weighted(2, 1, 1, 2)],
    ['f', 'more than n tolerates', { f: 2 }],
    ['f', 'below 0', { f: -1 }],
    ['f', 'no integer', { f: 0.5 }],
    ['f', 'no number', { f: Number.NaN }],
    ['members[1].node_id', 'no id', withMember(1, { nodeId: 'a.b' as NodeId })],
    ['members[2].node_id', 'empty', withMember(2, { nodeId: '' as NodeId })],
    ['members[3].node_id', 'twice', withMember(3, { nodeId: nodeId('n0') })],
    ['members[2].public_key', 'twice', withMember(2, { publicKey: toyKeys.publicKey('n1') })],
    ['members[0].public_key length', 'Ed25519 of 31 bytes', withMember(0, { publicKey: new Uint8Array(31) })],
    ['members[0].public_key length', 'Ed25519 of 33 bytes', withMember(0, { publicKey: new Uint8Array(33) })],
    ['members[0].public_key length', 'RSA of 32 bytes', { signatureScheme: 'rsa-pss-2048' }],
    ['members[1].weight', '0', { ...weighted(1, 0, 1, 1) }],
    ['members[1].weight', 'a fraction', { ...weighted(1, 1.5, 1, 1) }],
    ['members[1].weight', 'above a million', { ...weighted(1_000_000, 1_000_001, 1_000_000, 1_000_000) }],
    ['members[1].weight', '2 where votes are counted', withMember(1, { weight: 2 })],
    ['checkpoint_interval', '0', { checkpointInterval: 0 }],
    ['checkpoint_interval', 'above 65536', { checkpointInterval: 65_537, windowSize: 131_072 }],
    ['window_size', 'below 2K', { checkpointInterval: 16, windowSize: 31 }],
    ['window_size', 'above 131072', { windowSize: 131_073 }],
    ['window_size', 'below 4 with HotStuff', { engine: 'hotstuff', checkpointInterval: 1, windowSize: 3 }],
    ['batch_requests_max', '0', { batchRequestsMax: 0 }],
    ['batch_requests_max', 'above 10000', { batchRequestsMax: 10_001 }],
    ['batch_bytes_max', 'below 1024', { batchBytesMax: 1023 }],
    ['batch_bytes_max', 'above 64 MiB', { batchBytesMax: (64 << 20) + 1 }],
    ['log_time_bound_ms', '0', { logTimeBoundMs: 0 }],
    ['log_time_bound_ms', 'above a day', { logTimeBoundMs: 86_400_001 }],
    ['request_lifetime_max_ms', '0', { requestLifetimeMaxMs: 0 }],
    ['request_lifetime_max_ms', 'above a day', { requestLifetimeMaxMs: 86_400_001 }],
    ['nonce_window', 'below 64', { nonceWindow: 32 }],
    ['nonce_window', 'no multiple of 32', { nonceWindow: 100 }],
    ['nonce_window', 'above 2^20', { nonceWindow: (1 << 20) + 32 }],
    ['clients_max', '0', { clientsMax: 0 }],
    ['clients_max', 'above 10 million', { clientsMax: 10_000_001 }],
  ];
  it.each(rows)('%s: %s', (field, _, change) => expect(refusedField(change)).toBe(field));
});

describe('accepts what is at its bounds', () => {
  const rows: [what: string, change: Partial<EpochTable>][] = [
    ['the defaults', {}],
    ['one member', { members: membersOf(1), f: 0 }],
    ['f below what n tolerates', { f: 0 }],
    [`${String(MEMBERS_MAX)} members`, { members: membersOf(MEMBERS_MAX), f: 341 }],
    [
      'the least of everything',
      {
        checkpointInterval: 1,
        windowSize: 2,
        batchRequestsMax: 1,
        batchBytesMax: 1024,
        logTimeBoundMs: 1,
        requestLifetimeMaxMs: 1,
        nonceWindow: 64,
        clientsMax: 1,
      },
    ],
    [
      'the most of everything',
      {
        checkpointInterval: 65_536,
        windowSize: 131_072,
        batchRequestsMax: 10_000,
        batchBytesMax: 64 << 20,
        logTimeBoundMs: 86_400_000,
        requestLifetimeMaxMs: 86_400_000,
        nonceWindow: 1 << 20,
        clientsMax: 10_000_000,
      },
    ],
    [
      'weights up to a million',
      {
        weightedVoting: true,
        members: membersOf(4, () => ({ weight: 1_000_000 })),
      },
    ],
    [
      'RSA keys',
      {
        signatureScheme: 'rsa-pss-2048',
        members: membersOf(4, (index) => ({ publicKey: new Uint8Array(294).fill(index) })),
      },
    ],
  ];
  it.each(rows)('%s', (_, change) => expect(refusedField(change)).toBeUndefined());
});

describe('canonical bytes', () => {
  it('are laid out as the specification says', () => {
    const small: EpochTable = {
      ...table,
      epoch: 3 as Epoch,
      baseSequence: sequence(0x30000),
      weightedVoting: true,
      f: 0,
      checkpointInterval: 0x0102,
      windowSize: 0x01020304,
      batchRequestsMax: 0x2710,
      batchBytesMax: 0x00112233,
      logTimeBoundMs: 0x0a0b0c,
      requestLifetimeMaxMs: 0x010203,
      nonceWindow: 0x0800,
      clientsMax: 0x998877,
      members: [
        {
          nodeId: nodeId('n0'),
          publicKey: new Uint8Array(32).fill(0x55),
          weight: 7,
          reputation: 0x000a0b0c,
          isolated: true,
          capabilities: ['gpu'],
        },
      ],
      operators: [new Uint8Array(32).fill(0x66)],
    };
    expect(toHex(encodeEpochTable(small))).toBe(
      [
        '0000000000000003', // epoch
        '0000000000030000', // base_sequence
        '0101010101', // pbft, ed25519, signature-list, round-robin, weighted
        '0000', // f
        '00000102', // K
        '01020304', // L
        '00002710', // batch_requests_max
        '00112233', // batch_bytes_max
        '00000000000a0b0c', // log_time_bound_ms
        '0000000000010203', // request_lifetime_max_ms
        '00000800', // nonce_window
        '00998877', // clients_max
        '0001', // members
        `026e300020${'55'.repeat(32)}00000007000a0b0c010103677075`,
        `00010020${'66'.repeat(32)}`, // operators
      ].join(''),
    );
    expect(epochTableHash(portableHash, small)).toBe(
      purposeDigest(portableHash, 'epoch-table', encodeEpochTable(small)),
    );
  });

  it('differ when any field differs', () => {
    const changes: Partial<EpochTable>[] = [
      {},
      { epoch: 1 as Epoch },
      { baseSequence: sequence(64) },
      { leaderElection: 'reputation' },
      { operators: [toyKeys.publicKey('operator')] },
      { signatureScheme: 'rsa-pss-2048' },
      { weightedVoting: true },
      { f: 0 },
      { checkpointInterval: 9 },
      { windowSize: 17 },
      { batchRequestsMax: 9 },
      { batchBytesMax: 9 },
      { logTimeBoundMs: 9 },
      { requestLifetimeMaxMs: 9 },
      { nonceWindow: 9 },
      { clientsMax: 9 },
      { members: membersOf(3) },
      { members: table.members.toReversed() },
      withMember(0, { nodeId: nodeId('other') }),
      withMember(0, { publicKey: toyKeys.publicKey('other') }),
      withMember(0, { weight: 2 }),
      withMember(0, { reputation: 2 }),
      withMember(0, { isolated: true }),
      withMember(0, { capabilities: ['gpu'] }),
    ];
    // A field that is added to the table without its place in the bytes would be unsigned.
    expect(Object.keys(table)).toHaveLength(18);
    const hashes = changes.map((change) => epochTableHash(portableHash, { ...table, ...change }));
    expect(new Set(hashes).size).toBe(changes.length);
  });
});

describe('Committee', () => {
  it('refuses what checkEpochTable refuses', () =>
    expect(() => new Committee({ ...table, f: 2 }, portableHash)).toThrow(EpochTableError));

  it('knows its members by index and by name', () => {
    const { committee } = createSwarm({ n: 5, epoch: 3 });
    expect([committee.n, committee.f, committee.epoch, committee.quorumWeight]).toEqual([5, 1, 3, 4]);
    expect(committee.indexesInOrder).toEqual([0, 1, 2, 3, 4]);
    for (const index of committee.indexesInOrder)
      expect(committee.indexOf(committee.member(index)!.nodeId)).toBe(index);
    expect(committee.member(memberIndex(5))).toBeUndefined();
    expect(committee.indexOf('n5')).toBeUndefined();
    expect(committee.indexOf('__proto__')).toBeUndefined();
    expect(committee.hash).toBe(epochTableHash(portableHash, committee.table));
  });

  it('lets every member lead in turn', () => {
    const { committee } = createSwarm({ n: 5 });
    expect([0, 1, 4, 5, 9, 10, Number.MAX_SAFE_INTEGER].map((number) => committee.leaderOf(view(number)))).toEqual([
      0,
      1,
      4,
      0,
      4,
      0,
      Number.MAX_SAFE_INTEGER % 5,
    ]);
  });

  const someMembers = fc.array(fc.nat(9), { maxLength: 14 }) as fc.Arbitrary<MemberIndex[]>;

  it('counts distinct members of the table only', () => {
    const { committee } = createSwarm({ n: 7 });
    fc.assert(
      fc.property(someMembers, (members) => {
        const distinct = new Set(members.filter((member) => member < 7)).size;
        expect(committee.weightOf(members)).toBe(distinct);
        expect(committee.isQuorum(members)).toBe(distinct >= quorumByCount(7, 2));
        expect(committee.hasHonest(members)).toBe(distinct >= 3);
      }),
    );
  });

  it('weighs votes, and still counts heads for f + 1', () => {
    const weights = [5, 5, 4, 3, 3, 2, 2];
    const { committee } = createSwarm({ weights, table: { f: 1 } });
    // W = 24 and F = 10 would be refused: 3F < W must hold, so f is lower here.
    expect(committee.f).toBe(1);
    expect(committee.quorumWeight).toBe(15);
    fc.assert(
      fc.property(someMembers, (members) => {
        const distinct = [...new Set(members)].filter((member) => member < 7);
        const weight = distinct.reduce<number>((sum, member) => sum + weights[member]!, 0);
        expect(committee.weightOf(members)).toBe(weight);
        expect(committee.isQuorum(members)).toBe(weight >= 15);
        expect(committee.hasHonest(members)).toBe(distinct.length >= 2);
      }),
    );
  });
});
