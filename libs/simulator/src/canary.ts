import type { EngineName } from '@concordat/protocol';
import { runSchedule } from './run-schedule';
import type { Fault } from './schedule';

/** Schedules that the canary may take. */
const RUNS_MAX = 200;
/** What is bound to be broken, once a member forgets its votes beside an equivocating leader. */
const EXPECTED = ['one-vote', 'agreement'];

/** Whether the checkers saw what they must. */
export interface CanaryResult {
  readonly schedules: number;
  readonly seen: readonly string[];
  /** Rules of EXPECTED that no checker reported. Not empty: what the other schedules say means nothing. */
  readonly unseen: readonly string[];
}

const amnesia = (seed: number): Fault[] =>
  Array.from({ length: 6 }, (_, index) => ({
    kind: 'crash',
    atMs: 20 + 35 * index + (seed % 7) * 3,
    member: 1,
    point: 'now',
    downMs: 3,
  }));

/**
 * A swarm with a defect that must not go unnoticed: member 1 loses its disk at every crash and goes on voting, while the
 * leader equivocates: two faults where one is tolerated. Runs until the checkers have seen two contents in one slot, and
 * two members that decided differently.
 */
export function runCanary(firstSeed: number, engine: EngineName = 'pbft'): CanaryResult {
  const seen = new Set<string>();
  let schedules = 0;
  while (schedules < RUNS_MAX && !EXPECTED.every((rule) => seen.has(rule))) {
    const seed = firstSeed + schedules++;
    const { violations } = runSchedule(seed, {
      engine,
      profile: 'standard',
      members: 4,
      f: 1,
      settleMs: 500,
      tolerated: ['one-vote', 'promised-view', 'view-change', 'durable-content', 'liveness'],
      amnesiacs: [1],
      liars: [{ member: 0, strategy: 'equivocating-leader' }],
      faults: amnesia(seed),
    });
    for (const { rule } of violations) seen.add(rule);
  }
  return { schedules, seen: [...seen].sort(), unseen: EXPECTED.filter((rule) => !seen.has(rule)) };
}
