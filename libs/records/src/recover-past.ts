import { epochToResume } from '@concordat/consensus';
import {
  Epochs,
  LayoutError,
  wireLimits,
  type Committee,
  type EpochTable,
  type Hash,
  type MemberIndex,
} from '@concordat/protocol';
import { recover, recoverEpochs, recoverState, RecoveryError, type RecoveredVotes } from './durable-recovery';
import type { LogRecord } from './group';

/** What a node is read out of its log by. */
export interface PastOptions {
  readonly hash: Hash;
  /** Table of the first epoch. */
  readonly genesis: EpochTable;
  /** This node's place in an epoch. */
  readonly placeOf: (committee: Committee) => MemberIndex;
}

/** What a log holds of its node's past: the epochs that it knows of, and what binds it in the one that it goes on in. */
export interface Past {
  readonly epochs: Epochs;
  /** Of the epoch that it goes on in: not always the newest; of later ones it may have proofs and no state yet. */
  readonly committee: Committee;
  readonly votes: RecoveredVotes;
}

/** Reads a log, the proofs of epochs first: by them the rest of it is to be read. Throws a RecoveryError. */
export function recoverPast(records: readonly LogRecord[], { hash, genesis, placeOf }: PastOptions): Past {
  const epochs = new Epochs(hash, genesis);
  for (const change of recoverEpochs(records)) epochs.add(change);
  const committee = resumed(epochs, recoverState(records)?.bytes);
  const limits = wireLimits(committee.table);
  const self = placeOf(committee);
  const votes = recover(records, {
    hash,
    limits,
    widest: epochs.limits,
    limitsOf: (epoch) => {
      const table = epochs.of(epoch)?.table;
      return table === undefined ? undefined : wireLimits(table);
    },
    epoch: committee.epoch,
    self,
  });
  return { epochs, committee, votes };
}

function resumed(epochs: Epochs, state: Uint8Array | undefined): Committee {
  try {
    return epochToResume(epochs, state);
  } catch (error) {
    if (error instanceof LayoutError) throw new RecoveryError('undecodable', 'state', 0, error.message);
    throw error;
  }
}
