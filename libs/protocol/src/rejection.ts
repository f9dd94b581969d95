/**
 * Why something from outside was refused. The set is closed: the codes are metric labels, and the answer codes of the API.
 */
export const REJECTION_CODES = [
  'oversized', // more bytes than its kind may have
  'malformed', // does not follow the layout
  'unsupported_version', // another protocol version
  'unknown_kind', // a kind that this protocol version does not have
  'wrong_epoch', // another epoch than the receiver's
  'not_a_member', // its sender is not in the epoch's table
  'bad_signature', // signature missing, malformed, or not the sender's
  'bad_digest', // the digest that is signed is not the content's
  'bad_certificate', // a certificate inside does not hold
  'bad_chunk', // a part of a state that is not the certified one
  'inauthentic_request', // a request inside was signed by nobody who may
  'outside_window', // a sequence at or below the stable checkpoint, or beyond the window
  'stale_view', // a view that this member has left
  'future_view', // a vote too far ahead to keep
  'not_the_leader', // a proposal by another member than the view's leader
  'conflicting_proposal', // another digest was accepted for that slot
  'time_out_of_bounds', // a batch's time is too far from this member's clock
  'batch_too_large', // more requests or bytes than the epoch allows
  'contradictory_new_view', // a NEW-VIEW that does not follow from its own parts
  'redundant', // known already, or no longer needed
  'unsolicited', // an answer that nobody asked for, or asked of another
  'pool_full', // no room for a request now
  'nonce_out_of_window', // below the client's mark, or too far above it
  'nonce_used', // that nonce was executed before
  'deadline_out_of_bounds', // deadline passed, or further ahead than allowed
] as const;

/** A code of REJECTION_CODES. */
export type RejectionCode = (typeof REJECTION_CODES)[number];

/** A refusal as a value: a peer's fault never throws. `reason` is for people, `code` for machines. */
export interface Rejection {
  readonly rejected: true;
  readonly code: RejectionCode;
  readonly reason: string;
}

/** Builds a Rejection. */
export const reject = (code: RejectionCode, reason: string): Rejection => ({ rejected: true, code, reason });

/** Tells a Rejection from any other result. */
export const isRejection = (value: unknown): value is Rejection =>
  typeof value === 'object' && value !== null && (value as { rejected?: unknown }).rejected === true;

/** Our own bug: the process must stop before it can sign anything again. */
export class InvariantError extends Error {
  override readonly name = 'InvariantError';
}

/** Throws an InvariantError when `condition` is false. Stays on in production. */
export function invariant(condition: boolean, what: string): asserts condition {
  if (!condition) throw new InvariantError(`invariant broken: ${what}`);
}
