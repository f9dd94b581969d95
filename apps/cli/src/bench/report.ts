import { renderTable } from '../table';
import { type LoadResult } from './closed-loop';
import { REQUEST_BYTES, type Scenario } from './scenarios';

/** One scenario's figures: medians over its runs. */
export interface BenchEntry {
  readonly scenario: string;
  readonly protocol: string;
  readonly nodes: number;
  /** Requests in flight. */
  readonly in_flight: number;
  readonly envelope_size: number;
  /** True when clients sign with keys of their own. */
  readonly signed: boolean;
  readonly durable: boolean;
  readonly decisions_per_s: number;
  readonly p50_ms: number;
  readonly p99_ms: number;
  readonly request_bytes: number;
  readonly runs: number;
  readonly duration_s: number;
  /** Envelopes that were not decided, in all runs, by reason. */
  readonly failures: Readonly<Record<string, number>>;
  /** Verifications per second of one core of this machine, just before each run. */
  readonly ed25519_verifications_per_s: number;
  /** Resident memory of each member after the last run. */
  readonly member_rss_mb: Readonly<Record<string, number | null>>;
}

/** What all entries of one bench share. */
export type BenchCircumstances = Pick<
  BenchEntry,
  'protocol' | 'nodes' | 'durable' | 'duration_s' | 'ed25519_verifications_per_s' | 'member_rss_mb'
>;

/** The middle value, or the mean of the two in the middle; 0 of none. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? 0;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? 0) + upper) / 2;
}

const rounded = (value: number, places: number): number => Number(value.toFixed(places));

/** The entry of a scenario from its runs. */
export function benchEntry(scenario: Scenario, results: readonly LoadResult[], around: BenchCircumstances): BenchEntry {
  const failures: Record<string, number> = {};
  for (const result of results) {
    for (const [reason, count] of Object.entries(result.failures)) failures[reason] = (failures[reason] ?? 0) + count;
  }
  return {
    scenario: scenario.name,
    protocol: around.protocol,
    nodes: around.nodes,
    in_flight: scenario.clients * scenario.envelopeSize,
    envelope_size: scenario.envelopeSize,
    signed: scenario.signed,
    durable: around.durable,
    decisions_per_s: Math.round(median(results.map(({ decided, elapsedMs }) => (decided * 1000) / elapsedMs))),
    p50_ms: rounded(median(results.map(({ p50Ms }) => p50Ms)), 2),
    p99_ms: rounded(median(results.map(({ p99Ms }) => p99Ms)), 2),
    request_bytes: REQUEST_BYTES,
    runs: results.length,
    duration_s: around.duration_s,
    failures,
    ed25519_verifications_per_s: around.ed25519_verifications_per_s,
    member_rss_mb: around.member_rss_mb,
  };
}

/** The entries for people. */
export function describeBench(entries: readonly BenchEntry[]): string {
  const [first] = entries;
  if (first === undefined) return 'Nothing was measured.';
  const table = renderTable(
    ['scenario', 'in flight', 'envelope', 'decisions/s', 'p50 ms', 'p99 ms', 'failures', 'member RSS MB'],
    entries.map((entry) => [
      entry.scenario,
      entry.in_flight,
      entry.envelope_size,
      entry.decisions_per_s,
      entry.p50_ms,
      entry.p99_ms,
      Object.values(entry.failures).reduce((sum, count) => sum + count, 0),
      Object.values(entry.member_rss_mb)
        .map((mb) => mb ?? '-')
        .join(' '),
    ]),
  );
  const reasons = new Set(entries.flatMap(({ failures }) => Object.keys(failures)));
  return [
    table,
    `${first.protocol}, ${first.nodes} members, ${first.durable ? 'durable' : 'NOT durable: the folder is in memory'}, ` +
      `${first.request_bytes}-byte requests; medians of ${first.runs} runs of ${first.duration_s} s`,
    `This machine verifies ${first.ed25519_verifications_per_s} Ed25519 signatures/s on one core.`,
    ...(reasons.size === 0 ? [] : [`Failures: ${[...reasons].join('; ')}`]),
  ].join('\n');
}
