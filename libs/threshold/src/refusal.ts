/** Why a message was refused. The set is closed. */
export const THRESHOLD_REFUSAL_CODES = [
  'malformed', // bytes that do not follow the layout
  'wrong_version', // a layout version that this code does not know
  'wrong_kind', // another message of this library, or one over another group
  'not_a_point', // no canonical encoding of a point on the curve
  'outside_subgroup', // on the curve, but not of the prime order
  'identity_point', // the neutral element where it would give everything away
  'not_a_scalar', // a number that is not below the group's order
  'wrong_degree', // a polynomial of another degree than the threshold asks for
  'not_a_member', // an index outside 1..n
  'duplicate', // a second one of the same member
  'bad_proof', // well formed, and the proof does not hold
  'bad_share', // a secret that is not the one its public share stands for
  'bad_signature', // well formed, and not what the member's share makes of the message
  'cancels_key', // a dealing after which the key or a public share would be the identity
  'too_few', // fewer than the threshold
  'late', // ordered after the key was fixed
] as const;

/** A code of THRESHOLD_REFUSAL_CODES. */
export type ThresholdRefusalCode = (typeof THRESHOLD_REFUSAL_CODES)[number];

/** A refusal as a value: a peer's fault never throws. `reason` is for people; the rest is for machines. */
export interface ThresholdRefusal {
  readonly refused: true;
  readonly code: ThresholdRefusalCode;
  /** Whose part it was, 1..n, where it was one member's. */
  readonly index?: number;
  readonly reason: string;
}

/** Builds a ThresholdRefusal. */
export function refuse(code: ThresholdRefusalCode, reason: string, index?: number): ThresholdRefusal {
  return index === undefined ? { refused: true, code, reason } : { refused: true, code, index, reason };
}

/** Tells a ThresholdRefusal from any other result. */
export const isThresholdRefusal = (value: unknown): value is ThresholdRefusal =>
  typeof value === 'object' && value !== null && (value as { refused?: unknown }).refused === true;
