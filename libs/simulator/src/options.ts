import { DEFAULT_REPLICA_CONFIG } from '@concordat/consensus';
import { faultsTolerated, type EngineName } from '@concordat/protocol';
import { faultsOf, type FaultShape } from './fault-draws';
import { Random } from './random';
import { membershipOf } from './membership-draws';
import { STRATEGIES_OF, type Fault, type Liar, type Profile, type ScheduleOptions, type Strategy } from './schedule';

/** A quiet swarm of four: what named schedules start from. */
export const CALM: ScheduleOptions = {
  engine: 'pbft',
  profile: 'standard',
  members: 4,
  f: 1,
  checkpointInterval: 4,
  windowSize: 8,
  durationMs: 1000,
  settleMs: 60_000,
  logTimeBoundMs: 10_000,
  clockSkewMs: 0,
  drainMs: 0,
  network: { latencyMinMs: 1, latencyMaxMs: 5, lossRate: 0, repeatRate: 0, slowRate: 0, slowMs: 0 },
  disk: { syncMinMs: 0, syncMaxMs: 2, tornRate: 0, segmentRecordsMax: 40 },
  workload: {
    clients: 3,
    envelopes: 0,
    requestsMax: 3,
    duplicateRate: 0,
    reuseRate: 0,
    shortDeadlineRate: 0,
    gatewayRate: 0,
  },
  membership: { observers: 0, weights: [], leaderElection: 'round-robin', retain: 0, changes: [] },
  replica: {
    ...DEFAULT_REPLICA_CONFIG,
    phaseTimeoutMs: 150,
    viewChangeTimeoutMs: 200,
    viewChangeTimeoutMaxMs: 1600,
    statusIntervalMs: 100,
    batchSize: 4,
    pipelineDepth: 4,
    eagerDepth: 2,
    poolEnvelopesMax: 200,
    poolBytesMax: 1 << 20,
  },
  liars: [],
  amnesiacs: [],
  tolerated: [],
  faults: [],
};

/** What a profile draws from: how large a swarm, for how long, and how much goes wrong. */
interface Shape {
  readonly members: readonly number[];
  readonly durationMs: readonly [number, number];
  readonly envelopes: readonly [number, number];
  readonly faults: FaultShape;
}

/** Of a hundred schedules 60 are quick, 30 standard and 10 harsh, before some of them change their members. */
const PROFILES: readonly Exclude<Profile, 'epochs'>[] = [
  ...new Array<'quick' | 'standard' | 'harsh'>(6).fill('quick'),
  ...new Array<'quick' | 'standard' | 'harsh'>(3).fill('standard'),
  ...new Array<'quick' | 'standard' | 'harsh'>(1).fill('harsh'),
];

/** Of a hundred standard and harsh schedules so many change their members. */
const CHANGING_PERCENT = 25;

const SHAPES: Readonly<Record<Exclude<Profile, 'epochs'>, Shape>> = {
  quick: {
    members: [4],
    durationMs: [100, 350],
    envelopes: [4, 11],
    faults: { crashes: 2, powerLoss: 0.1, cuts: 1, holes: 2, pauses: 1, clogs: 1, diskErrors: 1, clocks: 1 },
  },
  standard: {
    members: [4, 4, 4, 4, 4, 4, 5, 7],
    durationMs: [150, 700],
    envelopes: [5, 17],
    faults: { crashes: 5, powerLoss: 0.2, cuts: 3, holes: 4, pauses: 2, clogs: 1, diskErrors: 1, clocks: 1 },
  },
  harsh: {
    members: [4, 4, 4, 5, 6, 7],
    durationMs: [400, 900],
    envelopes: [8, 24],
    faults: { crashes: 8, powerLoss: 0.5, cuts: 4, holes: 6, pauses: 4, clogs: 3, diskErrors: 3, clocks: 2 },
  },
};

/** Everything about a run that is not said follows from its seed. The engine is not drawn. */
export function optionsOf(seed: number, overrides: Partial<ScheduleOptions> = {}): ScheduleOptions {
  const random = new Random(seed).fork();
  // Drawn apart: what does not concern changes of members is the same with and without them.
  const apart = new Random(seed ^ 0x0e90c).fork();
  const drawn = overrides.profile ?? random.pick(PROFILES);
  const changes =
    drawn === 'epochs' || (overrides.profile === undefined && drawn !== 'quick' && apart.below(100) < CHANGING_PERCENT);
  const still = stillOptions(random, drawn === 'epochs' ? apart.pick(['standard', 'harsh']) : drawn, overrides);
  return changes ? { ...still, ...changingOptions(apart, still), ...overrides } : still;
}

