import type { WhyCase } from './case';

/** One reason for which a proposal is not decided, in plain words, and what would end it. */
export interface Cause {
  readonly reason: string;
  readonly help: readonly string[];
}

/** Finds one kind of cause; undefined where it does not hold. */
export type Rule = (found: WhyCase) => Cause | undefined;

/** When the timer that runs now runs out, in words. */
export const soon = ({ runsOutInMs }: WhyCase): string =>
  runsOutInMs === undefined ? 'when a timer runs out' : `within ${String(Math.ceil(runsOutInMs))} ms`;
