/** What executing one ordered request came to; the number is its code in records and digests. */
export const OUTCOMES = {
  decided: 0,
  /** Its nonce was executed before. */
  duplicate: 1,
  /** Its deadline had passed in log time. */
  expired: 2,
  /** No room for its client, or a nonce or deadline out of bounds. */
  refused: 3,
  /** A system request that changes nothing: not allowed, or nobody may ask for it so (Spec §7). */
  invalid: 4,
} as const;
/** Name of an outcome. */
export type OutcomeName = keyof typeof OUTCOMES;
/** All outcomes, by code. */
export const OUTCOME_NAMES = Object.keys(OUTCOMES) as readonly OutcomeName[];
/** A count for each outcome, all zero. */
export const noOutcomes = (): Record<OutcomeName, number> => ({
  decided: 0,
  duplicate: 0,
  expired: 0,
  refused: 0,
  invalid: 0,
});
/** Code of an outcome. */
export type Outcome = (typeof OUTCOMES)[OutcomeName];