/** What makes of a schedule one whose members change: several epochs, checkpoints and states that are taken over. */
function changingOptions(random: Random, still: ScheduleOptions): Partial<ScheduleOptions> {
  const durationMs = still.durationMs + 150;
  const { members, f, liars, faults } = still;
  const allCorrect = liars.length === 0 && faults.every(({ kind }) => kind !== 'bit-flip');
  const { membership, crashes } = membershipOf(random, { members, f, durationMs, liars, allCorrect });
  const checkpointInterval = random.pick([2, 4]);
  return {
    profile: 'epochs',
    durationMs,
    checkpointInterval,
    windowSize: checkpointInterval * random.pick([2, 2, 3]),
    membership,
    replica: { ...still.replica, snapshotGap: random.pick([4, 12, still.replica.snapshotGap]) },
    faults: [...faults.map((fault) => afterChanges(fault, random, durationMs)), ...crashes],
  };
}

/** Half of the bits flip where an epoch has already ended. */
function afterChanges(fault: Fault, random: Random, durationMs: number): Fault {
  const moves = fault.kind === 'bit-flip' && random.chance(0.5);
  return moves ? { ...fault, atMs: random.between(durationMs >> 1, durationMs - 1) } : fault;
}

/** A schedule whose members stay who they are. */
function stillOptions(
  random: Random,
  profile: Exclude<Profile, 'epochs'>,
  overrides: Partial<ScheduleOptions>,
): ScheduleOptions {
  const shape = SHAPES[profile];
  const engine = overrides.engine ?? CALM.engine;
  const members = overrides.members ?? random.pick(shape.members);
  const tolerated = faultsTolerated(members);
  const f = overrides.f ?? (tolerated > 1 && random.chance(0.3) ? tolerated - 1 : tolerated);
  const durationMs = overrides.durationMs ?? random.between(...shape.durationMs);
  const checkpointInterval = random.pick([2, 4, 4, 8]);
  const lossy = random.chance(0.6);
  const liars = overrides.liars ?? liarsOf(random, engine, members, f);
  const clockSkewMs = random.pick([0, 20, 500]);
  return {
    ...CALM,
    profile,
    members,
    f,
    checkpointInterval,
    windowSize: checkpointInterval * random.pick([2, 2, 3]),
    durationMs,
    // Clocks of correct members are no further apart than that, or liveness could not be asked for.
    logTimeBoundMs: random.pick([10_000, 2 * clockSkewMs + 60]),
    clockSkewMs,
    drainMs: random.pick([0, 1, 2, 4]),
    network: {
      latencyMinMs: random.pick([0, 1, 3]),
      latencyMaxMs: random.between(4, 15),
      lossRate: lossy ? random.pick([0.01, 0.05, 0.2]) : 0,
      repeatRate: random.pick([0, 0.05, 0.2]),
      slowRate: random.pick([0, 0.02, 0.1]),
      slowMs: random.between(20, 400),
    },
    disk: {
      syncMinMs: 0,
      syncMaxMs: random.pick([0, 1, 4, 20]),
      tornRate: random.pick([0, 0.5, 1]),
      segmentRecordsMax: random.pick([10, 40, 200]),
    },
    workload: {
      clients: random.between(1, 4),
      envelopes: random.between(...shape.envelopes),
      requestsMax: random.pick([1, 3]),
      duplicateRate: random.pick([0, 0.3]),
      reuseRate: random.pick([0, 0.1]),
      shortDeadlineRate: random.pick([0, 0.2]),
      gatewayRate: random.pick([0, 0.4]),
    },
    replica: {
      ...CALM.replica,
      phaseTimeoutMs: random.pick([50, 100, 150]),
      viewChangeTimeoutMs: random.pick([60, 120, 200]),
      statusIntervalMs: random.pick([50, 100]),
      batchSize: random.pick([1, 4, 20]),
      pipelineDepth: random.pick([1, 3, 8]),
    },
    liars,
    faults: faultsOf(random, shape.faults, { engine, members, durationMs, mayFlip: liars.length < f, liars }),
    ...overrides,
  };
}

function liarsOf(random: Random, engine: EngineName, members: number, f: number): Liar[] {
  const count = random.between(0, f);
  const all = Array.from({ length: members }, (_, index) => index);
  return random
    .shuffled(all)
    .slice(0, count)
    .map((member) => ({ member, strategy: random.pick<Strategy>(STRATEGIES_OF[engine]) }));
}
