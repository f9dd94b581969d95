import {
  createBatch,
  encodeEnvelopeBody,
  sealEnvelope,
  type Batch,
  type Envelope,
  type Hash,
  type Millis,
} from '@concordat/protocol';

/** Another batch with the same requests. */
export const changedBatch = (hash: Hash, batch: Batch): Batch =>
  createBatch(hash, (batch.time + 1) as Millis, [...batch.envelopes].reverse());

/** The same envelope under a signature that is none. */
export const unsigned = (hash: Hash, envelope: Envelope): Envelope =>
  sealEnvelope(
    hash,
    envelope,
    encodeEnvelopeBody(envelope),
    envelope.signature.map((octet) => octet ^ 1),
  );
