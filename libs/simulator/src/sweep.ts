import type { EngineName } from '@concordat/protocol';
import { FaultCoverage } from './fault-coverage';
import { STUBS, type Cryptography } from './key-scheme';
import { runSchedule, type ScheduleResult } from './run-schedule';
import type { Profile } from './schedule';

/** Of so many schedules one is hashed and signed as real members do. */
export const REAL_INTERVAL = 200;

/** Figures of many schedules together. */
export interface SweepFigures {
  schedules: number;
  events: number;
  messages: number;
  /** Sequences that were decided. */
  sequences: number;
  /** Requests that were decided. */
  decided: number;
  /** Highest view of a schedule's members, summed up. */
  views: number;
  faults: number;
  liars: number;
  accused: number;
  /** Highest epoch of a schedule, summed up. */
  epochs: number;
  /** States that members took over. */
  takeovers: number;
  /** Schedules with real signatures. */
  real: number;
}

/** A schedule that broke a rule. */
export interface SweepFailure {
  readonly seed: number;
  readonly rule: string;
  readonly member: number;
  readonly atMs: number;
  readonly text: string;
  readonly traceHash: string;
  readonly report: string;
}

/** What came of schedules. Plain data: it travels between processes. */
export interface SweepResult {
  readonly figures: SweepFigures;
  readonly profiles: Record<Profile, number>;
  readonly failures: SweepFailure[];
  /** Cells of a FaultCoverage. */
  readonly coverage: readonly number[];
  /** Exclusive or of all trace hashes: equal for the same seeds, in whatever portions they ran. */
  readonly traceHash: string;
}

const NO_FIGURES: SweepFigures = {
  schedules: 0,
  events: 0,
  messages: 0,
  sequences: 0,
  decided: 0,
  views: 0,
  faults: 0,
  liars: 0,
  accused: 0,
  epochs: 0,
  takeovers: 0,
  real: 0,
};

/** What came of no schedule. */
export const nothingSwept = (): SweepResult => ({
  figures: { ...NO_FIGURES },
  profiles: { quick: 0, standard: 0, harsh: 0, epochs: 0 },
  failures: [],
  coverage: new FaultCoverage().counts,
  traceHash: '0'.repeat(16),
});

/**
 * Runs one seed as a sweep does: with real hashes and signatures where its number says so and `real` gives them. What a
 * seed does depends on nothing else.
 */
export function runSeed(seed: number, engine: EngineName = 'pbft', real?: Cryptography): ScheduleResult {
  const { hash, keys } = cryptographyOf(seed, real);
  return runSchedule(seed, { engine }, hash, keys);
}

/** What a seed's swarm hashes and signs with. */
export const cryptographyOf = (seed: number, real?: Cryptography): Cryptography =>
  isReal(seed) && real !== undefined ? real : STUBS;

const isReal = (seed: number): boolean => seed % REAL_INTERVAL === 0;

/** Runs `count` seeds from `first` on. */
export function runSweep(first: number, count: number, engine: EngineName = 'pbft', real?: Cryptography): SweepResult {
  let swept = nothingSwept();
  for (let seed = first; seed < first + count; seed++)
    swept = addSwept(swept, sweptOf(runSeed(seed, engine, real), real));
  return swept;
}

function sweptOf(
  { seed, options, stats, violations, coverage, traceHash, report }: ScheduleResult,
  real?: Cryptography,
): SweepResult {
  const [first] = violations;
  return {
    figures: {
      schedules: 1,
      events: stats.events,
      messages: stats.messages,
      sequences: stats.sequences,
      decided: stats.decided,
      views: stats.view,
      faults: options.faults.length,
      liars: options.liars.length,
      accused: stats.accused,
      epochs: stats.epochs,
      takeovers: stats.takeovers,
      real: isReal(seed) && real !== undefined ? 1 : 0,
    },
    profiles: { quick: 0, standard: 0, harsh: 0, epochs: 0, [options.profile]: 1 },
    failures: first === undefined ? [] : [{ seed, ...first, traceHash, report }],
    coverage: coverage.counts,
    traceHash,
  };
}

const sum = (a: Readonly<Record<string, number>>, b: Readonly<Record<string, number>>): Record<string, number> =>
  Object.fromEntries(Object.keys(a).map((key) => [key, (a[key] ?? 0) + (b[key] ?? 0)]));

function xor(a: string, b: string): string {
  let result = '';
  for (let at = 0; at < a.length; at += 4) {
    const word = parseInt(a.slice(at, at + 4), 16) ^ parseInt(b.slice(at, at + 4), 16);
    result += word.toString(16).padStart(4, '0');
  }
  return result;
}

/** Both results together. */
export function addSwept(a: SweepResult, b: SweepResult): SweepResult {
  const coverage = new FaultCoverage(a.coverage);
  coverage.add(new FaultCoverage(b.coverage));
  return {
    figures: sum({ ...a.figures }, { ...b.figures }) as unknown as SweepFigures,
    profiles: sum(a.profiles, b.profiles),
    failures: [...a.failures, ...b.failures].sort((one, other) => one.seed - other.seed),
    coverage: coverage.counts,
    traceHash: xor(a.traceHash, b.traceHash),
  };
}
