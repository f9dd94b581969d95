import { type Recovered } from '@concordat/consensus';
import { nativeHash } from '@concordat/crypto';
import { type Committee, type Epochs, type EpochTable, type MemberIndex } from '@concordat/protocol';
import { recoverPast, RecoveryError } from '@concordat/records';
import { type DataFolder } from '@concordat/storage';

/** Bytes of decisions that one read of the store brings in. */
const READ_BYTES_MAX = 8 << 20;

/** A member's past: the epochs that it has been through, and what its replica in the newest of them starts from. */
export interface RecoveredMember {
  readonly epochs: Epochs;
  /** Of the epoch that it goes on in. */
  readonly committee: Committee;
  readonly recovered: Recovered;
}

/**
 * What a data folder holds of the member's past (Spec §6). `placeOf`: this node's place in an epoch. Rejects with a
 * RecoveryError for a log that is not this member's, and with the store's own errors.
 */
export async function recoverReplica(
  folder: Pick<DataFolder, 'voteLog' | 'decisions'>,
  genesis: EpochTable,
  placeOf: (committee: Committee) => MemberIndex,
): Promise<RecoveredMember> {
  const { voteLog, decisions } = folder;
  const records = [...voteLog.takeRecords()];
  const { epochs, committee, votes } = recoverPast(records, { hash: nativeHash, genesis, placeOf });
  const decided: {
    batch: Recovered['decided'][number]['batch'];
    certificate: Recovered['decided'][number]['certificate'];
  }[] = [];
  const stateSequence = votes.state?.sequence ?? 0;
  if (stateSequence > decisions.lastSequence) {
    const reason = `it is after sequence ${stateSequence}, but the decisions end at ${decisions.lastSequence}: log and decisions are not of one time`;
    throw new RecoveryError('foreign', 'state', 0, reason);
  }
  let next = stateSequence + 1;
  while (next <= decisions.lastSequence) {
    const records = await decisions.read(next, decisions.lastSequence, READ_BYTES_MAX);
    for (const { batch, certificate } of records) decided.push({ batch, certificate });
    // A gap at the end, whose state did not become durable: its decisions are fetched anew.
    if (records.length === 0) break;
    next += records.length;
  }
  return { epochs, committee, recovered: { ...votes, decided, tornTail: voteLog.tornTail } };
}
