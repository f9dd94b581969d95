import { digestBytes, digestOfBytes, type Hash } from './hash';
import type { Digest, Millis } from './ids';
import { merklePath, merkleRoot, verifyMerklePath } from './merkle';
import { decodeEnvelope, type Envelope, type EnvelopeLimits, type KnownEnvelopes } from './request';
import { LayoutError, Reader, Writer } from './wire';

/** What one sequence orders. */
export interface Batch {
  /** The leader's clock when it built the batch; log time is made from it at execution (Spec §6). */
  readonly time: Millis;
  readonly envelopes: readonly Envelope[];
  /** Merkle root over time, count and envelope ids. */
  readonly digest: Digest;
  /** Bytes of its encoding. The encoding itself is not kept: its envelopes are, and they are most of it. */
  readonly size: number;
}

/** Upper bounds of a batch, from the epoch table. */
export interface BatchLimits extends EnvelopeLimits {
  readonly batchBytesMax: number;
}

const LAYOUT = 1;

const headerLeaf = (time: Millis, count: number): Uint8Array => new Writer(10).u64(time).u16(count).bytes();

const leavesOf = (batch: Pick<Batch, 'time' | 'envelopes'>): Uint8Array[] => [
  headerLeaf(batch.time, batch.envelopes.length),
  ...batch.envelopes.map((envelope) => digestBytes(envelope.id)),
];

/** Bytes of a batch beside its envelopes, and beside each envelope. */
export const BATCH_OVERHEAD_BYTES = { batch: 1 + 8 + 2, envelope: 4 } as const;

/** Builds a batch. */
export function createBatch(hash: Hash, time: Millis, envelopes: readonly Envelope[]): Batch {
  const size = envelopes.reduce(
    (sum, envelope) => sum + envelope.bytes.length + BATCH_OVERHEAD_BYTES.envelope,
    BATCH_OVERHEAD_BYTES.batch,
  );
  return {
    time,
    envelopes,
    size,
    digest: digestOfBytes(merkleRoot(hash, leavesOf({ time, envelopes }))),
  };
}

/** Canonical bytes of a batch. */
export function encodeBatch({ time, envelopes, size }: Batch): Uint8Array {
  const writer = new Writer(size).u8(LAYOUT).u64(time).u16(envelopes.length);
  for (const envelope of envelopes) writer.long(envelope.bytes);
  return writer.bytes();
}

/** Requests in a batch. */
export const requestCount = (batch: Pick<Batch, 'envelopes'>): number =>
  batch.envelopes.reduce((sum, envelope) => sum + envelope.requests.length, 0);

/** Reads a batch from exactly its bytes. Throws a LayoutError; says nothing about its envelopes' signatures. */
export function decodeBatch(hash: Hash, bytes: Uint8Array, limits: BatchLimits, known?: KnownEnvelopes): Batch {
  if (bytes.length > limits.batchBytesMax) throw new LayoutError(`batch of ${String(bytes.length)} bytes`);
  const reader = new Reader(bytes);
  const layout = reader.u8();
  if (layout !== LAYOUT) throw new LayoutError(`batch layout ${String(layout)} is unknown`);
  const time = reader.u64() as Millis;
  const count = reader.count(limits.requestsMax, BATCH_OVERHEAD_BYTES.envelope + 1);
  if (count === 0) throw new LayoutError('a batch without envelopes');
  const envelopes: Envelope[] = [];
  let requests = 0;
  for (let i = 0; i < count; i++) {
    const envelope = decodeEnvelope(hash, reader.long(limits.envelopeBytesMax), limits, known);
    requests += envelope.requests.length;
    if (requests > limits.requestsMax)
      throw new LayoutError(`more than ${String(limits.requestsMax)} requests in a batch`);
    envelopes.push(envelope);
  }
  reader.end();
  const size = bytes.length;
  return { time, envelopes, size, digest: digestOfBytes(merkleRoot(hash, leavesOf({ time, envelopes }))) };
}

/** Proof that an envelope stands in a batch: for a decision certificate (Spec §9). */
export interface BatchProof {
  /** Envelopes in the batch. */
  readonly count: number;
  /** Place of the envelope, from 0. */
  readonly index: number;
  readonly path: readonly Uint8Array[];
}

/** Proof for the envelope at `index`. Throws a RangeError for an index outside the batch. */
export function proveEnvelope(hash: Hash, batch: Batch, index: number): BatchProof {
  if (index < 0 || index >= batch.envelopes.length) throw new RangeError(`no envelope ${String(index)} in the batch`);
  return { count: batch.envelopes.length, index, path: merklePath(hash, leavesOf(batch), index + 1) };
}

/** True when the proof shows that the envelope stands in the batch with that digest. */
export function verifyEnvelopeInBatch(hash: Hash, envelopeId: Digest, proof: BatchProof, batchDigest: Digest): boolean {
  return verifyMerklePath(
    hash,
    digestBytes(envelopeId),
    proof.index + 1,
    proof.count + 1,
    proof.path,
    digestBytes(batchDigest),
  );
}
