import { encodeMessage, faultsTolerated, type EngineName, type MessageKind, type Signed } from '@concordat/protocol';
import { Cluster, START } from '../cluster';
import { CALM } from '../options';
import { quickHash } from '../quick-hash';
import { Random } from '../random';
import type { ScheduleOptions } from '../schedule';
import type { Checker } from '../watch';
import { Workload } from '../workload';
import { fitPolynomial, type Fit } from './fit';

/** Swarm sizes that are compared. */
export const MESSAGE_SIZES: readonly number[] = [4, 7, 16, 31, 64, 100];

/** Batches of requests that are decided in a run: whole checkpoint intervals, so that their share is the true one. */
export const MEASURED_DECISIONS = 32;
const CHECKPOINT_INTERVAL = 8;
/** Until all have started. */
const WARM_UP_MS = 500;
/** Longer than a run: whom a STATUS finds half-way through a decision is sent what it is about to get anyway. */
const STATUS_INTERVAL_MS = 5000;
/** Virtual time between two requests. */
const SUBMIT_INTERVAL_MS = 0.25;
/** Nobody loses patience before the end of a run. */
const PATIENCE_MS = 600_000;
const DEADLINE_MS = 120_000;

/** Messages of members that wait for nobody: their number says nothing about agreement. */
const APART: MessageKind = 'status';
/** Messages that tell of a leader who was given up: there are none in a swarm without faults. */
const OF_FAILURE: readonly MessageKind[] = ['viewChange', 'newView', 'timeout'];

/** What one decision costs a swarm of `members`, in the mean over a run without faults. */
export interface MessageCost {
  readonly engine: EngineName;
  readonly members: number;
  /** Batches that were decided. */
  readonly decisions: number;
  /** Copies that left, without STATUS. */
  readonly messages: number;
  readonly bytes: number;
  /** Copies of STATUS that left, and their bytes. */
  readonly statuses: number;
  readonly statusBytes: number;
  /** Copies by kind. */
  readonly byKind: Readonly<Partial<Record<MessageKind, number>>>;
  /** Processor time of all members together, milliseconds; stub signatures, and the checkers beside them. */
  readonly cpuMs: number;
}

/** Counts every copy of a message that leaves a member. */
class Tally implements Checker {
  readonly copies = new Map<MessageKind, { count: number; bytes: number }>();
  private readonly sizes = new WeakMap<Signed, number>();

  sent(_member: number, _to: number, message: Signed): void {
    const of = this.copies.get(message.kind) ?? { count: 0, bytes: 0 };
    this.copies.set(message.kind, of);
    of.count++;
    of.bytes += this.sizeOf(message);
  }

  private sizeOf(message: Signed): number {
    let size = this.sizes.get(message);
    if (size === undefined) {
      size = encodeMessage(message).length;
      this.sizes.set(message, size);
    }
    return size;
  }
}

const optionsFor = (engine: EngineName, members: number): ScheduleOptions => ({
  ...CALM,
  engine,
  members,
  f: faultsTolerated(members),
  checkpointInterval: CHECKPOINT_INTERVAL,
  windowSize: 2 * CHECKPOINT_INTERVAL,
  replica: {
    ...CALM.replica,
    phaseTimeoutMs: PATIENCE_MS,
    viewChangeTimeoutMs: PATIENCE_MS,
    viewChangeTimeoutMaxMs: PATIENCE_MS,
    statusIntervalMs: STATUS_INTERVAL_MS,
    batchSize: 1,
  },
});

/**
 * Runs a swarm without faults until every member has executed all requests, one to a batch, and counts what leaves. `cpuMs`:
 * processor time of this process so far. Throws an Error when the run was not what it should have been.
 */
export function measureMessages(engine: EngineName, members: number, cpuMs: () => number): MessageCost {
  const tally = new Tally();
  const cluster = new Cluster(1, optionsFor(engine, members), quickHash, [tally]);
  const workload = new Workload(quickHash, new Random(1), cluster.signatures, START, CALM.workload);
  const envelopes = Array.from({ length: MEASURED_DECISIONS }, (_, index) =>
    workload.ofClient(0, { client: 0, text: `request ${String(index)}` }),
  );
  cluster.start();
  // Members that have just started compare themselves with each other.
  cluster.runUntil(WARM_UP_MS);
  tally.copies.clear();
  // One after the other, and faster than they are decided: each is passed on alone, and something waits for every leader.
  envelopes.forEach((envelope, index) => cluster.submit(index % members, envelope, 1 + index * SUBMIT_INTERVAL_MS));
  const startedMs = cpuMs();
  const isDone = (): boolean =>
    cluster.requests.decidedCount >= MEASURED_DECISIONS &&
    cluster.members.every(({ engine: replica }) => {
      const { executed = -1, stable = -1 } = replica?.state() ?? {};
      return executed === cluster.agreement.length && stable === executed - (executed % CHECKPOINT_INTERVAL);
    });
  const done = cluster.runUntil(DEADLINE_MS, isDone);
  const elapsedMs = cpuMs() - startedMs;
  const [violation] = cluster.violations;
  if (violation !== undefined) throw new Error(`${engine}, ${String(members)} members: ${violation.text}`);
  const failed = OF_FAILURE.find((kind) => tally.copies.has(kind));
  if (!done || failed !== undefined)
    throw new Error(`${engine}, ${String(members)} members: ${failed ?? 'undecided requests'} in a run without faults`);
  return costOf(tally, engine, members, elapsedMs);
}

function costOf({ copies }: Tally, engine: EngineName, members: number, elapsedMs: number): MessageCost {
  const per = (total: number): number => total / MEASURED_DECISIONS;
  const apart = copies.get(APART) ?? { count: 0, bytes: 0 };
  const counted = [...copies].filter(([kind]) => kind !== APART);
  return {
    engine,
    members,
    decisions: MEASURED_DECISIONS,
    messages: per(counted.reduce((sum, [, { count }]) => sum + count, 0)),
    bytes: per(counted.reduce((sum, [, { bytes }]) => sum + bytes, 0)),
    statuses: per(apart.count),
    statusBytes: per(apart.bytes),
    byKind: Object.fromEntries(counted.map(([kind, { count }]) => [kind, per(count)])),
    cpuMs: per(elapsedMs),
  };
}

/** Degree of the polynomial that an engine's messages per decision are expected to lie on. */
const DEGREE: Readonly<Record<EngineName, number>> = { pbft: 2, hotstuff: 1 };

/** How messages per decision grow with the size of a swarm: a line for HotStuff, a parabola for PBFT. */
export const messageFit = (engine: EngineName, costs: readonly MessageCost[]): Fit =>
  fitPolynomial(
    costs.map(({ members, messages }) => [members, messages]),
    DEGREE[engine],
  );
