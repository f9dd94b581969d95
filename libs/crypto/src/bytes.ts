/** The same memory as a Buffer: what native bindings are typed for. */
export const asBuffer = (bytes: Uint8Array): Buffer => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);

/**
 * The same memory as a plain Uint8Array. A Buffer is one by inheritance only: its `slice` shares memory where the
 * core, which knows no Buffer, takes it for a copy.
 */
export const asPlain = (bytes: Uint8Array): Uint8Array =>
  Buffer.isBuffer(bytes) ? new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength) : bytes;

/** Bytes of a backing buffer, beyond twice the view's own, that a view may keep alive. */
const PINNED_BYTES_MAX = 1024;

/**
 * `bytes` as something that may be kept: a plain Uint8Array that does not pin much more memory than its own.
 *
 * A connection hands out views on the chunks that it read from its socket (64 KiB and more): one 64-byte signature in a
 * vote log would keep a whole chunk alive. Such a view is copied; one that fills most of its buffer is kept as it is.
 */
export function keepable(bytes: Uint8Array): Uint8Array {
  if (bytes.buffer.byteLength <= 2 * bytes.byteLength + PINNED_BYTES_MAX) return asPlain(bytes);
  return new Uint8Array(bytes);
}

/** A map key for public bytes: one character per byte. Not for secrets: strings stay in memory. */
export const textKey = (bytes: Uint8Array): string =>
  String.fromCharCode.apply(null, bytes as unknown as readonly number[] as number[]);
