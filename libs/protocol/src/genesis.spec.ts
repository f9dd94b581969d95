import * as fc from 'fast-check';
import { asciiBytes, concatBytes, fromHex, toBase64Url } from './bytes';
import { encodeMessage, HEADER_BYTES } from './codec';
import { EpochTableError } from './epoch-table';
import { encodeEpochTable } from './epoch-table-codec';
import {
  createEpochTable,
  genesisFromJson,
  genesisToJson,
  signatureBytes,
  swarmId,
  type Genesis,
  type TableOptions,
} from './genesis';
import { NULL_DIGEST, portableHash, purposeDigest } from './hash';
import { memberIndex, nodeId, sequence, view, type Epoch } from './ids';
import { wireLimits } from './limits';
import { FETCH_CHUNKS_MAX, FETCH_ITEMS_MAX, SLOTS_IN_STATUS_MAX, WAITING_IN_STATUS_MAX, type Signed } from './messages';
import { STATE_CHUNK_BYTES } from './state-chunks';
import { createSwarm, memberNames, someContent, someDigest, toyKeys } from './testing/swarm';

fc.configureGlobal({ seed: 7, numRuns: 100 });

type Json = Record<string, unknown>;

const { genesis } = createSwarm({ weights: [2, 2, 2, 1] });
const json = (): Json => genesisToJson(genesis);
/** Through text, as a file is. */
const reread = (value: unknown): Genesis => genesisFromJson(JSON.parse(JSON.stringify(value)) as unknown);

const membersOf = (n: number): TableOptions['members'] =>
  memberNames(n).map((name) => ({ nodeId: nodeId(name), publicKey: toyKeys.publicKey(name), weight: 1 }));

it('comes back from its JSON as it was', () => expect(reread(json())).toEqual(genesis));

it('comes back whatever it says', () => {
  const anyGenesis = fc
    .record({
      n: fc.integer({ min: 1, max: 12 }),
      swarm: fc.stringMatching(/^[A-Za-z0-9_-]{1,63}$/),
      random: fc.string({ unit: 'grapheme-ascii' }),
      checkpointInterval: fc.integer({ min: 1, max: 65_536 }),
      batchRequestsMax: fc.integer({ min: 1, max: 10_000 }),
      clientsMax: fc.integer({ min: 1, max: 10_000_000 }),
      nonceWindow: fc.integer({ min: 2, max: 32_768 }).map((words) => 32 * words),
    })
    .map(({ n, swarm, random, ...chosen }): Genesis => {
      const windowSize = 2 * chosen.checkpointInterval;
      return {
        swarm,
        random: someDigest(random),
        table: createEpochTable({ members: membersOf(n), windowSize, ...chosen }),
      };
    });
  fc.assert(
    fc.property(anyGenesis, (any) => {
      const again = reread(genesisToJson(any));
      expect(again).toEqual(any);
      expect(swarmId(portableHash, again)).toBe(swarmId(portableHash, any));
    }),
  );
});

it('has a swarm id over name, random and table', () => {
  const { swarm, random, table } = genesis;
  const bytes = concatBytes(Uint8Array.of(swarm.length), asciiBytes(swarm), fromHex(random), encodeEpochTable(table));
  expect(swarmId(portableHash, genesis)).toBe(purposeDigest(portableHash, 'genesis', bytes));
  const others: Genesis[] = [
    genesis,
    { ...genesis, swarm: 'other' },
    { ...genesis, random: someDigest('other') },
    { ...genesis, table: { ...table, f: 0 } },
    { ...genesis, table: { ...table, epoch: 1 as Epoch } },
  ];
  expect(new Set(others.map((other) => swarmId(portableHash, other))).size).toBe(others.length);
});

/** The field that is named when the value is refused; undefined when it is accepted. */
function refusedField(value: unknown): string | undefined {
  try {
    genesisFromJson(value);
    return undefined;
  } catch (error) {
    if (!(error instanceof EpochTableError)) throw error;
    return error.field;
  }
}

