import {
  epochTableFromJson,
  epochTableToJson,
  EpochTableError,
  type Committee,
  type Digest,
  type EpochChange,
  type Epochs,
  type Epoch,
  type Sequence,
} from '@concordat/protocol';
import { CertificateFault, Fields } from './json-fields';
import { namedSignatures, readSignatures, signersIn, type NamedSignature } from './named-signatures';

/** Name and version of the form of a chain of epoch changes. */
export const EPOCH_CHAIN_FORMAT = 'concordat.epochs.v1';

/** The end of an epoch and the table of the next one as a JSON value (Spec §7.7). Fields stand in this order. */
export interface EpochChangeJson {
  /** The table of the epoch that begins, as epochTableToJson writes it. */
  readonly table: Readonly<Record<string, unknown>>;
  /** The checkpoint at the boundary, signed by a quorum of the epoch that ends, in the order of its table. */
  readonly checkpoint: {
    readonly sequence: number;
    /** Hex. */
    readonly state_digest: string;
    readonly boundary: number;
    /** Hex. */
    readonly next_table_hash: string;
    readonly signatures: readonly NamedSignature[];
  };
}

/** Successive epoch changes of a swarm as a JSON value: what leads from an epoch that is trusted to later ones. */
export interface EpochChainJson {
  readonly format: typeof EPOCH_CHAIN_FORMAT;
  /** Hash of the genesis, hex. */
  readonly swarm_id: string;
  /** Oldest first, without gaps. */
  readonly changes: readonly EpochChangeJson[];
}

/** Writes a change; `ended` is the committee of the epoch that it ends. */
export const epochChangeToJson = ({ table, certificate }: EpochChange, ended: Committee): EpochChangeJson => ({
  table: epochTableToJson(table),
  checkpoint: {
    sequence: certificate.sequence,
    state_digest: certificate.content.stateDigest,
    boundary: certificate.content.boundary,
    next_table_hash: certificate.content.nextTableHash,
    signatures: namedSignatures(ended, certificate.signatures),
  },
});

const CHECKPOINT_KEYS = ['sequence', 'state_digest', 'boundary', 'next_table_hash', 'signatures'];

/**
 * Reads a change as epochChangeToJson wrote it; `ended` is the committee of the epoch that it ends, `path` says in faults where it
 * stands. It may still be false: checkEpochChange says. Throws a CertificateFault that names the wrong field.
 */
export function epochChangeFromJson(value: unknown, ended: Committee, path = 'change'): EpochChange {
  const fields = new Fields(value, path, ['table', 'checkpoint']);
  const checkpoint = new Fields(fields.get('checkpoint'), `${path}.checkpoint`, CHECKPOINT_KEYS);
  const signers = `${path}.checkpoint.signatures`;
  const table = readTable(fields.get('table'), path);
  if (table.epoch !== ended.epoch + 1)
    throw new CertificateFault(`${path}: epoch ${String(table.epoch)} does not follow ${String(ended.epoch)}`);
  return {
    table,
    certificate: {
      sequence: checkpoint.count('sequence', 1) as Sequence,
      content: {
        stateDigest: checkpoint.digest('state_digest'),
        boundary: checkpoint.count('boundary', 1) as Sequence,
        nextTableHash: checkpoint.digest('next_table_hash'),
      },
      signatures: signersIn(ended, signers, readSignatures(checkpoint, 'signatures', signers, ended.n)),
    },
  };
}

function readTable(value: unknown, path: string): EpochChange['table'] {
  try {
    return epochTableFromJson(value);
  } catch (error) {
    if (error instanceof EpochTableError) throw new CertificateFault(`${path}.table: ${error.message}`);
    throw error;
  }
}

/** Writes the changes after an epoch, at most `max`, as they are known. */
export function epochChainToJson(epochs: Epochs, swarmId: Digest, after: Epoch, max: number): EpochChainJson {
  const changes = epochs.changesAfter(after, max).map((change) => {
    const ended = epochs.of((change.table.epoch - 1) as Epoch);
    if (ended === undefined) throw new RangeError(`epoch ${String(change.table.epoch - 1)} is not known`);
    return epochChangeToJson(change, ended);
  });
  return { format: EPOCH_CHAIN_FORMAT, swarm_id: swarmId, changes };
}
