import { bytesMaxOf, decodeFrame, decodeFrameOf, HEADER_BYTES, type Frame } from './codec';
import type { WireLimits } from './wire-limits';
import { isRejection, reject, type Rejection } from './rejection';
import { provesItself } from './validity';
import { Reader, Writer } from './wire';

/** First byte of a packed message: one whose payload travels compressed, and all else as in a plain one. */
export const PACKED_VERSION = 0x81;

/** Compresses into a raw DEFLATE stream (RFC 1951). */
export type Deflate = (bytes: Uint8Array) => Uint8Array;
/**
 * Undoes Deflate. `length`: bytes that must come out, never more than that is allocated for them. Undefined unless exactly
 * these come out and every byte of the stream was needed for them.
 */
export type Inflate = (bytes: Uint8Array, length: number) => Uint8Array | undefined;

/** A frame as it came from the network. */
export interface TransportFrame extends Frame {
  /** Bytes of the payload once it is inflated; undefined where `payload` is plain. Within the bound of the message's kind. */
  readonly inflatedBytes: number | undefined;
}

const LENGTH_BYTES = 4;

/**
 * The message as it may travel instead: its payload compressed, where that makes it shorter and a signature stands before
 * it; else the same bytes. Nothing that is signed or hashed changes. `bytes` are those of encodeMessage, within `limits`.
 */
export function packMessage(bytes: Uint8Array, limits: WireLimits, deflate: Deflate): Uint8Array {
  const frame = decodeFrame(bytes, limits);
  if (isRejection(frame) || provesItself(frame.statement)) return bytes;
  const { payload } = frame;
  const deflated = deflate(payload);
  if (deflated.length + LENGTH_BYTES >= payload.length) return bytes;
  const head = bytes.subarray(1, bytes.length - payload.length);
  return new Writer(1 + head.length + LENGTH_BYTES + deflated.length)
    .u8(PACKED_VERSION)
    .raw(head)
    .u32(payload.length)
    .raw(deflated)
    .bytes();
}

/**
 * Reads the frame of a plain or a packed message. Nothing is inflated: header and signature are never compressed, so that
 * membership, slot and signature are checked first, and the length that is announced is held against the largest message
 * here. What is taken without a signature has to come plain: no stranger can make a member inflate anything.
 */
export function decodeTransportFrame(bytes: Uint8Array, limits: WireLimits): TransportFrame | Rejection {
  if (bytes[0] !== PACKED_VERSION) {
    const plain = decodeFrame(bytes, limits);
    return isRejection(plain) ? plain : { ...plain, inflatedBytes: undefined };
  }
  const frame = decodeFrameOf(PACKED_VERSION, bytes, limits);
  if (isRejection(frame)) return frame;
  const { statement, signature, payload } = frame;
  if (provesItself(statement)) return reject('malformed', `${statement.kind} without a signature is never packed`);
  if (payload.length <= LENGTH_BYTES) return reject('malformed', 'a packed message without a payload');
  const reader = new Reader(payload);
  const inflatedBytes = reader.u32();
  const deflated = reader.raw(reader.left);
  const whole = HEADER_BYTES + 2 + signature.length + inflatedBytes;
  const bytesMax = bytesMaxOf(bytes[1], limits);
  if (whole > bytesMax) return reject('oversized', `${String(whole)} bytes unpacked, at most ${String(bytesMax)}`);
  if (payload.length >= inflatedBytes) return reject('malformed', 'packed, and not shorter for it');
  return { statement, signature, payload: deflated, inflatedBytes };
}

/** The frame with its payload as it was signed for; only once its signature holds. */
export function unpackFrame(frame: TransportFrame, inflate: Inflate): Frame | Rejection {
  const { statement, signature, payload, inflatedBytes } = frame;
  if (inflatedBytes === undefined) return frame;
  const inflated = inflate(payload, inflatedBytes);
  if (inflated === undefined)
    return reject('malformed', `${statement.kind}: does not inflate to ${String(inflatedBytes)} bytes`);
  return { statement, signature, payload: inflated };
}
