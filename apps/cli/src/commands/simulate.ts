import { randomInt } from 'node:crypto';
import { availableParallelism } from 'node:os';
import { ENGINES, type EngineName } from '@concordat/protocol';
import {
  MESSAGE_SIZES,
  cryptographyOf,
  runCanary,
  shrinkSchedule,
  type ScheduleResult,
  type SweepResult,
} from '@concordat/simulator';
import { Option, type Command } from 'commander';
import { EXIT, usageError, type ExitCode } from '../errors';
import { integer, positive } from '../options';
import { type Progress } from '../output';
import { type Session } from '../session';
import { describeMessages, measureAll } from '../simulate/messages';
import { realCryptography } from '../simulate/real-cryptography';
import { describeSimulation, holds, reportOf } from '../simulate/report';
import { sweepAll, sweepHere, sweepIn, type Portion, type Sweeper } from '../simulate/sweepers';
import { cliMain } from '../swarm/bundles';

interface SimulateOptions {
  readonly protocol: EngineName;
  readonly seed?: number;
  readonly count?: number;
  readonly minutes?: number;
  readonly jobs: number;
  readonly messages?: true;
  readonly members?: readonly number[];
}

const COUNT_DEFAULT = 1000;
const COUNT_MAX = 10_000_000;
/** Fresh seeds start below this: short enough to be typed. */
const FRESH_MAX = 2 ** 40;
const SEED_MAX = 2 ** 52;
/** Schedules that a process runs before it says what came of them. */
const PORTION = 50;
/** A swarm of PBFT sends twice its square of messages for each decision. */
const MEMBERS_MEASURED_MAX = 200;
const MS_PER_MINUTE = 60_000;

/** `concordat simulate`: seeded schedules of the production engine under faults and liars. */
export function registerSimulate(program: Command, session: Session): void {
  program
    .command('simulate')
    .description('run the consensus engine in virtual time, under faults and liars; exit code 1 when a rule breaks')
    .addOption(new Option('--protocol <engine>', 'how members agree').choices(Object.keys(ENGINES)).default('pbft'))
    .option('--seed <s>', 'the first seed; alone: exactly this one (default: fresh ones)', integer(0, SEED_MAX))
    .option('--count <n>', `schedules (default: ${COUNT_DEFAULT}, or 1 with --seed)`, integer(1, COUNT_MAX))
    .option('--minutes <m>', 'for so long instead, or until a rule breaks', positive(1440))
    .option('--jobs <n>', 'schedules at a time', integer(1, 256), availableParallelism())
    .option('--messages', 'instead: what one decision costs each engine, by size of the swarm and without faults')
    .option('--members <n...>', `sizes for --messages (default: ${MESSAGE_SIZES.join(' ')})`, sizes)
    .action(session.action((options: SimulateOptions) => simulate(options, session)));
}

async function simulate(options: SimulateOptions, session: Session): Promise<ExitCode> {
  if (options.minutes !== undefined && options.count !== undefined)
    throw usageError('name --count or --minutes, not both.');
  if (options.messages === true) return measure(options.members ?? MESSAGE_SIZES, session);
  if (options.members !== undefined) throw usageError('--members are for --messages.');
  const engine = options.protocol;
  const firstSeed = options.seed ?? randomInt(FRESH_MAX);
  const count =
    options.minutes === undefined ? (options.count ?? (options.seed === undefined ? COUNT_DEFAULT : 1)) : COUNT_MAX;
  const progress = session.output.progress(`seeds from ${firstSeed} on`);
  const canary = count === 1 ? undefined : runCanary(firstSeed, engine);
  const jobs = Math.min(options.jobs, Math.ceil(count / PORTION));
  const sweepers = jobs === 1 ? [sweepHere()] : Array.from({ length: jobs }, () => sweepIn(cliMain));
  const startedMs = performance.now();
  try {
    const until = options.minutes === undefined ? Infinity : startedMs + options.minutes * MS_PER_MINUTE;
    const swept = await sweep(sweepers, { engine, first: firstSeed, count }, until, progress);
    const elapsedMs = performance.now() - startedMs;
    const report = reportOf({
      engine,
      firstSeed,
      swept,
      elapsedMs,
      jobs,
      canary,
      shrunk: shrunkOf(swept, engine, progress),
    });
    progress.stop();
    session.output.result(report, () => describeSimulation(report));
    return holds(report) ? EXIT.done : EXIT.no;
  } finally {
    for (const sweeper of sweepers) sweeper.stop();
  }
}

/** Parser of one size after the other. */
const sizes = (text: string, before: readonly number[] = []): readonly number[] => [
  ...before,
  integer(1, MEMBERS_MEASURED_MAX)(text),
];

async function measure(members: readonly number[], session: Session): Promise<ExitCode> {
  const progress = session.output.progress('messages per decision');
  const report = await measureAll(members, (engine, size) => progress.update(`${engine} with ${size} members`));
  progress.stop();
  session.output.result(report, () => describeMessages(report));
  return EXIT.done;
}

function sweep(sweepers: readonly Sweeper[], all: Portion, untilMs: number, progress: Progress): Promise<SweepResult> {
  const end = all.first + all.count;
  let first = all.first;
  let failed = false;
  const next = (): Portion | undefined => {
    const isOver = Number.isFinite(untilMs) && (failed || performance.now() > untilMs);
    if (first >= end || isOver) return undefined;
    const portion = { engine: all.engine, first, count: Math.min(PORTION, end - first) };
    first += portion.count;
    return portion;
  };
  return sweepAll(sweepers, next, ({ figures, failures }) => {
    failed = failures.length > 0;
    progress.update(`${figures.schedules} schedules, ${failures.length} violations`);
  });
}

/** The first violation's schedule without all that it can do without. */
function shrunkOf({ failures }: SweepResult, engine: EngineName, progress: Progress): ScheduleResult | undefined {
  const [first] = failures;
  if (first === undefined) return undefined;
  progress.update(`shrinking seed ${first.seed}`);
  return shrinkSchedule(first.seed, { engine }, cryptographyOf(first.seed, realCryptography()));
}
