import { ApiError } from '@concordat/nats';
import { type Rejection, type RejectionCode } from '@concordat/protocol';
import { HostStoppedError } from '@concordat/replica-host';
import { type z } from 'zod';

/** One thing that is wrong with a request: what `details` lists. */
export interface FieldProblem {
  readonly field: string;
  readonly message: string;
}

/** 400 that names the fields. */
export function invalidFields(problems: readonly FieldProblem[]): ApiError {
  const message = problems.map((problem) => `${problem.field} ${problem.message}`).join('; ');
  return new ApiError(400, 'INVALID_FIELD', message, problems);
}

/** Checks what came in. Throws an ApiError that names every wrong field. */
export function parsed<T extends z.ZodType>(schema: T, value: unknown): z.output<T> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const problems = result.error.issues.flatMap((issue): FieldProblem[] => {
    const at = issue.path.map(String).join('.');
    if (issue.code === 'unrecognized_keys')
      return issue.keys.map((key) => ({ field: key.slice(0, 80), message: 'is not known' }));
    return [{ field: at === '' ? 'body' : at.slice(0, 80), message: issue.message }];
  });
  throw invalidFields(problems.slice(0, 10));
}

/** 400 for a change of the member table: `reason` begins with the path of the wrong field. */
export function malformedOperation(reason: string): ApiError {
  const at = reason.indexOf(': ');
  return invalidFields([{ field: reason.slice(0, at).replace(/^operation\./, ''), message: reason.slice(at + 2) }]);
}

/** 400: unanimity needs deliberation, which does not exist yet. */
export const notSupported = (field: string, message: string): ApiError =>
  new ApiError(400, 'NOT_SUPPORTED', `${field} ${message}`, [{ field, message }]);

/** 404 for a proposal. */
export const unknownProposal = (id: string): ApiError =>
  new ApiError(404, 'UNKNOWN_PROPOSAL', `no proposal ${id} is known here`, [
    { field: 'proposal_id', message: 'is not known here' },
  ]);

/** 404 for a proposal that was ordered so long ago that this member has dropped it. */
export const prunedProposal = (id: string, sequence: number): ApiError => {
  const message = `proposal ${id} was ordered at sequence ${sequence}; this member keeps decisions that old no more: ask another`;
  return new ApiError(404, 'PRUNED', message, [{ field: 'proposal_id', message: 'is no longer kept here' }]);
};

/** 503: this member exchanges messages with no quorum, so that it could promise nothing. By weight. */
export const noQuorum = (heard: number, needed: number): ApiError =>
  new ApiError(503, 'NO_QUORUM', 'this member does not reach a quorum now: try again, or ask another member', {
    heard,
    quorum: needed,
  });

/** 429: as much waits here as may. */
export const poolFull = (reason: string): ApiError => new ApiError(429, 'POOL_FULL', reason);

const REFUSALS: Partial<Record<RejectionCode, readonly [status: number, code: string, field?: string]>> = {
  pool_full: [429, 'POOL_FULL'],
  oversized: [413, 'PAYLOAD_TOO_LARGE', 'value'],
  malformed: [400, 'MALFORMED_ENVELOPE', 'envelope'],
  inauthentic_request: [400, 'INAUTHENTIC_REQUEST', 'envelope'],
  deadline_out_of_bounds: [400, 'INVALID_FIELD', 'timeout_ms'],
  nonce_used: [409, 'NONCE_USED', 'nonce'],
  nonce_out_of_window: [409, 'NONCE_OUT_OF_WINDOW', 'nonce'],
  not_a_member: [503, 'NOT_A_MEMBER'],
};

/** A refusal of the gateway or the replica as the caller is told it. */
export function refusalOf({ code, reason }: Rejection): ApiError {
  const [status, name, field] = REFUSALS[code] ?? [400, code.toUpperCase()];
  const details = field === undefined ? undefined : [{ field, message: reason }];
  return new ApiError(status, name, reason, details);
}

/** What a stopped host throws is 503; anything else stays what it is. */
export const translated = (thrown: unknown): unknown =>
  thrown instanceof HostStoppedError ? new ApiError(503, 'STOPPING', 'this member is stopping') : thrown;
