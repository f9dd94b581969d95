import { Random } from '@concordat/simulator';

/** What can happen to one member. `mute`: nothing leaves it; `deaf`: nothing reaches it; `isolated`: neither. */
export const MEMBER_FAULTS = ['killed', 'frozen', 'cut', 'mute', 'deaf', 'isolated'] as const;
/** One of MEMBER_FAULTS. */
export type MemberFault = (typeof MEMBER_FAULTS)[number];

/** Something that happens to one member. */
export interface PlannedFault {
  readonly fault: MemberFault;
  /** Whoever leads when it happens, or a member. */
  readonly target: 'leader' | number;
  /** Whether connections end with a reset, when they are cut and when what was swallowed is dropped at the end. */
  readonly reset: boolean;
}

/** One spell of faults that begin together and are healed together. */
export interface Step {
  /** Up to f faulty members, or a spell that may take the quorum away. */
  readonly kind: 'minority' | 'broker' | 'majority';
  readonly faults: readonly PlannedFault[];
  /** From the last fault to the first healing. */
  readonly holdMs: number;
  /** From recovery to the next step. */
  readonly restMs: number;
}

/** Bounds of the plan, for a swarm of 4. */
const NODES = 4;
const HOLD_MS = [300, 3_000] as const;
const SPELL_MS = [300, 2_500] as const;
const REST_MS = [100, 1_500] as const;
/** Longer than the broker's and the client's patience (two pings unanswered): connections die by themselves. */
const LONG_HOLD_MS = [11_000, 16_000] as const;
const LONG_HOLD_CHANCE = 0.1;

/**
 * The steps that a seed stands for, without end. They come in rounds, and each round holds every kind of fault once: alone
 * at one member, preferably the leader, and two spells without a quorum, one of them a broker that loses its data.
 */
export function* chaosPlan(seed: number): Generator<Step, never> {
  const random = new Random(seed);
  for (let round = 0; ; round++) {
    const longChance = round === 0 ? 0 : LONG_HOLD_CHANCE;
    const steps = [
      ...MEMBER_FAULTS.map((fault) => minorityStep(random, fault, longChance)),
      brokerStep(random),
      majorityStep(random),
    ];
    yield* random.shuffled(steps);
  }
}

function minorityStep(random: Random, fault: MemberFault, longChance: number): Step {
  const target = random.chance(0.5) ? 'leader' : random.below(NODES);
  const [least, most] = random.chance(longChance) ? LONG_HOLD_MS : HOLD_MS;
  return {
    kind: 'minority',
    faults: [{ fault, target, reset: random.chance(0.5) }],
    holdMs: random.between(least, most),
    restMs: random.between(...REST_MS),
  };
}

/** The broker goes; in half of the cases with a member that has a trouble of its own. */
function brokerStep(random: Random): Step {
  return { kind: 'broker', ...spell(random, random.below(2)) };
}

/** More members than f, up to all. */
function majorityStep(random: Random): Step {
  return { kind: 'majority', ...spell(random, random.between(2, NODES)) };
}

function spell(random: Random, members: number): Omit<Step, 'kind'> {
  const targets = random.shuffled(Array.from({ length: NODES }, (_, index) => index)).slice(0, members);
  const faults = targets.map((target) => ({ fault: random.pick(MEMBER_FAULTS), target, reset: random.chance(0.5) }));
  return { faults, holdMs: random.between(...SPELL_MS), restMs: random.between(...REST_MS) };
}

/** A step in one line, for people. */
export function stepText({ kind, faults, holdMs }: Step): string {
  const members = faults.map(({ fault, target, reset }) => `${String(target)} ${fault}${reset ? ' (reset)' : ''}`);
  return `${[...(kind === 'broker' ? ['broker wiped'] : []), ...members].join(', ')} for ${String(holdMs)} ms`;
}
