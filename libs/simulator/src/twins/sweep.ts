import type { EngineName } from '@concordat/protocol';
import { createGround } from './ground';
import { runTwins, type TwinResult } from './run-twins';
import { reducedScenarios } from './scenario';

/** What came of a sweep. */
export interface TwinCounts {
  scenarios: number;
  /** In which an honest member changed its view before the rounds were over. */
  withViewChange: number;
  /** In which honest members were sent two proposals for one slot. */
  withConflictingProposals: number;
  /** In which something was decided before the network was whole. */
  withDecision: number;
  /** In which one honest member was sent both of a contradicting pair. */
  withPairReached: number;
  /** Contradictions, by member and kind, that reached one honest member, and those that it proved. */
  pairsReached: number;
  pairsProven: number;
  /** Scenarios that broke a rule; the first few of them. */
  readonly failures: TwinResult[];
}

const FAILURES_MAX = 10;

/**
 * Runs every scenario with so many rounds, but for those that symmetry makes equal. `onScenario` hears of each when it is
 * over.
 */
export function sweepTwins(
  rounds: number,
  onScenario?: (result: TwinResult) => void,
  engine: EngineName = 'pbft',
): TwinCounts {
  const ground = createGround(engine);
  const counts: TwinCounts = {
    scenarios: 0,
    withViewChange: 0,
    withConflictingProposals: 0,
    withDecision: 0,
    withPairReached: 0,
    pairsReached: 0,
    pairsProven: 0,
    failures: [],
  };
  for (const scenario of reducedScenarios(rounds)) {
    const result = runTwins(scenario, undefined, ground);
    const { view, conflictingProposals, decidedInRounds, pairsReached, pairsProven } = result.figures;
    counts.scenarios++;
    counts.withViewChange += view > 0 ? 1 : 0;
    counts.withConflictingProposals += conflictingProposals > 0 ? 1 : 0;
    counts.withDecision += decidedInRounds > 0 ? 1 : 0;
    counts.withPairReached += pairsReached > 0 ? 1 : 0;
    counts.pairsReached += pairsReached;
    counts.pairsProven += pairsProven;
    if (result.violations.length > 0 && counts.failures.length < FAILURES_MAX) counts.failures.push(result);
    onScenario?.(result);
  }
  return counts;
}
