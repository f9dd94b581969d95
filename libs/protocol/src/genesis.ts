import { fromBase64Url, toBase64Url } from './bytes';
import {
  checkEpochTable,
  ENGINES,
  EpochTableError,
  LEADER_ELECTIONS,
  REPUTATION_ONE,
  SIGNATURE_BYTES,
  SIGNATURE_SCHEMES,
  type EngineName,
  type EpochTable,
  type LeaderElection,
  type Member,
  type SignatureScheme,
} from './epoch-table';
import { encodeEpochTable } from './epoch-table-codec';
import { digestBytes, purposeDigest, type Hash } from './hash';
import { isId, type Digest, type Epoch, type NodeId, type Sequence } from './ids';
import { BROKER_PAYLOAD_BYTES, wireLimits } from './limits';
import { Writer } from './wire';

/** What a swarm starts from. Every member has the same, byte for byte in meaning. */
export interface Genesis {
  /** Name in NATS subjects and on screens. */
  readonly swarm: string;
  /** 32 fresh random bytes as a digest-shaped text: no two swarms have one id. */
  readonly random: Digest;
  readonly table: EpochTable;
}

/** Identity of a swarm: part of all signed bytes. */
export const swarmId = (hash: Hash, genesis: Genesis): Digest =>
  purposeDigest(
    hash,
    'genesis',
    new Writer(64).text(genesis.swarm).raw(digestBytes(genesis.random)).bytes(),
    encodeEpochTable(genesis.table),
  );

/** A member as the maker of a genesis names it; by default it weighs 1, has reputation 1 and is not isolated. */
export type MemberOptions = Pick<Member, 'nodeId' | 'publicKey'> & Partial<Omit<Member, 'isolated'>>;

/** Fields of a table that its maker may choose; the rest has defaults. */
export type TableOptions = { readonly members: readonly MemberOptions[] } & Partial<
  Omit<EpochTable, 'members' | 'epoch' | 'baseSequence'>
>;

const firstMember = (member: MemberOptions): Member => ({
  weight: 1,
  reputation: REPUTATION_ONE,
  capabilities: [],
  ...member,
  isolated: false,
});

/** A table for the first epoch with defaults for what is not said. The window shrinks with the committee, so that a VIEW-CHANGE fits the broker. */
export function createEpochTable(options: TableOptions): EpochTable {
  const make = (checkpointInterval: number): EpochTable => ({
    engine: 'pbft',
    signatureScheme: 'ed25519',
    certificateForm: 'signature-list',
    leaderElection: 'round-robin',
    weightedVoting: false,
    f: Math.floor((options.members.length - 1) / 3),
    checkpointInterval,
    windowSize: 2 * (options.checkpointInterval ?? checkpointInterval),
    batchRequestsMax: 1000,
    batchBytesMax: 512 * 1024,
    logTimeBoundMs: 10_000,
    requestLifetimeMaxMs: 120_000,
    nonceWindow: 4096,
    clientsMax: 20_000,
    operators: [],
    ...options,
    members: options.members.map(firstMember),
    epoch: 0 as Epoch,
    baseSequence: 0 as Sequence,
  });
  let interval = 64;
  while (interval > 1 && wireLimits(make(interval)).messageBytesMax > BROKER_PAYLOAD_BYTES) interval /= 2;
  const table = make(interval);
  checkEpochTable(table);
  return table;
}

/** The genesis as a JSON value, for `genesis.json`. Keys in snake_case; binary as base64url. */
export function genesisToJson(genesis: Genesis): Record<string, unknown> {
  const { table } = genesis;
  return {
    format: 'concordat.genesis.v1',
    swarm: genesis.swarm,
    random: genesis.random,
    engine: table.engine,
    signature_scheme: table.signatureScheme,
    certificate_form: table.certificateForm,
    leader_election: table.leaderElection,
    weighted_voting: table.weightedVoting,
    f: table.f,
    checkpoint_interval: table.checkpointInterval,
    window_size: table.windowSize,
    batch_requests_max: table.batchRequestsMax,
    batch_bytes_max: table.batchBytesMax,
    log_time_bound_ms: table.logTimeBoundMs,
    request_lifetime_max_ms: table.requestLifetimeMaxMs,
    nonce_window: table.nonceWindow,
    clients_max: table.clientsMax,
    members: table.members.map((member) => ({
      node_id: member.nodeId,
      public_key: toBase64Url(member.publicKey),
      weight: member.weight,
      reputation: member.reputation / REPUTATION_ONE,
      capabilities: member.capabilities,
    })),
    operators: table.operators.map(toBase64Url),
  };
}

type Fields = Readonly<Record<string, unknown>>;

function fieldsOf(value: unknown, path: string, known: readonly string[]): Fields {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new EpochTableError(path, 'must be an object');
  const fields = value as Fields;
  for (const key of Object.keys(fields))
    if (!known.includes(key)) throw new EpochTableError(`${path}.${key}`, 'is not known');
  return fields;
}

