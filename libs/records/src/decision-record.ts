import {
  encodeBatch,
  decodeBatch,
  LayoutError,
  NULL_DIGEST,
  OUTCOMES,
  Reader,
  readCommitCertificate,
  requestCount,
  Writer,
  writeCommitCertificate,
  type Batch,
  type CommitCertificate,
  type Hash,
  type Millis,
  type Sequence,
  type View,
  type WireLimits,
} from '@concordat/protocol';

/** `durationsMs` of an envelope that did not reach this member before its decision did. */
export const DURATION_UNKNOWN = 0xffffffff;

/** One decided and executed sequence, as a member keeps it. */
export interface DecisionRecord {
  readonly sequence: Sequence;
  readonly view: View;
  /** Log time after it (Spec §6). */
  readonly logTime: Millis;
  /** undefined for the null batch. */
  readonly batch: Batch | undefined;
  readonly certificate: CommitCertificate;
  /** An OUTCOMES code for each request of the batch, in order. */
  readonly outcomes: Uint8Array;
  /**
   * For each envelope of the batch the milliseconds from its arrival here to its decision, u32, or DURATION_UNKNOWN.
   * Local, not agreed on.
   */
  readonly durationsMs: readonly number[];
}

/** Layouts by whether the certificate has a chain of blocks. */
const PLAIN = 1;
const CHAINED = 2;

/**
 * What a member stored was within its epoch's limits, and is guarded by a checksum; epochs since may have narrowed them.
 * So only the layout's own bounds apply, and the record's length bounds everything.
 */
const limitsWithin = (bytesMax: number, chained: boolean): WireLimits => ({
  chained,
  requestsMax: 0xffff,
  envelopeBytesMax: bytesMax,
  batchBytesMax: bytesMax,
  membersMax: 0xffff,
  signatureBytesMax: 0xffff,
  windowSize: 0xffff,
  baseSequence: 0 as Sequence,
  messageBytesMax: bytesMax,
});

/** What does not fit together in a record; undefined when all does. */
function contradiction({ sequence, batch, certificate, outcomes, durationsMs }: DecisionRecord): string | undefined {
  if (certificate.sequence !== sequence) return `a certificate for sequence ${String(certificate.sequence)}`;
  if ((batch?.digest ?? NULL_DIGEST) !== certificate.digest) return 'the batch is not the certified one';
  const requests = batch === undefined ? 0 : requestCount(batch);
  if (outcomes.length !== requests) return `${String(outcomes.length)} outcomes for ${String(requests)} requests`;
  if (outcomes.some((outcome) => outcome > OUTCOMES.invalid)) return 'an unknown outcome';
  const envelopes = batch?.envelopes.length ?? 0;
  if (durationsMs.length !== envelopes)
    return `${String(durationsMs.length)} durations for ${String(envelopes)} envelopes`;
  return undefined;
}

/** Bytes of a decision. Throws a RangeError for parts that do not fit together or do not fit the layout. */
export function encodeDecision(record: DecisionRecord): Uint8Array {
  const wrong = contradiction(record);
  if (wrong !== undefined) throw new RangeError(`decision ${String(record.sequence)}: ${wrong}`);
  const batchBytes = record.batch === undefined ? new Uint8Array(0) : encodeBatch(record.batch);
  const writer = new Writer(512 + batchBytes.length + record.outcomes.length + 4 * record.durationsMs.length)
    .u8(record.certificate.chain === undefined ? PLAIN : CHAINED)
    .u64(record.sequence)
    .u64(record.view)
    .u64(record.logTime);
  writeCommitCertificate(writer, record.certificate);
  writer.long(batchBytes).long(record.outcomes).u16(record.durationsMs.length);
  for (const duration of record.durationsMs) writer.u32(duration);
  return writer.bytes();
}

/** Reads a decision from exactly its bytes. Throws a LayoutError; checks no signature. */
export function decodeDecision(hash: Hash, bytes: Uint8Array): DecisionRecord {
  const reader = new Reader(bytes);
  const layout = reader.u8();
  const limits = limitsWithin(bytes.length, layout === CHAINED);
  if (layout !== PLAIN && layout !== CHAINED) throw new LayoutError(`decision layout ${String(layout)} is unknown`);
  const sequence = reader.u64() as Sequence;
  const view = reader.u64() as View;
  const logTime = reader.u64() as Millis;
  const certificate = readCommitCertificate(reader, limits);
  const batchBytes = reader.long(bytes.length);
  const batch = batchBytes.length === 0 ? undefined : decodeBatch(hash, batchBytes, limits);
  const outcomes = reader.long(bytes.length);
  const count = reader.count(0xffff, 4);
  const durationsMs: number[] = [];
  for (let i = 0; i < count; i++) durationsMs.push(reader.u32());
  reader.end();
  const record = { sequence, view, logTime, batch, certificate, outcomes, durationsMs };
  const wrong = contradiction(record);
  if (wrong !== undefined) throw new LayoutError(`decision ${String(sequence)}: ${wrong}`);
  return record;
}
