import { createHash, hash } from 'node:crypto';
import type { Hash } from '@concordat/protocol';
import { asPlain } from './bytes';

/** Inputs up to this size are put together and hashed in one call, which is the faster way for them. */
const SCRATCH_BYTES = 4096;
const scratch = new Uint8Array(SCRATCH_BYTES);

/** SHA-256 by OpenSSL: the same function as the core's `portableHash`, several times faster. */
export const nativeHash: Hash = (...parts) => {
  let length = 0;
  for (const part of parts) length += part.length;
  if (length > SCRATCH_BYTES) {
    const state = createHash('sha256');
    for (const part of parts) state.update(part);
    return asPlain(state.digest());
  }
  let at = 0;
  for (const part of parts) {
    scratch.set(part, at);
    at += part.length;
  }
  // As text, not as a Buffer: that would be allocated outside of the heap, which costs more than the hashing.
  const text = hash('sha256', scratch.subarray(0, length), 'binary');
  const digest = new Uint8Array(text.length);
  for (let i = 0; i < digest.length; i++) digest[i] = text.charCodeAt(i);
  return digest;
};
