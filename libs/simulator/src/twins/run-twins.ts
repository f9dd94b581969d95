import { unfinished } from '../settle';
import type { Trace } from '../trace';
import type { Violation } from '../verdict';
import { createGround, type Ground } from './ground';
import { Observations, type TwinFigures } from './observations';
import { leadingCopy, SECOND_COPY, sideOf, type Partition, type TwinScenario } from './scenario';
import { TwinSwarm } from './twin-swarm';

/**
 * Virtual length of a round: long enough for members to lose patience with the leader, to choose the next one, to lose
 * patience with that one too, and to decide.
 */
const ROUND_MS = 60;

const INSTANCES = [0, 1, 2, 3, SECOND_COPY];

const PBFT_GROUND = createGround('pbft');

/** What came of a scenario. */
export interface TwinResult {
  readonly scenario: TwinScenario;
  readonly violations: readonly Violation[];
  readonly figures: TwinFigures;
}

/**
 * Runs one scenario. A round is one leader's turn: it begins with a fresh request on either side of its partition, and
 * whatever PRE-PREPARE the leaders of earlier rounds' views still send is lost, so that nothing new is ordered in it but by
 * a new leader. After the last round the network is whole, and one more request has to be decided, and every request that
 * an honest member took. `trace` takes what honest members hear and execute.
 */
export function runTwins(scenario: TwinScenario, trace?: Trace, ground: Ground = PBFT_GROUND): TwinResult {
  const { twin, rounds } = scenario;
  const observations = new Observations(twin, trace);
  const swarm = new TwinSwarm(ground, twin, leadingCopy(scenario), [observations]);
  observations.watch(swarm);
  swarm.start();
  let envelopes = 0;
  rounds.forEach((partition, round) => {
    swarm.split(partition, round === 0 ? -1 : observations.highestView());
    for (const side of sidesOf(partition, scenario)) {
      const envelope = ground.envelope(envelopes++);
      for (const instance of clientsOf(side, partition, scenario)) swarm.submit(instance, envelope);
    }
    swarm.runUntil((round + 1) * ROUND_MS);
  });
  observations.endOfRounds();
  settleTwins(swarm, ground, envelopes);
  observations.end();
  return { scenario, violations: swarm.violations, figures: observations.figures };
}

/** Where a side's request is submitted: at its first honest member, or, without any, at each copy there. */
function clientsOf(side: number, partition: Partition, { twin }: TwinScenario): readonly number[] {
  const there = INSTANCES.filter((instance) => sideOf(partition, instance) === side);
  const honest = there.find((instance) => instance !== twin && instance !== SECOND_COPY);
  return honest === undefined ? there : [honest];
}

/** Both sides, the one of the first honest member first: sides have no names. */
function sidesOf(partition: Partition, { twin }: TwinScenario): readonly number[] {
  const first = sideOf(partition, twin === 0 ? 1 : 0);
  return [first, 1 - first];
}

function settleTwins(swarm: TwinSwarm, ground: Ground, envelopes: number): void {
  if (swarm.failed) return;
  swarm.heal();
  const probe = ground.envelope(envelopes);
  const [first] = swarm.correctMembers;
  if (first === undefined) return;
  swarm.submit(first.index, probe, 1);
  const submitted = swarm.elapsedMs + 1;
  const isDone = (): boolean => swarm.elapsedMs > submitted && unfinished(swarm, [probe]) === undefined;
  if (swarm.runUntil(swarm.elapsedMs + swarm.options.settleMs, isDone)) return;
  if (swarm.violations.length === 0)
    swarm.blame('liveness', first.index, unfinished(swarm, [probe]) ?? 'finished too late');
}
