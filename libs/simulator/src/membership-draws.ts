import { faultyWeightMax } from '@concordat/protocol';
import type { Random } from './random';
import type { Change, CrashPoint, Fault, Liar, MembershipOptions } from './schedule';

/** What the changes of a schedule are drawn for. */
export interface MembershipSetting {
  readonly members: number;
  readonly f: number;
  readonly durationMs: number;
  readonly liars: readonly Liar[];
  /** True when no member at all is faulty: the swarm may give up tolerance. */
  readonly allCorrect: boolean;
}

/** Members' changes and what they bring with them. */
export interface DrawnMembership {
  readonly membership: MembershipOptions;
  /** Crashes and failing disks about the ends of epochs, of those that join too. */
  readonly crashes: readonly Fault[];
}

const POINTS: readonly CrashPoint[] = ['now', 'before-sync', 'during-sync', 'after-sync', 'mid-send'];
const WEIGHT_MAX = 20;
const WEIGHT_TRIES = 20;

/** Draws who joins, leaves and changes, and when. */
export function membershipOf(random: Random, setting: MembershipSetting): DrawnMembership {
  const observers = random.pick([0, 1, 1, 2, 2, 3]);
  return {
    membership: {
      observers,
      weights: random.chance(0.4) ? weightsOf(random, setting) : [],
      leaderElection: random.pick(['round-robin', 'round-robin', 'reputation']),
      retain: random.pick([0, 0, 2, 8]),
      changes: changesOf(random, setting, observers),
    },
    crashes: crashesOf(random, setting, observers),
  };
}

/** Integers that leave any f members less than a third; none where chance does not find them. */
function weightsOf(random: Random, { members, f }: MembershipSetting): number[] {
  for (let tried = 0; tried < WEIGHT_TRIES; tried++) {
    const weights = Array.from({ length: members }, () => random.between(1, WEIGHT_MAX));
    const whole = weights.reduce((sum, weight) => sum + weight, 0);
    if (3 * faultyWeightMax(weights, f) < whole) return weights;
  }
  return [];
}

function changesOf(random: Random, setting: MembershipSetting, observers: number): Change[] {
  const { members, durationMs, liars, allCorrect, f } = setting;
  const nodes = members + observers;
  const head = (from: number, until: number): Pick<Change, 'atMs' | 'to' | 'by'> => ({
    atMs: random.between(Math.floor(durationMs * from), Math.floor(durationMs * until)),
    to: random.below(nodes),
    by: random.pick(['operator', 'operator', 'members'] as const),
  });
  const changes: Change[] = [];
  for (let node = members; node < nodes; node++)
    if (random.chance(0.85)) changes.push({ ...head(0, 0.5), kind: 'join', node });
  for (const { member } of liars) changes.push({ ...head(0.1, 0.5), kind: 'isolate', node: member });
  const further = random.between(1, 4);
  for (let index = 0; index < further; index++) {
    const node = random.below(nodes);
    const at = head(0.1, 0.9);
    switch (random.below(7)) {
      case 0:
      case 1:
        changes.push({ ...at, kind: 'leave', node });
        // Back again: with a new key, or with the one that it had.
        if (random.chance(0.5))
          changes.push({ ...head(0.6, 0.95), kind: 'join', node, ...(random.chance(0.5) ? { oldKey: true } : {}) });
        break;
      case 2:
      case 3:
        changes.push({ ...at, kind: 'rotate', node });
        break;
      case 4:
        changes.push({ ...at, kind: 'reputation', node, score: random.between(0, 4) / 4 });
        break;
      case 5:
        changes.push({ ...at, kind: 'isolate', node }, { ...head(0.6, 0.95), kind: 'release', node });
        break;
      default:
        if (allCorrect && f > 0) changes.push({ ...at, kind: 'leave', node, f: f - 1 });
        else changes.push({ ...at, kind: 'reputation', node, score: random.between(0, 1) });
    }
  }
  return changes.sort((a, b) => a.atMs - b.atMs);
}

function crashesOf(random: Random, { members, durationMs }: MembershipSetting, observers: number): Fault[] {
  const count = random.between(0, 4);
  return Array.from({ length: count }, (): Fault => {
    const atMs = random.below(durationMs);
    const member = random.below(members + observers);
    const downMs = random.between(1, 250);
    if (random.chance(0.15))
      return { kind: 'disk-error', atMs, member, operation: 'write', downMs, step: 'epoch-change' };
    const point = random.pick(POINTS);
    const crash = { kind: 'crash', atMs, member, point, downMs } as const;
    return point === 'now' ? crash : { ...crash, step: random.pick(['epoch-change', 'epoch-change', 'checkpoint']) };
  });
}
