import { deflateRawSync, inflateRawSync, type Zlib } from 'node:zlib';
import type { Deflate, Inflate } from '@concordat/protocol';
import { asPlain } from './bytes';

/** Quick, and all but as short as the best: what repeats in a batch are field names. */
const LEVEL = 3;
/** What zlib allocates for its output at a time, within these bounds. */
const CHUNK_BYTES_MIN = 64;
const CHUNK_BYTES_MAX = 64 * 1024;

/** Raw DEFLATE (RFC 1951) by zlib. Blocks the event loop: for messages, not for files. */
export const deflate: Deflate = (bytes) => asPlain(deflateRawSync(bytes, { level: LEVEL }));

/** Inflates at most `length` bytes, whatever the stream says; see Inflate. Never throws for what the bytes hold. */
export const inflate: Inflate = (bytes, length) => {
  const chunkSize = Math.min(Math.max(length, CHUNK_BYTES_MIN), CHUNK_BYTES_MAX);
  try {
    // With `info` the types still speak of a Buffer.
    const { buffer, engine } = inflateRawSync(bytes, {
      maxOutputLength: length,
      chunkSize,
      info: true,
    }) as unknown as { readonly buffer: Buffer; readonly engine: Zlib };
    // Bytes after the stream's end would be unsigned freight.
    return buffer.length === length && engine.bytesWritten === bytes.length ? asPlain(buffer) : undefined;
  } catch {
    return undefined;
  }
};
