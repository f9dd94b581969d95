import { fromBase64Url, toBase64Url } from './bytes';
import {
  CAPABILITIES_MAX,
  checkEpochTable,
  ENGINES,
  EpochTableError,
  LEADER_ELECTIONS,
  MEMBERS_MAX,
  OPERATORS_MAX,
  REPUTATION_ONE,
  SIGNATURE_SCHEMES,
  type EngineName,
  type EpochTable,
  type LeaderElection,
  type Member,
  type SignatureScheme,
} from './epoch-table';
import type { Epoch, NodeId, Sequence } from './ids';

/** What a table says besides its place in the log, its members and its operators. */
type Settings = Omit<EpochTable, 'epoch' | 'baseSequence' | 'members' | 'operators'>;
type Fields = Readonly<Record<string, unknown>>;

/** Keys of a table's settings in JSON, in their order. */
export const SETTING_KEYS = [
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
];
const MEMBER_KEYS = ['node_id', 'public_key', 'weight', 'reputation', 'capabilities'];
const TABLE_KEYS = ['epoch', 'base_sequence', ...SETTING_KEYS, 'members', 'operators'];

/** The settings as JSON. */
export const settingsToJson = (table: EpochTable): Record<string, unknown> => ({
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
});

/** A member as it stands in a genesis, where nobody is isolated. */
export const memberToJson = (member: Member): Record<string, unknown> => ({
  node_id: member.nodeId,
  public_key: toBase64Url(member.publicKey),
  weight: member.weight,
  reputation: member.reputation / REPUTATION_ONE,
  capabilities: member.capabilities,
});

/** The operators' keys as JSON. */
export const operatorsToJson = ({ operators }: EpochTable): string[] => operators.map(toBase64Url);

/** A table as a JSON value (Spec §2.4). Keys in snake_case; binary as base64url; one form only, so that it can be compared. */
export const epochTableToJson = (table: EpochTable): Record<string, unknown> => ({
  epoch: table.epoch,
  base_sequence: table.baseSequence,
  ...settingsToJson(table),
  members: table.members.map((member) => ({ ...memberToJson(member), isolated: member.isolated })),
  operators: operatorsToJson(table),
});

/** Reads what epochTableToJson wrote, in no other form, and checks it. Throws an EpochTableError that names the wrong field. */
export function epochTableFromJson(value: unknown): EpochTable {
  const fields = fieldsOf(value, 'table', TABLE_KEYS);
  const table: EpochTable = {
    epoch: numberAt(fields, 'epoch') as Epoch,
    baseSequence: numberAt(fields, 'base_sequence') as Sequence,
    ...settingsFromJson(fields),
    members: listAt(fields, 'members', MEMBERS_MAX).map((member, index) => {
      const path = `members[${String(index)}]`;
      const { isolated, ...rest } = fieldsOf(member, path, [...MEMBER_KEYS, 'isolated']);
      if (typeof isolated !== 'boolean') throw new EpochTableError(`${path}.isolated`, 'must be true or false');
      return { ...memberFromJson(rest, path), isolated };
    }),
    operators: operatorsFromJson(fields),
  };
  if (!Number.isSafeInteger(table.epoch) || table.epoch < 0)
    throw new EpochTableError('epoch', 'must be an integer from 0');
  checkEpochTable(table);
  return table;
}

/** An object's fields, none of them unknown. */
export function fieldsOf(value: unknown, path: string, known: readonly string[]): Fields {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new EpochTableError(path, 'must be an object');
  const fields = value as Fields;
  for (const key of Object.keys(fields))
    if (!known.includes(key)) throw new EpochTableError(`${path}.${key.slice(0, 80)}`, 'is not known');
  return fields;
}

function numberAt(fields: Fields, key: string, path = key): number {
  const value = fields[key];
  if (typeof value !== 'number' || Object.is(value, -0)) throw new EpochTableError(path, 'must be a number');
  return value;
}

/** The text at a key. */
export function textAt(fields: Fields, key: string, path = key): string {
  const value = fields[key];
  if (typeof value !== 'string') throw new EpochTableError(path, 'must be text');
  return value;
}

/** The list at a key, of at most `max` items. */
export function listAt(fields: Fields, key: string, max: number, path = key): readonly unknown[] {
  const value = fields[key];
  if (!Array.isArray(value)) throw new EpochTableError(path, 'must be a list');
  if (value.length > max) throw new EpochTableError(path, `has ${String(value.length)} items, at most ${String(max)}`);
  return value;
}

function textsAt(fields: Fields, key: string, max: number, path = key): string[] {
  const list = listAt(fields, key, max, path);
  if (!list.every((item) => typeof item === 'string')) throw new EpochTableError(path, 'must be a list of texts');
  return [...list];
}

function oneOf<T extends string>(fields: Fields, key: string, allowed: readonly T[]): T {
  const value = textAt(fields, key);
  const found = allowed.find((candidate) => candidate === value);
  if (found === undefined)
    throw new EpochTableError(key, `must be one of ${allowed.join(', ')}, not ${value.slice(0, 80)}`);
  return found;
}

function keyFromText(text: string, path: string): Uint8Array {
  try {
    return fromBase64Url(text);
  } catch (error) {
    throw new EpochTableError(path, (error as Error).message);
  }
}

/** Reads the settings among a table's or a genesis's fields. */
export function settingsFromJson(fields: Fields): Settings {
  const weightedVoting = fields['weighted_voting'];
  if (typeof weightedVoting !== 'boolean') throw new EpochTableError('weighted_voting', 'must be true or false');
  return {
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
  };
}

/** Reads a member as memberToJson wrote it. */
export function memberFromJson(value: unknown, path: string): Omit<Member, 'isolated'> {
  const fields = fieldsOf(value, path, MEMBER_KEYS);
  return {
    nodeId: textAt(fields, 'node_id', `${path}.node_id`) as NodeId,
    publicKey: keyFromText(textAt(fields, 'public_key', `${path}.public_key`), `${path}.public_key`),
    weight: numberAt(fields, 'weight', `${path}.weight`),
    reputation: reputationAt(fields, `${path}.reputation`),
    capabilities: textsAt(fields, 'capabilities', CAPABILITIES_MAX, `${path}.capabilities`),
  };
}

function reputationAt(fields: Fields, path: string): number {
  const value = numberAt(fields, 'reputation', path);
  const reputation = Math.round(value * REPUTATION_ONE);
  // One number for each reputation: else a table could be written in several ways.
  if (reputation / REPUTATION_ONE !== value) throw new EpochTableError(path, 'must have at most 6 decimals');
  return reputation;
}

/** Reads the operators' keys. */
export const operatorsFromJson = (fields: Fields): Uint8Array[] =>
  textsAt(fields, 'operators', OPERATORS_MAX).map((text, index) => keyFromText(text, `operators[${String(index)}]`));
