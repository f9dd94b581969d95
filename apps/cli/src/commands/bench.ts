import { tmpdir } from 'node:os';
import { type EngineName } from '@concordat/protocol';
import { Option, type Command } from 'commander';
import { BenchSwarm } from '../bench/bench-swarm';
import { isOnDisk, verificationsPerSecond } from '../bench/machine';
import { describeProfiles, runProfile, type ProfileRun } from '../bench/profile-bench';
import { benchEntry, describeBench, median, type BenchEntry } from '../bench/report';
import { SCENARIOS, type Scenario } from '../bench/scenarios';
import { describeMinute, describeSoak, soakReport, type SoakMinute } from '../bench/soak';
import { EXIT, type ExitCode } from '../errors';
import { integer, positive, protocolOption } from '../options';
import { type Progress } from '../output';
import { type Session } from '../session';
import { aborted, processLifetime, type Lifetime } from '../swarm/lifetime';

interface BenchOptions {
  readonly nodes: number;
  readonly scenario?: readonly string[];
  readonly runs: number;
  readonly durationS: number;
  readonly warmUpS: number;
  readonly clients?: number;
  readonly soak?: number;
  readonly edge?: boolean;
  readonly dir: string;
  readonly protocol: EngineName;
}

const MS = 1_000;
/** Before each run: other users of a machine come and go, and a figure means something only beside its own moment. */
const VERIFY_MS = 300;
/** Until the members' code is compiled for what it does all the time; before that they do half as much. */
const WARM_UP_S = 20;
const MINUTE_MS = 60_000;

/** `concordat bench`: decisions per second and latencies of a swarm of its own. */
export function registerBench(program: Command, session: Session): void {
  program
    .command('bench')
    .description('measure a swarm of its own: real processes, a real nats-server, durable')
    .option('--nodes <n>', 'members', integer(1, 100), 4)
    .addOption(new Option('--scenario <name...>', 'only these').choices(SCENARIOS.map(({ name }) => name)))
    .option('--runs <n>', 'runs per scenario; medians are reported', integer(1, 100), 5)
    .option('--duration, --duration-s <s>', 'seconds per run', positive(3600), 5)
    .option('--warm-up-s <s>', 'seconds before the first run', positive(600), WARM_UP_S)
    .option('--clients <n>', 'clients, each with one envelope in flight (default: by scenario)', integer(1, 10_000))
    .option('--soak <minutes>', 'load for so long, and print the members’ memory each minute', integer(1, 1440))
    .option('--edge', 'bytes, wake-ups and memory of the profile edge beside those of the defaults (Linux)')
    .option('--dir <dir>', 'where the temporary folder is made: the disk that is measured', tmpdir())
    .addOption(protocolOption().default('pbft'))
    .action(session.action((options: BenchOptions) => bench(options, session)));
}

async function bench(options: BenchOptions, session: Session): Promise<ExitCode> {
  const lifetime = processLifetime(process);
  const progress = session.output.progress(`starting ${options.nodes} members`);
  try {
    if (options.edge === true) return await compareProfiles(options, session, lifetime, progress);
    const work = (swarm: BenchSwarm): Promise<ExitCode> => measure({ swarm, options, session, progress });
    return await withSwarm(options, session.env, lifetime, work);
  } catch (thrown) {
    if (lifetime.signal.aborted) return EXIT.no;
    throw thrown;
  } finally {
    progress.stop();
    lifetime.end();
  }
}

/** Runs `work` on a swarm of its own, which goes with it. */
async function withSwarm(
  { nodes, dir, protocol }: BenchOptions,
  env: Session['env'],
  lifetime: Lifetime,
  work: (swarm: BenchSwarm) => Promise<ExitCode>,
): Promise<ExitCode> {
  const swarm = new BenchSwarm({ nodes, dir, env, engine: protocol });
  try {
    await swarm.start(lifetime.signal);
    return await untilStopped(swarm.whileAlive(work(swarm)), lifetime);
  } finally {
    await swarm.stop();
  }
}

