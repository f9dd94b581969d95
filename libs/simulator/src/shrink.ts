import { STUBS, type Cryptography } from './key-scheme';
import { runSchedule, type ScheduleResult } from './run-schedule';
import type { ScheduleOptions } from './schedule';

/** Runs that a shrinking may take. */
const RUNS_MAX = 300;

/** Options with one thing less, the largest steps first. */
function* simpler(options: ScheduleOptions): Generator<ScheduleOptions> {
  const { faults, liars, workload, network, disk, durationMs, membership } = options;
  if (faults.length > 1) {
    const half = faults.length >> 1;
    yield { ...options, faults: faults.slice(0, half) };
    yield { ...options, faults: faults.slice(half) };
  }
  for (const fault of faults) yield { ...options, faults: faults.filter((other) => other !== fault) };
  const { changes } = membership;
  for (const change of changes)
    yield { ...options, membership: { ...membership, changes: changes.filter((other) => other !== change) } };
  if (membership.retain > 0) yield { ...options, membership: { ...membership, retain: 0 } };
  for (const liar of liars) yield { ...options, liars: liars.filter((other) => other !== liar) };
  const envelopes = workload.envelopes >> 1;
  if (envelopes > 0) yield { ...options, workload: { ...workload, envelopes } };
  if (durationMs > 100) yield { ...options, durationMs: durationMs >> 1 };
  for (const rate of ['lossRate', 'repeatRate', 'slowRate'] as const) {
    if (network[rate] > 0) yield { ...options, network: { ...network, [rate]: 0 } };
  }
  for (const rate of ['duplicateRate', 'reuseRate', 'shortDeadlineRate', 'gatewayRate'] as const) {
    if (workload[rate] > 0) yield { ...options, workload: { ...workload, [rate]: 0 } };
  }
  if (disk.tornRate > 0) yield { ...options, disk: { ...disk, tornRate: 0 } };
  if (options.clockSkewMs > 0) yield { ...options, clockSkewMs: 0 };
  if (workload.requestsMax > 1) yield { ...options, workload: { ...workload, requestsMax: 1 } };
  if (workload.clients > 1) yield { ...options, workload: { ...workload, clients: 1 } };
}

/**
 * Takes away from a schedule that broke a rule whatever it can do without, and returns the smallest run found that breaks
 * the same rule. Returns the run itself when it broke none.
 */
export function shrinkSchedule(
  seed: number,
  overrides: Partial<ScheduleOptions> = {},
  cryptography: Cryptography = STUBS,
): ScheduleResult {
  const { hash, keys } = cryptography;
  let smallest = runSchedule(seed, overrides, hash, keys);
  const rule = smallest.violations[0]?.rule;
  if (rule === undefined) return smallest;
  let runs = 0;
  for (let found = true; found;) {
    found = false;
    for (const options of simpler(smallest.options)) {
      if (runs++ >= RUNS_MAX) return smallest;
      const result = runSchedule(seed, options, hash, keys);
      if (result.violations[0]?.rule !== rule) continue;
      smallest = result;
      found = true;
      break;
    }
  }
  return smallest;
}
