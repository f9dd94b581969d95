import { CAPABILITIES_MAX, fromBase64Url, isId, MEMBERS_MAX, utf8Bytes } from '@concordat/protocol';
import { isRefusal, refuse, type Refusal } from './refusal';

/** A new member, at the end of the table. */
export interface JoinOperation {
  readonly kind: 'join';
  readonly nonce: number;
  /** Epoch in which it is executed: part of what the new key signs. */
  readonly epoch: number;
  /** A sequence that was executed when the new key signed. */
  readonly stable_sequence: number;
  readonly node_id: string;
  /** Base64url. */
  readonly public_key: string;
  /** Base64url: signature with the new key over `joinProofBytes`. */
  readonly proof_of_possession: string;
  readonly capabilities?: readonly string[];
  /** Clamped into 0 to 1. Without it: 1. */
  readonly initial_reputation?: number;
  /** f of the next epoch. Without it: as `faultsAfter` says. */
  readonly f?: number;
}

/** A member goes. */
export interface LeaveOperation {
  readonly kind: 'leave';
  readonly nonce: number;
  readonly node_id: string;
  readonly f?: number;
}

/** A member gets another key. */
export interface RotateOperation {
  readonly kind: 'rotate';
  readonly nonce: number;
  readonly epoch: number;
  readonly stable_sequence: number;
  readonly node_id: string;
  readonly public_key: string;
  readonly proof_of_possession: string;
}

/** How a member behaved: 30 % of its next reputation. */
export interface ReputationOperation {
  readonly kind: 'reputation';
  readonly nonce: number;
  readonly node_id: string;
  /** 0 to 1. */
  readonly behavior_score: number;
  readonly reason: string;
}

/** A member was proven Byzantine: its signatures count for nothing any more. */
export interface IsolateOperation {
  readonly kind: 'isolate';
  readonly nonce: number;
  readonly node_id: string;
  /** Base64url: the proof, as whoever judges it reads it. */
  readonly proof: string;
}

/** An isolated member votes again. */
export interface ReleaseOperation {
  readonly kind: 'release';
  readonly nonce: number;
  readonly node_id: string;
}

/** A change of the member table, exactly as it stands in JSON (Spec §7). */
export type Operation =
  JoinOperation | LeaveOperation | RotateOperation | ReputationOperation | IsolateOperation | ReleaseOperation;
/** Name of a kind of operation. */
export type OperationKind = Operation['kind'];

/** Characters (UTF-16 code units) of a reason. */
export const REASON_LENGTH_MAX = 256;

type Check = (value: unknown) => string | undefined;

const integer =
  (min: number, max = Number.MAX_SAFE_INTEGER): Check =>
  (value) =>
    Number.isSafeInteger(value) && (value as number) >= min && (value as number) <= max
      ? undefined
      : `must be an integer from ${String(min)} to ${String(max)}`;
const text =
  (must: string, fits: (text: string) => boolean): Check =>
  (value) =>
    typeof value === 'string' && fits(value) ? undefined : must;
const bytes = text('must be base64url text of at least one byte', (value) => value !== '' && isBase64Url(value));
const id = text('must be [A-Za-z0-9_-]{1,63}', isId);
const isTextList = (value: unknown): value is string[] =>
  Array.isArray(value) && value.length <= CAPABILITIES_MAX && value.every((item) => typeof item === 'string');

/** What each field of an operation must be, whatever its kind. */
const FIELDS: Readonly<Record<string, Check>> = {
  nonce: integer(1),
  epoch: integer(0),
  stable_sequence: integer(0),
  f: integer(0, MEMBERS_MAX),
  node_id: id,
  public_key: bytes,
  proof_of_possession: bytes,
  proof: bytes,
  capabilities: (value) =>
    isTextList(value) && value.every(isId)
      ? undefined
      : `must be a list of at most ${String(CAPABILITIES_MAX)} texts, each [A-Za-z0-9_-]{1,63}`,
  initial_reputation: (value) => (Number.isFinite(value) ? undefined : 'must be a number'),
  behavior_score: (value) =>
    typeof value === 'number' && value >= 0 && value <= 1 ? undefined : 'must be a number from 0 to 1',
  reason: text(
    `must be Unicode text of at most ${String(REASON_LENGTH_MAX)} characters`,
    (value) => value.length <= REASON_LENGTH_MAX && holds(() => utf8Bytes(value)),
  ),
};

const NEW_KEY = ['epoch', 'stable_sequence', 'public_key', 'proof_of_possession'];

/** Fields of each kind besides `kind`, `nonce` and `node_id`, which all have. */
const SHAPES: Readonly<Record<OperationKind, { required: readonly string[]; optional: readonly string[] }>> = {
  join: { required: NEW_KEY, optional: ['capabilities', 'initial_reputation', 'f'] },
  leave: { required: [], optional: ['f'] },
  rotate: { required: NEW_KEY, optional: [] },
  reputation: { required: ['behavior_score', 'reason'], optional: [] },
  isolate: { required: ['proof'], optional: [] },
  release: { required: [], optional: [] },
};
/** All kinds of operations. */
export const OPERATION_KINDS = Object.keys(SHAPES) as readonly OperationKind[];

const isKind = (value: unknown): value is OperationKind => OPERATION_KINDS.includes(value as OperationKind);

function holds(read: () => unknown): boolean {
  try {
    read();
    return true;
  } catch {
    return false;
  }
}

/** True for text that fromBase64Url reads. */
export const isBase64Url = (value: string): boolean => holds(() => fromBase64Url(value));

/** The value as an object with all of `required` and nothing but `required` and `optional`. */
export function fieldsOf(
  path: string,
  value: unknown,
  required: readonly string[],
  optional: readonly string[] = [],
): { readonly fields: Readonly<Record<string, unknown>> } | Refusal {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return refuse(`${path}: must be an object`);
  for (const key of Object.keys(value))
    if (!required.includes(key) && !optional.includes(key))
      return refuse(`${path}: ${isId(key) ? key : 'a field'} is not known`);
  for (const key of required) if (!Object.hasOwn(value, key)) return refuse(`${path}.${key}: is missing`);
  return { fields: value as Readonly<Record<string, unknown>> };
}

/** Reads an operation from a JSON value; a Refusal names the first wrong field. Says nothing about any table. */
export function parseOperation(value: unknown): Operation | Refusal {
  const kind: unknown = typeof value === 'object' && value !== null && 'kind' in value ? value.kind : undefined;
  if (!isKind(kind)) return refuse(`operation.kind: must be one of ${OPERATION_KINDS.join(', ')}`);
  const { required, optional } = SHAPES[kind];
  const read = fieldsOf('operation', value, ['kind', 'nonce', 'node_id', ...required], optional);
  if (isRefusal(read)) return read;
  for (const [field, check] of Object.entries(FIELDS)) {
    if (!Object.hasOwn(read.fields, field)) continue;
    const wrong = check(read.fields[field]);
    if (wrong !== undefined) return refuse(`operation.${field}: ${wrong}`);
  }
  return value as Operation;
}