describe('refusals name their field', () => {
  const keys = Object.keys(json());

  it.each(keys)('%s is missing', (key) => {
    const value = Object.fromEntries(Object.entries(json()).filter(([name]) => name !== key));
    expect(refusedField(value)).toBe(key);
  });

  it.each(keys)('%s is of no known type', (key) => {
    for (const wrong of [null, {}]) expect(refusedField({ ...json(), [key]: wrong })).toBe(key);
  });

  const member = (change: Json): Json => {
    const [first, ...others] = json()['members'] as Json[];
    return { members: [first, { ...others[0], ...change }, ...others.slice(1)] };
  };
  const rows: [field: string, what: string, change: Json][] = [
    ['genesis.surprise', 'unknown', { surprise: 1 }],
    ['genesis.epoch', 'not to be chosen', { epoch: 0 }],
    ['format', 'another version', { format: 'concordat.genesis.v2' }],
    ['swarm', 'no subject token', { swarm: 'a.b' }],
    ['swarm', 'empty', { swarm: '' }],
    ['random', 'too short', { random: '00'.repeat(31) }],
    ['random', 'in upper case', { random: 'AB'.repeat(32) }],
    ['engine', 'not built', { engine: 'raft' }],
    ['engine', 'inherited', { engine: 'toString' }],
    ['signature_scheme', 'unknown', { signature_scheme: 'ecdsa' }],
    ['certificate_form', 'unknown', { certificate_form: 'bls' }],
    ['leader_election', 'unknown', { leader_election: 'lottery' }],
    ['weighted_voting', 'text', { weighted_voting: 'true' }],
    ['f', 'text', { f: '1' }],
    ['f', 'too high', { f: 2 }],
    ['checkpoint_interval', 'a fraction', { checkpoint_interval: 1.5 }],
    ['window_size', 'below 2K', { window_size: 15 }],
    ['batch_requests_max', '0', { batch_requests_max: 0 }],
    ['batch_bytes_max', 'too low', { batch_bytes_max: 1 }],
    ['log_time_bound_ms', '0', { log_time_bound_ms: 0 }],
    ['request_lifetime_max_ms', '0', { request_lifetime_max_ms: 0 }],
    ['nonce_window', 'odd', { nonce_window: 65 }],
    ['clients_max', '0', { clients_max: 0 }],
    ['members', 'an object', { members: { 0: {} } }],
    ['members', 'empty', { members: [], f: 0 }],
    ['members[0]', 'a name', { members: ['n0'] }],
    ['members[1].extra', 'unknown', member({ extra: 1 })],
    ['members[1].node_id', 'no id', member({ node_id: 'a b' })],
    ['members[1].node_id', 'twice', member({ node_id: 'n0' })],
    ['members[1].node_id', 'no text', member({ node_id: 7 })],
    ['members[1].public_key', 'with padding', member({ public_key: `${toBase64Url(new Uint8Array(32))}=` })],
    ['members[1].public_key', 'no text', member({ public_key: 7 })],
    ['members[1].public_key length', 'too short', member({ public_key: 'AAAA' })],
    ['members[1].weight', '0', member({ weight: 0 })],
    ['members[1].weight', 'no number', member({ weight: '1' })],
  ];
  it.each(rows)('%s: %s', (field, _, change) => expect(refusedField({ ...json(), ...change })).toBe(field));

  it.each([undefined, null, 7, 'genesis', [], [json()]])('%j is no genesis', (value) =>
    expect(refusedField(value)).toBe('genesis'),
  );
});

describe('default tables', () => {
  it('hold the smallest committees to the largest window, and shrink it so that a VIEW-CHANGE fits the broker', () => {
    const intervals = [1, 4, 7, 16, 31, 64, 100].map((n) => createEpochTable({ members: membersOf(n) }));
    for (const table of intervals) {
      expect(table.windowSize).toBe(2 * table.checkpointInterval);
      expect(table.f).toBe(Math.floor((table.members.length - 1) / 3));
      expect([table.members.length, wireLimits(table).messageBytesMax <= 1024 * 1024]).toEqual([
        table.members.length,
        true,
      ]);
    }
    expect(intervals.map((table) => table.checkpointInterval)).toEqual(
      intervals.map((table) => table.checkpointInterval).toSorted((a, b) => b - a),
    );
  });

  it('refuse bad choices', () =>
    expect(() => createEpochTable({ members: membersOf(4), f: 2 })).toThrow(EpochTableError));
});

