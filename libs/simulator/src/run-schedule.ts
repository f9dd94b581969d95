import type { Hash } from '@concordat/protocol';
import { Cluster, START } from './cluster';
import type { FaultCoverage } from './fault-coverage';
import { stubScheme, type KeyScheme } from './key-scheme';
import { optionsOf } from './options';
import { quickHash } from './quick-hash';
import { Random } from './random';
import type { ScheduleOptions } from './schedule';
import { settle } from './settle';
import { entryText } from './trace-text';
import type { Violation } from './verdict';
import { Workload } from './workload';

/** Figures of a run. */
export interface ScheduleStats {
  readonly events: number;
  readonly messages: number;
  readonly sequences: number;
  readonly decided: number;
  readonly admitted: number;
  /** Highest view of a correct member. */
  readonly view: number;
  /** Members against whom somebody had a proof. */
  readonly accused: number;
  /** Highest epoch that a correct member was led to. */
  readonly epochs: number;
  /** Changes of epochs that correct members went through, and states that they took over. */
  readonly crossings: number;
  readonly takeovers: number;
  /** Virtual milliseconds until the healed swarm had finished everything. */
  readonly settledMs: number;
}

/** What came of a run. */
export interface ScheduleResult {
  readonly seed: number;
  readonly options: ScheduleOptions;
  readonly violations: readonly Violation[];
  /** Equal for two runs that went the same way. */
  readonly traceHash: string;
  readonly stats: ScheduleStats;
  /** Which fault hit which step, how often. */
  readonly coverage: FaultCoverage;
  /** Seed, options, violations and the last events, for a person; empty when nothing was violated. */
  readonly report: string;
}

/**
 * Runs one schedule: faults for a while, then a healed network in which everything must come to an end. The same seed and
 * overrides always give the same run.
 */
export function runSchedule(
  seed: number,
  overrides: Partial<ScheduleOptions> = {},
  hash: Hash = quickHash,
  keyScheme: KeyScheme = stubScheme(hash),
): ScheduleResult {
  const options = optionsOf(seed, overrides);
  const cluster = new Cluster(seed, options, hash, [], keyScheme);
  const workload = new Workload(hash, new Random(seed ^ 0x5eed), cluster.signatures, START, options.workload);
  const nodes = cluster.members.map(({ index }) => index);
  cluster.start();
  for (const { atMs, to, envelope } of workload.plan(options.durationMs, nodes)) {
    for (const member of to) cluster.submit(member, envelope, atMs);
  }
  cluster.runUntil(options.durationMs);
  const probes = cluster.correctMembers.map(({ index }) => workload.ofGateway(index, options.durationMs, 'probe'));
  settle(cluster, probes, () => workload.ofClient(cluster.elapsedMs, { text: 'beat' }));
  if (!cluster.failed) cluster.evidence.finish();
  return resultOf(seed, cluster);
}

/** Collects what came of a cluster's run. */
export function resultOf(seed: number, cluster: Cluster): ScheduleResult {
  const { options, violations, trace, agreement, requests, admissions, conduct, network, witness } = cluster;
  const views = cluster.correctMembers.map((member) => member.engine?.state().view ?? 0);
  return {
    seed,
    options,
    violations,
    traceHash: trace.hash,
    stats: {
      events: trace.entries,
      messages: network.stats.sent,
      sequences: agreement.length,
      decided: requests.decidedCount,
      admitted: admissions.admittedCount,
      view: Math.max(...views),
      accused: conduct.accusedMembers.size,
      epochs: cluster.history.epochs.newest.epoch,
      crossings: cluster.epochs.crossings,
      takeovers: cluster.epochs.takeovers,
      settledMs: cluster.elapsedMs - options.durationMs,
    },
    coverage: witness.coverage,
    report: violations.length === 0 ? '' : reportOf(seed, cluster),
  };
}

function reportOf(seed: number, { options, violations, trace }: Cluster): string {
  return [
    `seed ${String(seed)}`,
    `options ${JSON.stringify(options)}`,
    ...violations.map(
      ({ rule, member, atMs, text }) => `VIOLATION ${rule} at member ${String(member)}, ${atMs.toFixed(2)} ms: ${text}`,
    ),
    'last events (ms since the start):',
    ...trace.last().map((entry) => entryText(entry, START)),
  ].join('\n');
}
