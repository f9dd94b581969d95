import { noOutcomes, OUTCOME_NAMES, type OutcomeName } from '@concordat/protocol';
import { DURATION_UNKNOWN, type DecisionRecord } from '@concordat/records';

/** Views whose decisions are counted apart: the last ones in which anything was decided. */
export const VIEWS_MAX = 1000;

/** What one block adds to the statistics. */
export interface BlockCounts {
  readonly view: number;
  readonly requests: Readonly<Record<OutcomeName, number>>;
  /** Known durations of its envelopes. */
  readonly durations: { readonly sumMs: number; readonly count: number };
}

/** Sums over every block of a store. */
export interface DecisionStatistics {
  /** Requests by what executing them came to. */
  readonly requests: Readonly<Record<OutcomeName, number>>;
  /** Envelopes whose time from arrival here to decision is known. */
  readonly durations: { readonly sumMs: number; readonly count: number };
  /** Requests decided in each of the last VIEWS_MAX views in which any was. Views of different epochs with the same number count as one. */
  readonly decidedByView: ReadonlyMap<number, number>;
}

/** What a block adds to the statistics. */
export function countBlock({ view, outcomes, durationsMs }: DecisionRecord): BlockCounts {
  const requests = noOutcomes();
  for (const outcome of outcomes) {
    const name = OUTCOME_NAMES[outcome];
    if (name !== undefined) requests[name]++;
  }
  const known = durationsMs.filter((duration) => duration !== DURATION_UNKNOWN);
  return {
    view,
    requests,
    durations: { sumMs: known.reduce((sum, duration) => sum + duration, 0), count: known.length },
  };
}

/** Statistics that grow block by block. */
export class StatisticsCounter implements DecisionStatistics {
  readonly requests: Record<OutcomeName, number>;
  readonly durations: { sumMs: number; count: number };
  /** In the order in which the views first decided. */
  readonly decidedByView: Map<number, number>;

  constructor(from?: DecisionStatistics) {
    this.requests = { ...(from?.requests ?? noOutcomes()) };
    this.durations = { ...(from?.durations ?? { sumMs: 0, count: 0 }) };
    this.decidedByView = new Map(from?.decidedByView);
  }

  /** Adds a block; returns the view that is no longer counted, if any. */
  add({ view, requests, durations }: BlockCounts): number | undefined {
    for (const name of OUTCOME_NAMES) this.requests[name] += requests[name];
    this.durations.sumMs += durations.sumMs;
    this.durations.count += durations.count;
    if (requests.decided === 0) return undefined;
    this.decidedByView.set(view, (this.decidedByView.get(view) ?? 0) + requests.decided);
    if (this.decidedByView.size <= VIEWS_MAX) return undefined;
    const [eldest] = this.decidedByView.keys();
    if (eldest !== undefined) this.decidedByView.delete(eldest);
    return eldest;
  }

  /** A copy that later blocks don't change. */
  snapshot(): DecisionStatistics {
    return new StatisticsCounter(this);
  }
}
