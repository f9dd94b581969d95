import {
  checkEpochChange,
  decodeEpochTable,
  EpochTableError,
  epochTableHash,
  Epochs,
  LayoutError,
  MEMBERS_MAX,
  statementBytes,
  swarmId,
  type Committee,
  type Digest,
  type EpochChange,
  type EpochTable,
  type Genesis,
  type Sequence,
} from '@concordat/protocol';
import { CertificateFault, Fields } from './decision-format';
import type { VerifierPrimitives } from './verify-decision';

/** Epochs in one chain. */
const EPOCHS_MAX = 65_536;
const PROOF_KEYS = ['epoch', 'table', 'certificate'];
/** What the table says as well, for people. */
const SHOWN_KEYS = ['first_sequence', 'table_hash', 'f', 'quorum', 'weighted_voting', 'members', 'operators'];
const CERTIFICATE_KEYS = ['sequence', 'state_digest', 'boundary', 'next_table_hash', 'signatures'];

/** A chain of epochs that does not follow from the genesis, and why. */
export interface ChainRefusal {
  readonly refused: string;
}

/**
 * The epochs of a swarm, each proven by a quorum of the one before (Spec §7.7), from the `epochs` that members answer, the
 * genesis's own first. Pure, without network: whoever trusts the genesis may trust the result.
 */
export function verifyEpochs(value: unknown, genesis: Genesis, primitives: VerifierPrimitives): Epochs | ChainRefusal {
  try {
    return prove(value, genesis, primitives);
  } catch (error) {
    if (error instanceof CertificateFault || error instanceof LayoutError || error instanceof EpochTableError)
      return { refused: error.message };
    throw error;
  }
}

function prove(value: unknown, genesis: Genesis, { hash, verifySignature }: VerifierPrimitives): Epochs {
  const epochs = new Epochs(hash, genesis.table);
  const swarm = swarmId(hash, genesis);
  const items = new Fields({ epochs: value }, 'chain', ['epochs']).list('epochs', EPOCHS_MAX);
  for (const [index, item] of items.entries()) {
    const path = `epochs[${String(index)}]`;
    const fields = new Fields(item, path, PROOF_KEYS, SHOWN_KEYS);
    const table = decodeEpochTable(fields.bytes('table'));
    if (fields.count('epoch') !== index || table.epoch !== index)
      throw new CertificateFault(`${path} is not epoch ${String(index)}`);
    const committee = epochs.newest;
    if (index === 0) {
      if (epochTableHash(hash, table) !== committee.hash)
        throw new CertificateFault('the first epoch is not that of the genesis');
      continue;
    }
    const change = changeOf(fields, path, table, committee);
    const domain = { swarmId: swarm, tableHash: committee.hash };
    const failed = checkEpochChange(committee, hash, change, (statement, signature) => {
      const publicKey = committee.member(statement.sender)?.publicKey;
      return publicKey !== undefined && verifySignature(publicKey, statementBytes(domain, statement), signature);
    });
    if (failed !== undefined) throw new CertificateFault(`${path}: ${failed.reason}`);
    epochs.add(change);
  }
  return epochs;
}

function changeOf(fields: Fields, path: string, table: EpochTable, before: Committee): EpochChange {
  const at = `${path}.certificate`;
  const certificate = new Fields(fields.get('certificate'), at, CERTIFICATE_KEYS);
  const signatures = certificate.list('signatures', MEMBERS_MAX).map((item, index) => {
    const one = new Fields(item, `${at}.signatures[${String(index)}]`, ['node_id', 'signature']);
    const sender = before.indexOf(one.text('node_id'));
    if (sender === undefined) throw new CertificateFault(`${at}.signatures[${String(index)}] is no member's`);
    return { sender, signature: one.bytes('signature') };
  });
  return {
    table,
    certificate: {
      sequence: certificate.count('sequence') as Sequence,
      content: {
        stateDigest: certificate.digest('state_digest') as Digest,
        boundary: certificate.count('boundary') as Sequence,
        nextTableHash: certificate.digest('next_table_hash') as Digest,
      },
      signatures,
    },
  };
}