it('knows the size of signatures', () => {
  expect(signatureBytes(genesis.table)).toBe(64);
  expect(signatureBytes({ ...genesis.table, signatureScheme: 'rsa-pss-2048' })).toBe(256);
});

describe('wireLimits', () => {
  const all = [0, 1, 2, 3];
  const swarm = createSwarm({ table: { batchBytesMax: 1024, batchRequestsMax: 10 } });
  const { limits } = swarm;
  const window = Array.from({ length: limits.windowSize }, (_, i) => i + 9);
  const digests = (count: number): ReturnType<typeof someDigest>[] =>
    Array.from({ length: count }, (_, i) => someDigest(String(i)));

  /** The largest messages that the layout and the window allow. */
  const largest: [name: string, message: Signed][] = [
    [
      'viewChange',
      swarm.seal(1, {
        kind: 'viewChange',
        view: view(2),
        sequence: sequence(0),
        stable: swarm.checkpointCertificate(8, someContent('8'), all),
        prepared: window.map((at) => swarm.preparedCertificate({ view: 0, sequence: at, digest: NULL_DIGEST }, all)),
      }),
    ],
    [
      'newView',
      swarm.seal(2, {
        kind: 'newView',
        view: view(2),
        sequence: sequence(0),
        viewChanges: all.map((sender) => ({ sender: memberIndex(sender), digest: NULL_DIGEST })),
        entries: window.map((at) => ({ sequence: sequence(at), digest: NULL_DIGEST })),
      }),
    ],
    [
      'status',
      swarm.seal(1, {
        kind: 'status',
        view: view(0),
        sequence: sequence(0),
        promisedView: view(0),
        stableSequence: sequence(0),
        oldestSequence: sequence(1),
        headDigest: NULL_DIGEST,
        slots: Array.from({ length: SLOTS_IN_STATUS_MAX }, (_, i) => ({ sequence: sequence(i + 1), flags: 7 })),
        waiting: digests(WAITING_IN_STATUS_MAX),
        viewChangesHeld: all.map((index) => ({ sender: memberIndex(index), view: view(7) })),
        silent: all.map(memberIndex),
      }),
    ],
    [
      'fetch',
      swarm.seal(1, {
        kind: 'fetch',
        origin: nodeId('x'.repeat(63)),
        view: view(0),
        sequence: sequence(0),
        batches: digests(FETCH_ITEMS_MAX),
        viewChanges: digests(FETCH_ITEMS_MAX),
        envelopes: digests(FETCH_ITEMS_MAX),
        decided: { from: sequence(1), to: sequence(2) },
        snapshot: { sequence: sequence(8), from: 0, count: FETCH_CHUNKS_MAX },
      }),
    ],
    [
      'chunk',
      swarm.seal(1, {
        kind: 'chunk',
        view: view(0),
        sequence: sequence(8),
        index: 0xffff_ffff,
        bytes: new Uint8Array(STATE_CHUNK_BYTES),
        path: Array.from({ length: 32 }, () => new Uint8Array(32)),
      }),
    ],
    [
      'snapshot',
      swarm.seal(1, {
        kind: 'snapshot',
        view: view(0),
        sequence: sequence(8),
        certificate: swarm.checkpointCertificate(8, someContent('8'), all),
        shape: { bytes: Number.MAX_SAFE_INTEGER, root: NULL_DIGEST },
      }),
    ],
  ];
  it.each(largest)('a %s of the greatest legal size fits', (_, message) =>
    expect(encodeMessage(message).length).toBeLessThanOrEqual(limits.messageBytesMax),
  );

  it('leave room for the largest batch with its certificate', () => {
    const commits = 8 + 8 + 32 + 2 + 4 * (4 + 64);
    expect(limits.messageBytesMax).toBeGreaterThanOrEqual(HEADER_BYTES + 2 + 64 + 1024 + commits);
    expect(limits.envelopeBytesMax).toBe(1024 - 11 - 4);
  });
});
