import type { EngineName } from '@concordat/protocol';
import { runSchedule } from './run-schedule';
import type { Fault } from './schedule';

/** Schedules that the canary may take. */
const RUNS_MAX = 200;
/**
 * What is bound to be broken, once a member forgets its votes beside an equivocating leader. Three blocks in a row on either
 * side are seldom; two blocks of one view that could both be certified are what it comes to otherwise.
 */
const EXPECTED: Readonly<Record<EngineName, readonly string[]>> = {
  pbft: ['one-vote', 'agreement'],
  hotstuff: ['one-vote', 'two-quorums'],
};
/** What else follows from it, and must not end the run. */
const TOLERATED: Readonly<Record<EngineName, readonly string[]>> = {
  pbft: ['one-vote', 'promised-view', 'view-change', 'durable-content', 'liveness'],
  hotstuff: ['one-vote', 'promised-view', 'durable-content', 'liveness', 'framing', 'lock', 'hidden-certificate'],
};

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
 * leader equivocates: two faults where one is tolerated. Runs until the checkers have seen two contents in one slot, and what
 * that leads to.
 */
export function runCanary(firstSeed: number, engine: EngineName = 'pbft'): CanaryResult {
  const seen = new Set<string>();
  let schedules = 0;
  while (schedules < RUNS_MAX && !EXPECTED[engine].every((rule) => seen.has(rule))) {
    const seed = firstSeed + schedules++;
    const { violations } = runSchedule(seed, {
      engine,
      profile: 'standard',
      members: 4,
      f: 1,
      settleMs: 500,
      tolerated: TOLERATED[engine],
      amnesiacs: [1],
      liars: [{ member: 0, strategy: 'equivocating-leader' }],
      faults: amnesia(seed),
    });
    for (const { rule } of violations) seen.add(rule);
  }
  return { schedules, seen: [...seen].sort(), unseen: EXPECTED[engine].filter((rule) => !seen.has(rule)) };
}