function numberAt(fields: Fields, key: string, path = key): number {
  const value = fields[key];
  if (typeof value !== 'number') throw new EpochTableError(path, 'must be a number');
  return value;
}

function textAt(fields: Fields, key: string, path = key): string {
  const value = fields[key];
  if (typeof value !== 'string') throw new EpochTableError(path, 'must be text');
  return value;
}

function oneOf<T extends string>(fields: Fields, key: string, allowed: readonly T[]): T {
  const value = textAt(fields, key);
  const found = allowed.find((candidate) => candidate === value);
  if (found === undefined)
    throw new EpochTableError(key, `must be one of ${allowed.join(', ')}, not ${value.slice(0, 80)}`);
  return found;
}

const MEMBER_KEYS = ['node_id', 'public_key', 'weight', 'reputation', 'capabilities'];
const GENESIS_KEYS = [
  'format',
  'swarm',
  'random',
  'engine',
  'signature_scheme',
  'certificate_form',
  'leader_election',
  'weighted_voting',
  'f',
  'checkpoint_interval',
  'window_size',
  'batch_requests_max',
  'batch_bytes_max',
  'log_time_bound_ms',
  'request_lifetime_max_ms',
  'nonce_window',
  'clients_max',
  'members',
  'operators',
];

function memberFromJson(value: unknown, index: number): Member {
  const path = `members[${String(index)}]`;
  const fields = fieldsOf(value, path, MEMBER_KEYS);
  const nodeId = textAt(fields, 'node_id', `${path}.node_id`) as NodeId;
  const publicKey = keyFromText(textAt(fields, 'public_key', `${path}.public_key`), `${path}.public_key`);
  return {
    nodeId,
    publicKey,
    weight: numberAt(fields, 'weight', `${path}.weight`),
    reputation: Math.round(numberAt(fields, 'reputation', `${path}.reputation`) * REPUTATION_ONE),
    isolated: false,
    capabilities: textsAt(fields, 'capabilities', `${path}.capabilities`),
  };
}

function keyFromText(text: string, path: string): Uint8Array {
  try {
    return fromBase64Url(text);
  } catch (error) {
    throw new EpochTableError(path, (error as Error).message);
  }
}

function textsAt(fields: Fields, key: string, path: string): string[] {
  const value = fields[key];
  if (!Array.isArray(value) || !value.every((item) => typeof item === 'string'))
    throw new EpochTableError(path, 'must be a list of texts');
  return value;
}

/** Reads what genesisToJson wrote. Throws an EpochTableError that names the wrong field. */
export function genesisFromJson(value: unknown): Genesis {
  const fields = fieldsOf(value, 'genesis', GENESIS_KEYS);
  if (fields['format'] !== 'concordat.genesis.v1') throw new EpochTableError('format', 'must be concordat.genesis.v1');
  const swarm = textAt(fields, 'swarm');
  if (!isId(swarm)) throw new EpochTableError('swarm', 'must be [A-Za-z0-9_-]{1,63}');
  const random = textAt(fields, 'random');
  if (!/^[0-9a-f]{64}$/.test(random)) throw new EpochTableError('random', 'must be 64 lower-case hex characters');
  const members = fields['members'];
  if (!Array.isArray(members)) throw new EpochTableError('members', 'must be a list');
  const weightedVoting = fields['weighted_voting'];
  if (typeof weightedVoting !== 'boolean') throw new EpochTableError('weighted_voting', 'must be true or false');
  const table: EpochTable = {
    epoch: 0 as Epoch,
    baseSequence: 0 as Sequence,
    engine: oneOf(fields, 'engine', Object.keys(ENGINES) as EngineName[]),
    signatureScheme: oneOf(fields, 'signature_scheme', Object.keys(SIGNATURE_SCHEMES) as SignatureScheme[]),
    certificateForm: oneOf(fields, 'certificate_form', ['signature-list']),
    leaderElection: oneOf(fields, 'leader_election', Object.keys(LEADER_ELECTIONS) as LeaderElection[]),
    weightedVoting,
    f: numberAt(fields, 'f'),
    checkpointInterval: numberAt(fields, 'checkpoint_interval'),
    windowSize: numberAt(fields, 'window_size'),
    batchRequestsMax: numberAt(fields, 'batch_requests_max'),
    batchBytesMax: numberAt(fields, 'batch_bytes_max'),
    logTimeBoundMs: numberAt(fields, 'log_time_bound_ms'),
    requestLifetimeMaxMs: numberAt(fields, 'request_lifetime_max_ms'),
    nonceWindow: numberAt(fields, 'nonce_window'),
    clientsMax: numberAt(fields, 'clients_max'),
    members: members.map(memberFromJson),
    operators: textsAt(fields, 'operators', 'operators').map((text, index) =>
      keyFromText(text, `operators[${String(index)}]`),
    ),
  };
  checkEpochTable(table);
  return { swarm, random: random as Digest, table };
}

/** Bytes of a signature in this swarm. */
export const signatureBytes = (table: EpochTable): number => SIGNATURE_BYTES[table.signatureScheme];
