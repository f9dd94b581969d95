import {
  CATEGORIES,
  isId,
  METADATA_BYTES_MAX,
  parseProposalId,
  PRIORITIES,
  VALUE_BYTES_MAX,
} from '@concordat/protocol';
import { parseCursor } from '@concordat/replica-host';
import { z } from 'zod';
import { jsonBytes } from './json-bytes';

const LIMIT_MAX = 100;
/** Bounds and default of `timeout_ms`. */
export const TIMEOUT_MIN_MS = 1_000;
/** See TIMEOUT_MIN_MS. */
export const TIMEOUT_MAX_MS = 60_000;
/** See TIMEOUT_MIN_MS. */
export const TIMEOUT_DEFAULT_MS = 30_000;

/** A whole number. */
export const integer = (min: number, max: number) => {
  const message = `must be an integer from ${min} to ${max}`;
  return z.number(message).int(message).min(min, message).max(max, message);
};
/** A whole number as a query writes it. */
export const integerText = (min: number, max: number) => {
  const message = `must be an integer from ${min} to ${max}`;
  return z
    .string(message)
    .regex(/^\d{1,16}$/, message)
    .transform(Number)
    .pipe(integer(min, max));
};
const flag = z.boolean('must be true or false');
const oneOf = <const T extends readonly [string, ...string[]]>(values: T) =>
  z.enum(values, `must be one of ${values.join(', ')}`);

/** JSON as the bytes that are ordered. */
const asBytes =
  (bytesMax: number) =>
  (value: unknown, context: z.RefinementCtx): Uint8Array => {
    const bytes = value === undefined ? 'is required' : jsonBytes(value, bytesMax);
    if (typeof bytes !== 'string') return bytes;
    context.addIssue({ code: 'custom', message: bytes });
    return z.NEVER;
  };

const proposal = {
  value: z.unknown().transform(asBytes(VALUE_BYTES_MAX)),
  category: oneOf(CATEGORIES).default('general'),
  priority: oneOf(PRIORITIES).default('normal'),
  proposer_id: z.string('must be text').refine(isId, 'must be [A-Za-z0-9_-]{1,63}').optional(),
  require_unanimous: flag.default(false),
  timeout_ms: integer(TIMEOUT_MIN_MS, TIMEOUT_MAX_MS).default(TIMEOUT_DEFAULT_MS),
  metadata: z
    .record(z.string(), z.unknown(), 'must be a JSON object')
    .transform(asBytes(METADATA_BYTES_MAX))
    .optional(),
};
const proposalId = z
  .string('must be text')
  .refine((text) => parseProposalId(text) !== undefined, 'must be <node>:<view>:<n> or <client>:<nonce>');
const cursor = z
  .string('must be text')
  .refine((text) => parseCursor(text) !== undefined, 'must be the next_cursor of an earlier answer');

/** Body of POST /api/v1/propose. */
export const proposeBody = z.strictObject(proposal, 'must be a JSON object');
/** Query of POST /api/v1/propose. */
export const proposeQuery = z.strictObject({
  wait: z
    .enum(['true', 'false'], 'must be true or false')
    .default('false')
    .transform((text) => text === 'true'),
});
/** Payload of the verb `propose`: the body, and whether to answer when decided. */
export const proposeRequest = z.strictObject({ ...proposal, wait: flag.default(false) }, 'must be a JSON object');
/** Payload of the verb `consensus`, and the path's parameter. */
export const consensusRequest = z.strictObject({ proposal_id: proposalId }, 'must be a JSON object');
/** Payload of the verb `history`. */
export const historyRequest = z.strictObject(
  { limit: integer(1, LIMIT_MAX).default(10), cursor: cursor.optional() },
  'must be a JSON object',
);
/** Query of GET /api/v1/history. */
export const historyQuery = z.strictObject({
  limit: integerText(1, LIMIT_MAX).default(10),
  cursor: cursor.optional(),
});
/** Where nothing may be asked for. */
export const nothing = z.strictObject({}, 'must be a JSON object');

/** A proposal as it came in. */
export type ProposeInput = z.output<typeof proposeBody>;
/** A history request as it came in. */
export type HistoryInput = z.output<typeof historyRequest>;
