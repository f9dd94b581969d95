import { setTimeout as pause } from 'node:timers/promises';
import type { ChaosLoad } from './chaos-load';
import { chaosPlan, MEMBER_FAULTS, stepText, type MemberFault, type Step } from './chaos-plan';
import type { ChaosSwarm, Recovery } from './chaos-swarm';
import { until } from './until';

/** Longest time without a decision: with at most f faulty members, and once a lost quorum is back. */
export const PROGRESS_MS = 5_000;
const RECOVERY_DEADLINE_MS = 20_000;

/** What became of one step. */
export interface StepReport extends Recovery {
  readonly step: string;
  readonly kind: Step['kind'];
  /** From the fault to a decision that was asked for after it, by the others; undefined without a quorum. */
  readonly duringMs: number | undefined;
}

/** What happened in a run. */
export interface ChaosReport {
  readonly steps: readonly StepReport[];
  /** How often each kind of fault and of step has come. */
  readonly counts: Readonly<Record<MemberFault | Step['kind'], number>>;
}

/** A run in one line, for people: how long recovery took, at the median and at worst. */
export function reportText({ steps, counts }: ChaosReport): string {
  const spread = (times: readonly number[]): string => {
    const sorted = [...times].sort((a, b) => a - b);
    return `${String(sorted[Math.floor(sorted.length / 2)])} / ${String(sorted.at(-1))}`;
  };
  const slowest = [...steps].sort((a, b) => b.allMs - a.allMs)[0];
  const during = steps.flatMap(({ duringMs }) => (duringMs === undefined ? [] : [duringMs]));
  return [
    `${String(steps.length)} steps (${MEMBER_FAULTS.map((fault) => `${fault} ${String(counts[fault])}`).join(', ')}, broker ${String(counts.broker)})`,
    `first decision after healing ${spread(steps.map(({ firstMs }) => firstMs))} ms`,
    `every member's ${spread(steps.map(({ allMs }) => allMs))} ms`,
    `next decision while f are faulty ${spread(during)} ms`,
    `slowest: ${slowest?.step ?? 'none'}`,
  ].join('; ');
}

/** Performs the seed's steps, one after the other, for so long, and at least until every kind of fault has come. */
export async function runChaos(
  chaos: ChaosSwarm,
  load: ChaosLoad,
  seed: number,
  durationMs: number,
): Promise<ChaosReport> {
  const steps: StepReport[] = [];
  const counts = {
    ...Object.fromEntries(MEMBER_FAULTS.map((fault) => [fault, 0])),
    minority: 0,
    broker: 0,
    majority: 0,
  } as Record<MemberFault | Step['kind'], number>;
  const end = performance.now() + durationMs;
  for (const step of chaosPlan(seed)) {
    if (performance.now() > end && Object.values(counts).every((count) => count > 0)) break;
    try {
      steps.push(await perform(chaos, load, step));
    } catch (error) {
      const before = steps.map((report) => `  ${report.step}`).join('\n');
      throw new Error(`step ${String(steps.length + 1)}, ${stepText(step)}; before it:\n${before}`, { cause: error });
    }
    counts[step.kind] += 1;
    for (const { fault } of step.faults) counts[fault] += 1;
    await pause(step.restMs);
  }
  return { steps, counts };
}

async function perform(chaos: ChaosSwarm, load: ChaosLoad, step: Step): Promise<StepReport> {
  const struckAt = performance.now();
  const heal = await chaos.inject(step);
  await pause(step.holdMs);
  const duringMs = step.kind === 'minority' ? await progressSince(load, struckAt) : undefined;
  await heal();
  const recovery = await chaos.recovered(RECOVERY_DEADLINE_MS);
  return { step: stepText(step), kind: step.kind, duringMs, ...recovery };
}

/** Up to f faulty members stop nobody else: milliseconds until the first decision that was asked for after `since`. */
async function progressSince(load: ChaosLoad, since: number): Promise<number> {
  const fresh = await until('a decision in spite of the fault', RECOVERY_DEADLINE_MS, () =>
    Promise.resolve(load.firstAskedAfter(since)),
  );
  return Math.round(fresh.at - since);
}
