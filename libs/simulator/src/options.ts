import { DEFAULT_REPLICA_CONFIG } from '@concordat/consensus';
import { faultsTolerated, type MessageKind } from '@concordat/protocol';
import { Random } from './random';
import { STRATEGIES, type Fault, type Liar, type NetworkRule, type ScheduleOptions } from './schedule';

/** A quiet swarm of four: what named schedules start from. */
export const CALM: ScheduleOptions = {
  members: 4,
  f: 1,
  checkpointInterval: 4,
  windowSize: 8,
  durationMs: 1000,
  settleMs: 60_000,
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
  replica: {
    ...DEFAULT_REPLICA_CONFIG,
    phaseTimeoutMs: 150,
    viewChangeTimeoutMs: 200,
    viewChangeTimeoutMaxMs: 1600,
    statusIntervalMs: 100,
    batchSize: 4,
    pipelineDepth: 4,
    poolEnvelopesMax: 200,
    poolBytesMax: 1 << 20,
  },
  liars: [],
  amnesiacs: [],
  tolerated: [],
  faults: [],
};

/** Everything about a run that is not said follows from its seed. */
export function optionsOf(seed: number, overrides: Partial<ScheduleOptions> = {}): ScheduleOptions {
  const random = new Random(seed).fork();
  const members = overrides.members ?? random.pick([4, 4, 4, 4, 5, 7]);
  const tolerated = faultsTolerated(members);
  const f = overrides.f ?? (tolerated > 1 && random.chance(0.3) ? tolerated - 1 : tolerated);
  const durationMs = overrides.durationMs ?? random.between(150, 700);
  const checkpointInterval = random.pick([2, 4, 4, 8]);
  const lossy = random.chance(0.6);
  return {
    ...CALM,
    members,
    f,
    checkpointInterval,
    windowSize: checkpointInterval * random.pick([2, 2, 3]),
    durationMs,
    clockSkewMs: random.pick([0, 20, 500]),
    drainMs: random.pick([0, 1, 4]),
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
      envelopes: random.between(4, 16),
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
    liars: liarsOf(random, members, f),
    faults: faultsOf(random, members, durationMs),
    ...overrides,
  };
}

function liarsOf(random: Random, members: number, f: number): Liar[] {
  const count = random.between(0, f);
  const all = Array.from({ length: members }, (_, index) => index);
  return random
    .shuffled(all)
    .slice(0, count)
    .map((member) => ({ member, strategy: random.pick(STRATEGIES) }));
}

function faultsOf(random: Random, members: number, durationMs: number): Fault[] {
  const faults: Fault[] = [];
  const crashes = random.chance(0.6) ? random.between(1, 5) : 0;
  for (let index = 0; index < crashes; index++) {
    const point = random.pick(['now', 'before-sync', 'during-sync', 'after-sync'] as const);
    const downMs = random.between(1, 400);
    faults.push({ kind: 'crash', atMs: random.below(durationMs), member: random.below(members), point, downMs });
  }
  if (random.chance(0.2))
    faults.push({ kind: 'power-loss', atMs: random.below(durationMs), downMs: random.between(1, 200) });
  const cuts = random.chance(0.5) ? random.between(1, 3) : 0;
  for (let index = 0; index < cuts; index++) {
    const forMs = random.between(20, Math.max(21, durationMs >> 1));
    faults.push({ kind: 'network', atMs: random.below(durationMs), forMs, rules: cutOf(random, members) });
  }
  const holes = random.chance(0.5) ? random.between(1, 4) : 0;
  for (let index = 0; index < holes; index++) {
    const forMs = random.between(20, 300);
    faults.push({ kind: 'network', atMs: random.below(durationMs), forMs, rules: [holeOf(random, members)] });
  }
  return faults;
}

/** What a rule of holes may be about: a decision that one member alone has seen, a view that some never hear of. */
const HOLES: readonly (readonly MessageKind[])[] = [
  ['commit'],
  ['commit'],
  ['prepare'],
  ['prePrepare'],
  ['viewChange'],
  ['newView'],
  ['checkpoint'],
  ['status'],
  ['batch', 'decided'],
  ['requests'],
];

/** One kind of message is lost, or late, on its way to all but one or two. */
function holeOf(random: Random, members: number): NetworkRule {
  const all = Array.from({ length: members }, (_, index) => index);
  const to = random.shuffled(all).slice(random.between(1, 2));
  return { to, kinds: random.pick(HOLES), delayMs: random.chance(0.6) ? 'lost' : random.between(50, 500) };
}

/** A partition in both directions, or deafness or dumbness of some. */
function cutOf(random: Random, members: number): NetworkRule[] {
  const all = random.shuffled(Array.from({ length: members }, (_, index) => index));
  const size = random.between(1, members - 1);
  const some = all.slice(0, size);
  const rest = all.slice(size);
  const rules: NetworkRule[] = [{ from: some, to: rest, delayMs: 'lost' }];
  if (random.chance(0.6)) rules.push({ from: rest, to: some, delayMs: 'lost' });
  return rules;
}
