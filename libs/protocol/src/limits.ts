import { BATCH_OVERHEAD_BYTES } from './batch';
import { CHUNK_PATH_MAX } from './catch-up-codec';
import { UNDECIDED_MAX } from './certificates';
import { HEADER_BYTES } from './codec';
import { SIGNATURE_BYTES, type EpochTable } from './epoch-table';
import { encodeEpochTable } from './epoch-table-codec';
import type { Sequence } from './ids';
import { memberSetBytes } from './member-set';
import { FETCH_ITEMS_MAX, SLOTS_IN_STATUS_MAX, WAITING_IN_STATUS_MAX } from './messages';
import { STATE_CHUNK_BYTES } from './state-chunks';
import type { WireLimits } from './wire-limits';

/** Bounds of everything on the wire under a table. `messageBytesMax` is the largest legal message; a broker must carry it whole. */
export function wireLimits(table: EpochTable): WireLimits {
  const n = table.members.length;
  const signature = SIGNATURE_BYTES[table.signatureScheme];
  const signatures = 2 + n * (4 + signature);
  const head = HEADER_BYTES + 2 + signature;
  const chained = table.engine === 'hotstuff';
  const commitCertificate = 8 + 8 + 32 + signatures + (chained ? 8 + 32 + 2 + UNDECIDED_MAX * 40 : 0);
  // A certificate for a block, one that a view was given up, and what they are about.
  const viewProof = 1 + (8 + 8 + 32 + signatures) + (8 + 2 + n * (2 + 40 + 2 + signature));
  const preparedCertificate = 8 + 8 + 32 + 2 + signature + signatures;
  const checkpointCertificate = 8 + 32 + 8 + 32 + signatures;
  const messageBytesMax = Math.max(
    head + table.batchBytesMax + commitCertificate,
    ...(chained
      ? [head + table.batchBytesMax + 8 + 32 + 32 + viewProof]
      : [
          head + 1 + checkpointCertificate + 4 + table.windowSize * preparedCertificate,
          head + 2 + n * 34 + 4 + table.windowSize * (8 + 32 + 2 + signature),
        ]),
    head + 64 + 3 * (2 + FETCH_ITEMS_MAX * 32) + 16 + 14,
    head + checkpointCertificate + 8 + 32,
    head + 4 + 4 + STATE_CHUNK_BYTES + 1 + CHUNK_PATH_MAX * 32,
    head + 4 + encodeEpochTable(table).length + checkpointCertificate,
    head +
      8 +
      8 +
      8 +
      32 +
      2 +
      SLOTS_IN_STATUS_MAX * 9 +
      2 +
      WAITING_IN_STATUS_MAX * 32 +
      2 +
      n * 10 +
      memberSetBytes(n),
  );
  return {
    requestsMax: table.batchRequestsMax,
    envelopeBytesMax: table.batchBytesMax - BATCH_OVERHEAD_BYTES.batch - BATCH_OVERHEAD_BYTES.envelope,
    batchBytesMax: table.batchBytesMax,
    membersMax: n,
    signatureBytesMax: signature,
    chained,
    windowSize: table.windowSize,
    baseSequence: table.baseSequence,
    messageBytesMax,
  };
}

/** Bounds within which a message of any of the tables lies: a node that is behind reads what members of later epochs send. */
export function widestLimits(tables: readonly EpochTable[]): WireLimits {
  const all = tables.map(wireLimits);
  const most = (bound: Exclude<keyof WireLimits, 'chained'>): number => Math.max(...all.map((limits) => limits[bound]));
  return {
    requestsMax: most('requestsMax'),
    envelopeBytesMax: most('envelopeBytesMax'),
    batchBytesMax: most('batchBytesMax'),
    membersMax: most('membersMax'),
    signatureBytesMax: most('signatureBytesMax'),
    chained: tables.some((table) => table.engine === 'hotstuff'),
    windowSize: most('windowSize'),
    baseSequence: Math.min(...all.map((limits) => limits.baseSequence)) as Sequence,
    messageBytesMax: most('messageBytesMax'),
  };
}
