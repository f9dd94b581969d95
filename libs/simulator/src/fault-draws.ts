import type { EngineName, MessageKind } from '@concordat/protocol';
import type { ProtocolStep } from './protocol-steps';
import type { Random } from './random';
import type { CrashPoint, Fault, Liar, NetworkRule } from './schedule';

/** Up to how many faults of each sort a schedule has; `powerLoss` is a probability. */
export interface FaultShape {
  readonly crashes: number;
  readonly powerLoss: number;
  readonly cuts: number;
  readonly holes: number;
  readonly pauses: number;
  readonly clogs: number;
  readonly diskErrors: number;
  readonly clocks: number;
}

/** What faults are drawn for. */
export interface FaultSetting {
  readonly engine: EngineName;
  readonly members: number;
  readonly durationMs: number;
  readonly liars: readonly Liar[];
  /** One more faulty member is within f. */
  readonly mayFlip: boolean;
}

const CRASH_POINTS: readonly CrashPoint[] = ['now', 'before-sync', 'during-sync', 'after-sync', 'mid-send'];

/** Steps that a crash may wait for: the seldom ones more often than they come by themselves. */
const AWAITED: Readonly<Record<EngineName, readonly ProtocolStep[]>> = {
  pbft: [
    'pre-prepare',
    'prepare',
    'commit',
    'decision',
    'checkpoint',
    'view-change',
    'view-change',
    'new-view',
    'new-view',
  ],
  hotstuff: ['propose', 'propose', 'vote', 'vote', 'decision', 'checkpoint', 'timeout', 'timeout', 'sync'],
};

/** The faults of one schedule, each at a time within its duration. */
export function faultsOf(random: Random, shape: FaultShape, setting: FaultSetting): Fault[] {
  const { engine, members, durationMs } = setting;
  const at = (): number => random.below(durationMs);
  const one = (): number => random.below(members);
  const faults: Fault[] = [];
  const some = (probability: number, max: number, draw: () => Fault): void => {
    const count = random.chance(probability) ? random.between(1, max) : 0;
    for (let index = 0; index < count; index++) faults.push(draw());
  };
  some(0.6, shape.crashes, () => crashOf(random, engine, at(), one()));
  some(shape.powerLoss, 1, () => ({ kind: 'power-loss', atMs: at(), downMs: random.between(1, 200) }));
  some(0.5, shape.cuts, () => {
    const forMs = random.between(20, Math.max(21, durationMs >> 1));
    return { kind: 'network', atMs: at(), forMs, rules: cutOf(random, members) };
  });
  some(0.5, shape.holes, () => {
    const forMs = random.between(20, 300);
    return { kind: 'network', atMs: at(), forMs, rules: [holeOf(random, engine, members)] };
  });
  some(0.3, shape.pauses, () => ({ kind: 'pause', atMs: at(), member: one(), forMs: random.between(5, 250) }));
  some(0.25, shape.clogs, () => {
    const forMs = random.between(20, 250);
    return { kind: 'network', atMs: at(), forMs, rules: [clogOf(random, members)] };
  });
  some(0.2, shape.diskErrors, () => {
    const operation = random.pick(['write', 'write', 'read'] as const);
    return { kind: 'disk-error', atMs: at(), member: one(), operation, downMs: random.between(1, 200) };
  });
  some(0.15, shape.clocks, () => {
    const byMs = random.between(-2000, 2000);
    return { kind: 'clock', atMs: at(), member: one(), byMs, forMs: random.between(20, 300) };
  });
  if (setting.mayFlip && random.chance(0.2)) faults.push(flipOf(random, at(), setting));
  return faults;
}

function crashOf(random: Random, engine: EngineName, atMs: number, member: number): Fault {
  const point = random.pick(CRASH_POINTS);
  const crash = { kind: 'crash', atMs, member, point, downMs: random.between(1, 400) } as const;
  return point === 'now' || random.chance(0.6) ? crash : { ...crash, step: random.pick(AWAITED[engine]) };
}

function flipOf(random: Random, atMs: number, { members, liars }: FaultSetting): Fault {
  const honest = Array.from({ length: members }, (_, index) => index).filter((index) =>
    liars.every((liar) => liar.member !== index),
  );
  return { kind: 'bit-flip', atMs, member: random.pick(honest), downMs: random.between(1, 200) };
}

/** What a rule of holes may be about: a decision that one member alone has seen, a view that some never hear of. */
const HOLES: Readonly<Record<EngineName, readonly (readonly MessageKind[])[]>> = {
  pbft: [
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
  ],
  hotstuff: [
    ['proposal'],
    ['proposal'],
    ['vote'],
    ['vote'],
    ['timeout'],
    ['syncInfo'],
    ['checkpoint', 'stable'],
    ['status'],
    ['batch', 'decided'],
    ['requests'],
  ],
};

const shuffledMembers = (random: Random, members: number): number[] =>
  random.shuffled(Array.from({ length: members }, (_, index) => index));

/** One kind of message is lost, or late, on its way to all but one or two. */
function holeOf(random: Random, engine: EngineName, members: number): NetworkRule {
  const to = shuffledMembers(random, members).slice(random.between(1, 2));
  return { to, kinds: random.pick(HOLES[engine]), delayMs: random.chance(0.6) ? 'lost' : random.between(50, 500) };
}

/** A partition in both directions, or deafness or dumbness of some. */
function cutOf(random: Random, members: number): NetworkRule[] {
  const all = shuffledMembers(random, members);
  const size = random.between(1, members - 1);
  const [some, rest] = [all.slice(0, size), all.slice(size)];
  const both = random.chance(0.6);
  const cause = both ? 'symmetric-partition' : 'asymmetric-partition';
  const there: NetworkRule = { from: some, to: rest, delayMs: 'lost', cause };
  return both ? [there, { from: rest, to: some, delayMs: 'lost', cause }] : [there];
}

/** What goes to some members, or comes from them, piles up and arrives at once. */
function clogOf(random: Random, members: number): NetworkRule {
  const some = shuffledMembers(random, members).slice(0, random.between(1, 2));
  return random.chance(0.5) ? { to: some, delayMs: 'held' } : { from: some, delayMs: 'held' };
}
