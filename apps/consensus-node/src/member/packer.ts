import { deflate } from '@concordat/crypto';
import { type MessageKind, packMessage, type WireLimits } from '@concordat/protocol';
import { type TrafficCounts } from './traffic-counts';

/** Larger messages travel plain: compressing one would hold up the event loop for milliseconds. */
const COMPRESSED_BYTES_MAX = 128 * 1024;

/** Makes messages from `bytesMin` bytes on shorter for their way, and counts as sent what really travels. */
export function createPacker(options: {
  readonly bytesMin: number;
  readonly limits: () => WireLimits;
  readonly traffic: Pick<TrafficCounts, 'sentBytes'>;
}): (kind: MessageKind, bytes: Uint8Array) => Uint8Array {
  const { bytesMin, limits, traffic } = options;
  return (kind, bytes) => {
    if (bytes.length < bytesMin || bytes.length > COMPRESSED_BYTES_MAX) return bytes;
    const packed = packMessage(bytes, limits(), deflate);
    // The host counts the bytes of the message itself.
    traffic.sentBytes[kind] -= bytes.length - packed.length;
    return packed;
  };
}
