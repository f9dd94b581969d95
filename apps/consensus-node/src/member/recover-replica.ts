import { type Recovered } from '@concordat/consensus';
import { nativeHash } from '@concordat/crypto';
import { type Committee, type MemberIndex, wireLimits } from '@concordat/protocol';
import { recover, RecoveryError } from '@concordat/records';
import { type DataFolder } from '@concordat/storage';

/** Bytes of decisions that one read of the store brings in. */
const READ_BYTES_MAX = 8 << 20;

/**
 * What a data folder holds of the member's past, for its replica to start from (Spec §6). Rejects with a RecoveryError for a
 * log that is not this member's, and with the store's own errors.
 */
export async function recoverReplica(
  folder: Pick<DataFolder, 'voteLog' | 'decisions'>,
  committee: Committee,
  self: MemberIndex,
): Promise<Recovered> {
  const { voteLog, decisions } = folder;
  const limits = wireLimits(committee.table);
  const votes = recover(voteLog.takeRecords(), { hash: nativeHash, limits, epoch: committee.epoch, self });
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
    next += Math.max(1, records.length);
  }
  return { ...votes, decided, tornTail: voteLog.tornTail };
}
