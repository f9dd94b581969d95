import { createEpochTable, type EpochTable } from '@concordat/protocol';
import { nodeName } from './epoch-history';
import type { SimulatedKey } from './key-scheme';
import type { ScheduleOptions } from './schedule';

/** Table of a simulated swarm's first epoch. There is an operator where anybody may ask for a change. */
export function foundingTable(
  options: ScheduleOptions,
  keys: readonly SimulatedKey[],
  operator: SimulatedKey,
): EpochTable {
  const { engine, f, checkpointInterval, windowSize, logTimeBoundMs, membership } = options;
  const { observers, weights, leaderElection, changes } = membership;
  const nodes = keys.map(({ publicKey }, index) => ({
    nodeId: nodeName(index),
    publicKey,
    weight: weights[index] ?? 1,
  }));
  return createEpochTable({
    members: nodes,
    weightedVoting: weights.length > 0,
    operators: observers > 0 || changes.length > 0 ? [operator.publicKey] : [],
    ...{ engine, leaderElection, f, checkpointInterval, windowSize, logTimeBoundMs },
  });
}
