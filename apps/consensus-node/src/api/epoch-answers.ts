import {
  type Committee,
  encodeEpochTable,
  type Epoch,
  type EpochChange,
  type Epochs,
  REPUTATION_ONE,
  toBase64Url,
} from '@concordat/protocol';
import { type EpochsInput } from './membership-schemas';

/** One epoch: its table, and the proof by the members of the epoch before that it follows. */
export interface EpochAnswer {
  readonly epoch: number;
  readonly first_sequence: number;
  readonly table_hash: string;
  /** Canonical bytes of the table (Spec §2.4), in base64url: what the hash is of. The fields below say the same for people. */
  readonly table: string;
  readonly f: number;
  readonly quorum: number;
  readonly weighted_voting: boolean;
  readonly members: readonly {
    readonly node_id: string;
    readonly public_key: string;
    readonly weight: number;
    readonly reputation: number;
    readonly isolated: boolean;
    readonly capabilities: readonly string[];
  }[];
  readonly operators: readonly string[];
  /** Checkpoint at the end of the epoch before (Spec §A.4), by its members; null for the first epoch. */
  readonly certificate: {
    readonly sequence: number;
    readonly state_digest: string;
    readonly boundary: number;
    readonly next_table_hash: string;
    readonly signatures: readonly { readonly node_id: string; readonly signature: string }[];
  } | null;
}

/** Answer of cluster/epochs: oldest first. */
export interface EpochsAnswer {
  readonly epochs: readonly EpochAnswer[];
  /** Where the next answer goes on; null when this one ends with the newest epoch that is known here. */
  readonly next_from: number | null;
}

function certificateAnswer({ certificate }: EpochChange, before: Committee): EpochAnswer['certificate'] {
  const { sequence, content, signatures } = certificate;
  return {
    sequence,
    state_digest: content.stateDigest,
    boundary: content.boundary,
    next_table_hash: content.nextTableHash,
    signatures: signatures.map(({ sender, signature }) => ({
      node_id: before.member(sender)?.nodeId ?? '',
      signature: toBase64Url(signature),
    })),
  };
}

function epochAnswer(epochs: Epochs, committee: Committee): EpochAnswer {
  const { table, epoch, f, quorumWeight, hash } = committee;
  const before = epochs.of((epoch - 1) as Epoch);
  const [change] = before === undefined ? [] : epochs.changesAfter(before.epoch, 1);
  return {
    epoch,
    first_sequence: table.baseSequence + 1,
    table_hash: hash,
    table: toBase64Url(encodeEpochTable(table)),
    f,
    quorum: quorumWeight,
    weighted_voting: table.weightedVoting,
    members: table.members.map((member) => ({
      node_id: member.nodeId,
      public_key: toBase64Url(member.publicKey),
      weight: member.weight,
      reputation: member.reputation / REPUTATION_ONE,
      isolated: member.isolated,
      capabilities: member.capabilities,
    })),
    operators: table.operators.map(toBase64Url),
    certificate: before === undefined || change === undefined ? null : certificateAnswer(change, before),
  };
}

/** The epochs from `from` on. */
export function epochsAnswer(epochs: Epochs, { from, limit }: EpochsInput): EpochsAnswer {
  const end = from + limit;
  const some = epochs.all.filter(({ epoch }) => epoch >= from && epoch < end);
  return {
    epochs: some.map((committee) => epochAnswer(epochs, committee)),
    next_from: end > epochs.newest.epoch ? null : end,
  };
}
