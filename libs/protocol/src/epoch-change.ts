import { checkCheckpointCertificate, type CheckpointCertificate, type StatementVerifier } from './certificates';
import type { Committee } from './committee';
import type { EpochTable } from './epoch-table';
import { epochTableHash } from './epoch-table-codec';
import type { Hash } from './hash';
import { reject, type Rejection } from './rejection';

/** Proof that an epoch ended and what the next one's table is (Spec §7): whoever trusts the one may trust the other. */
export interface EpochChange {
  /** The checkpoint at the boundary, signed with the keys of the epoch that ends. */
  readonly certificate: CheckpointCertificate;
  /** Table of the epoch that begins. */
  readonly table: EpochTable;
}

/** Checks a change of epochs by the committee of the one that ends; undefined when it holds. */
export function checkEpochChange(
  committee: Committee,
  hash: Hash,
  { certificate, table }: EpochChange,
  verify: StatementVerifier,
): Rejection | undefined {
  const { sequence, content } = certificate;
  if (table.epoch !== committee.epoch + 1)
    return reject(
      'bad_certificate',
      `epoch change: epoch ${String(table.epoch)} does not follow ${String(committee.epoch)}`,
    );
  if (table.signatureScheme !== committee.table.signatureScheme)
    return reject('bad_certificate', `epoch change: the signature scheme becomes ${table.signatureScheme}`);
  if (table.engine !== committee.table.engine)
    return reject('bad_certificate', `epoch change: the engine becomes ${table.engine}`);
  if (sequence !== content.boundary || sequence !== table.baseSequence)
    return reject('bad_certificate', `epoch change: sequence ${String(sequence)} is not the boundary`);
  if (epochTableHash(hash, table) !== content.nextTableHash)
    return reject('bad_certificate', 'epoch change: the table is not the certified one');
  return checkCheckpointCertificate(committee, hash, certificate, verify);
}