/** Swarms with the defaults and with the profile edge in turn: a machine's other users disturb both alike. */
async function compareProfiles(
  options: BenchOptions,
  session: Session,
  lifetime: Lifetime,
  progress: Progress,
): Promise<ExitCode> {
  const { runs, durationS, warmUpS } = options;
  const plan = { warmUpMs: warmUpS * MS, idleMs: durationS * MS, loadMs: durationS * MS };
  const seen: ProfileRun[] = [];
  for (let run = 1; run <= runs; run++) {
    for (const profile of ['default', 'edge']) {
      progress.update(`${profile}: run ${run} of ${runs}`);
      const env = { ...session.env, PROFILE: profile === 'edge' ? profile : '' };
      const code = await withSwarm(options, env, lifetime, async (swarm) => {
        seen.push(await runProfile({ profile, protocol: options.protocol }, swarm.measured(), plan));
        return EXIT.done;
      });
      if (code !== EXIT.done) return code;
    }
  }
  progress.stop();
  session.output.result(seen, () => describeProfiles(seen, 'default', 'edge'));
  return seen.every(({ decided }) => decided > 0) ? EXIT.done : EXIT.no;
}

const untilStopped = (work: Promise<ExitCode>, { signal }: Lifetime): Promise<ExitCode> =>
  Promise.race([work, aborted(signal).then((): ExitCode => EXIT.no)]);

interface Measuring {
  readonly swarm: BenchSwarm;
  readonly options: BenchOptions;
  readonly session: Session;
  readonly progress: Progress;
}

function chosen({ scenario, clients }: BenchOptions, fallback: readonly Scenario[]): Scenario[] {
  const scenarios = scenario === undefined ? fallback : SCENARIOS.filter(({ name }) => scenario.includes(name));
  return scenarios.map((one) => (clients === undefined ? one : { ...one, clients }));
}

function measure(measuring: Measuring): Promise<ExitCode> {
  return measuring.options.soak === undefined ? measureSpeed(measuring) : soak(measuring, measuring.options.soak);
}

async function measureSpeed({ swarm, options, session, progress }: Measuring): Promise<ExitCode> {
  const { nodes, protocol, runs, durationS, dir } = options;
  const entries: BenchEntry[] = [];
  for (const scenario of chosen(options, SCENARIOS)) {
    progress.update(`${scenario.title}: warming up`);
    const load = await swarm.loadFor(scenario);
    await load.run(options.warmUpS * MS);
    const results = [];
    const speeds: number[] = [];
    for (let run = 1; run <= runs; run++) {
      progress.update(`${scenario.title}: run ${run} of ${runs}`);
      speeds.push(verificationsPerSecond(VERIFY_MS));
      results.push(await load.run(durationS * MS));
    }
    const around = { protocol, nodes, durable: isOnDisk(dir), duration_s: durationS };
    const figures = { ed25519_verifications_per_s: Math.round(median(speeds)), member_rss_mb: swarm.memory() };
    entries.push(benchEntry(scenario, results, { ...around, ...figures }));
  }
  progress.stop();
  session.output.result(entries, () => describeBench(entries));
  return entries.every(({ decisions_per_s }) => decisions_per_s > 0) ? EXIT.done : EXIT.no;
}

async function soak({ swarm, options, session, progress }: Measuring, minutes: number): Promise<ExitCode> {
  const [scenario] = chosen(
    options,
    SCENARIOS.filter(({ name }) => name === 'signed-clients'),
  );
  if (scenario === undefined) return EXIT.usage;
  const load = await swarm.loadFor(scenario);
  const seen: SoakMinute[] = [];
  for (let minute = 1; minute <= minutes; minute++) {
    progress.update(`${scenario.title}: minute ${minute} of ${minutes}`);
    const { decided, elapsedMs } = await load.run(MINUTE_MS);
    const now = { minute, decisions_per_s: Math.round((decided * MS) / elapsedMs), member_rss_mb: swarm.memory() };
    seen.push(now);
    session.output.event(now, describeMinute(now));
  }
  progress.stop();
  const report = soakReport(scenario.name, options.protocol, seen);
  session.output.result(report, () => describeSoak(report));
  return report.holds ? EXIT.done : EXIT.no;
}
