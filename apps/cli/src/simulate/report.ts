import type { EngineName } from '@concordat/protocol';
import {
  COUNTED_FAULTS,
  FaultCoverage,
  STEPS_OF,
  whyImpossible,
  type CanaryResult,
  type ProtocolStep,
  type ScheduleResult,
  type SweepFailure,
  type SweepFigures,
  type SweepResult,
} from '@concordat/simulator';
import { renderFields, renderTable } from '../table';

/** A schedule that broke a rule, as machines read it. */
interface ViolationEntry {
  readonly seed: number;
  readonly rule: string;
  readonly member: number;
  readonly at_ms: number;
  readonly text: string;
  readonly trace_hash: string;
  readonly report: string;
  /** The smallest schedule found that breaks the same rule; for the first violation only. */
  readonly shrunk?: { readonly options: ScheduleResult['options']; readonly report: string };
}

/** What `concordat simulate --json` prints. */
export interface SimulateReport {
  readonly protocol: EngineName;
  readonly first_seed: number;
  readonly schedules: number;
  readonly seconds: number;
  readonly per_second: number;
  readonly jobs: number;
  readonly trace_hash: string;
  /** Per schedule, on average. */
  readonly mean: Readonly<Record<string, number>>;
  readonly profiles: SweepResult['profiles'];
  /** Schedules that were hashed and signed as real members do. */
  readonly real_signatures: number;
  readonly canary: CanaryResult | null;
  /** Hits by fault, then by step; what cannot be is left out. */
  readonly coverage: Readonly<Record<string, Readonly<Record<string, number>>>>;
  /** Possible cells of `coverage` without a hit. */
  readonly uncovered: readonly string[];
  /** Hits of cells that are said to be impossible. */
  readonly surprising: readonly string[];
  readonly violations: readonly ViolationEntry[];
}

/** What a report is made from. */
export interface SimulateOutcome {
  readonly engine: EngineName;
  readonly firstSeed: number;
  readonly swept: SweepResult;
  readonly elapsedMs: number;
  readonly jobs: number;
  readonly canary: CanaryResult | undefined;
  readonly shrunk: ScheduleResult | undefined;
}

const rounded = (value: number, digits: number): number => Number(value.toFixed(digits));

/** Figures of which the mean says something. */
const AVERAGED = [
  'events',
  'messages',
  'sequences',
  'decided',
  'views',
  'faults',
  'liars',
  'accused',
  'epochs',
  'takeovers',
] as const;

const meansOf = (figures: SweepFigures): Record<string, number> =>
  Object.fromEntries(AVERAGED.map((name) => [name, rounded(figures[name] / Math.max(1, figures.schedules), 2)]));

function violationOf(failure: SweepFailure, shrunk: ScheduleResult | undefined): ViolationEntry {
  const { seed, rule, member, atMs, text, traceHash, report } = failure;
  const entry = { seed, rule, member, at_ms: rounded(atMs, 2), text, trace_hash: traceHash, report };
  if (shrunk?.seed !== seed) return entry;
  return { ...entry, shrunk: { options: shrunk.options, report: shrunk.report } };
}

/** The report of a run. */
export function reportOf({
  engine,
  firstSeed,
  swept,
  elapsedMs,
  jobs,
  canary,
  shrunk,
}: SimulateOutcome): SimulateReport {
  const coverage = new FaultCoverage(swept.coverage);
  const seconds = elapsedMs / 1000;
  const steps: readonly ProtocolStep[] = STEPS_OF[engine];
  const faults = COUNTED_FAULTS.filter((fault) =>
    steps.some((step) => whyImpossible(fault, step, engine) === undefined),
  );
  return {
    protocol: engine,
    first_seed: firstSeed,
    schedules: swept.figures.schedules,
    seconds: rounded(seconds, 2),
    per_second: rounded(swept.figures.schedules / Math.max(seconds, 1e-3), 1),
    jobs,
    trace_hash: swept.traceHash,
    mean: meansOf(swept.figures),
    profiles: swept.profiles,
    real_signatures: swept.figures.real,
    canary: canary ?? null,
    coverage: Object.fromEntries(
      faults.map((fault) => [
        fault,
        Object.fromEntries(
          steps
            .filter((step) => whyImpossible(fault, step, engine) === undefined)
            .map((step) => [step, coverage.hits(fault, step)]),
        ),
      ]),
    ),
    uncovered: coverage.missing(engine),
    surprising: coverage.surprising(engine),
    violations: swept.failures.map((failure) => violationOf(failure, shrunk)),
  };
}

/** True when no rule was broken, and the checkers saw the defect that was put before them. */
export const holds = ({ violations, canary }: SimulateReport): boolean =>
  violations.length === 0 && (canary === null || canary.unseen.length === 0);

/** The report for people. */
export function describeSimulation(report: SimulateReport): string {
  const { mean, canary, violations } = report;
  const fields = renderFields([
    ['protocol', report.protocol],
    ['schedules', `${report.schedules} from seed ${report.first_seed}`],
    ['speed', `${report.per_second}/s with ${report.jobs} at a time`],
    ['of each', `${mean['sequences']} sequences, ${mean['views']} view changes, ${mean['faults']} faults`],
    ['real signatures', `in ${report.real_signatures}`],
    ['trace hash', report.trace_hash],
    ['canary', canary === null ? undefined : canaryText(canary)],
    ['violations', violations.length],
  ]);
  const matrix = report.schedules > 1 ? `${coverageTable(report)}\n` : '';
  return `${matrix}${fields}${violations.map(violationText).join('')}`;
}

const canaryText = ({ schedules, unseen }: CanaryResult): string =>
  unseen.length === 0 ? `seen within ${schedules} schedules` : `UNSEEN: ${unseen.join(', ')}`;

function coverageTable({ protocol, coverage }: SimulateReport): string {
  const steps: readonly ProtocolStep[] = STEPS_OF[protocol];
  return renderTable(
    ['fault', ...steps],
    Object.entries(coverage).map(([fault, hits]) => [fault, ...steps.map((step) => hits[step] ?? '-')]),
  );
}

function violationText({ report, shrunk }: ViolationEntry): string {
  if (shrunk === undefined) return `\n\n${report}`;
  return `\n\n${report}\n\nSHRUNK to what still breaks the rule:\n${shrunk.report}`;
}
