import { isId } from '@concordat/protocol';
import { z } from 'zod';
import { integer, integerText } from './schemas';

const LIMIT_MAX = 100;
const id = z.string('must be text').regex(/^[0-9a-f]{64}$/, 'must be 64 hexadecimal digits');
const node = z.string('must be text').refine(isId, 'must be [A-Za-z0-9_-]{1,63}');
const filter = { after: id.optional(), node_id: node.optional() };

/** Query of GET /api/v1/evidence. */
export const evidenceQuery = z.strictObject({ ...filter, limit: integerText(1, LIMIT_MAX).default(LIMIT_MAX) });
/** The path's parameter of GET /api/v1/evidence/:id. */
export const evidenceId = z.strictObject({ id });
/** Payload of the verb `evidence`: with `id` for one proof, else for the list. */
export const evidenceRequest = z.strictObject(
  { ...filter, limit: integer(1, LIMIT_MAX).default(LIMIT_MAX), id: id.optional() },
  'must be a JSON object',
);
/** Which proofs are asked for. */
export type EvidenceInput = z.output<typeof evidenceQuery>;
