import type { EpochTable, Request } from '@concordat/protocol';

/** Bounds of one envelope that a gateway signs. */
export interface PackLimits {
  /** Requests that share an envelope. */
  readonly requestsMax: number;
  /** Of several requests in one envelope together, as they are laid out. */
  readonly sharedBytesMax: number;
  /** Of a request, which has an envelope of its own when it is larger than `sharedBytesMax`. */
  readonly requestBytesMax: number;
}

/** Layout, signer, nonce, count and the longest signature, generously. */
const ENVELOPE_HEAD_BYTES = 400;
/**
 * A decision certificate carries its whole envelope, so what strangers share is kept small: one signature for a hundred is
 * nearly as good as one for a thousand.
 */
const SHARED_REQUESTS_MAX = 100;
const SHARED_BYTES_MAX = 32 * 1024;

/** Bounds of a gateway's envelopes: what the table allows, and no more than one batch takes. */
export function packLimits(table: EpochTable, envelopeBytesMax: number, batchSize: number): PackLimits {
  const requestBytesMax = envelopeBytesMax - ENVELOPE_HEAD_BYTES;
  return {
    requestsMax: Math.max(1, Math.min(table.batchRequestsMax, batchSize, SHARED_REQUESTS_MAX)),
    sharedBytesMax: Math.min(SHARED_BYTES_MAX, requestBytesMax),
    requestBytesMax,
  };
}

/** Bytes of a request in an envelope. */
export const requestBytes = ({ proposer, value, metadata }: Request): number =>
  8 + 1 + 1 + 1 + proposer.length + 4 + value.length + 2 + metadata.length;

/**
 * How many of the first requests share one envelope: at least one, and as many as fit. That a single one is not too large
 * is checked where it is admitted.
 */
export function takeWhileFitting(requests: readonly Request[], limits: PackLimits): number {
  let bytes = 0;
  let count = 0;
  for (const request of requests) {
    bytes += requestBytes(request);
    if (count > 0 && (count >= limits.requestsMax || bytes > limits.sharedBytesMax)) break;
    count++;
  }
  return count;
}
