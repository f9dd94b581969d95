/** Why something is not done, for people; the same text on every member. */
export interface Refusal {
  readonly refused: string;
}

/** Builds a Refusal. */
export const refuse = (reason: string): Refusal => ({ refused: reason });

/** Tells a Refusal from any other result. */
export const isRefusal = (value: object): value is Refusal => 'refused' in value;
