import { faultyWeightMax, quorumByWeight, type Epoch, type EpochTable } from '@concordat/protocol';
import { changedTable } from './change';
import type { Operation } from './operation';
import { isRefusal, type Refusal } from './refusal';

/** How much a table's members can bear. */
export interface FaultMargin {
  readonly n: number;
  readonly f: number;
  /** Least weight of a quorum. */
  readonly quorumWeight: number;
  /** Weight of all members, isolated ones included. */
  readonly totalWeight: number;
  /** Greatest weight that any f members hold together. */
  readonly heaviestF: number;
  /** Members that may stop, whichever they are, with a quorum left. Isolated ones have stopped already. */
  readonly mayFail: number;
}

/** The margin of a table that checkEpochTable accepts. */
export function faultMargin(table: EpochTable): FaultMargin {
  const weights = table.members.map(({ weight }) => weight);
  const quorumWeight = quorumByWeight(weights, table.f);
  const voters = table.members.filter(({ isolated }) => !isolated).map(({ weight }) => weight);
  let left = voters.reduce((sum, weight) => sum + weight, 0);
  let mayFail = 0;
  for (const weight of voters.sort((a, b) => b - a)) {
    left -= weight;
    if (left < quorumWeight) break;
    mayFail++;
  }
  return {
    n: table.members.length,
    f: table.f,
    quorumWeight,
    totalWeight: weights.reduce((sum, weight) => sum + weight, 0),
    heaviestF: faultyWeightMax(weights, table.f),
    mayFail,
  };
}

/**
 * What an operation would do to a table, judged without authority, proofs and known keys: those depend on who executes it
 * and when. `after` has the next epoch's number, but no boundary yet.
 */
export function whatIf(
  table: EpochTable,
  operation: Operation,
): { readonly before: EpochTable; readonly after: EpochTable } | Refusal {
  const after = changedTable({ ...table, epoch: (table.epoch + 1) as Epoch }, operation);
  return isRefusal(after) ? after : { before: table, after };
}
