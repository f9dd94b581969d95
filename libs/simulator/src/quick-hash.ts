import type { Hash } from '@concordat/protocol';

const rotl = (value: number, bits: number): number => (value << bits) | (value >>> (32 - bits));

function mix(value: number): number {
  let mixed = Math.imul(value ^ (value >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return mixed ^ (mixed >>> 16);
}

/** Longest input without another allocation. */
const SCRATCH_BYTES = 1 << 16;

/** Where the parts of an input are put together: reading them where they are would cost a view, and a copy, for each. */
let scratch = new Uint8Array(SCRATCH_BYTES);
let words = new DataView(scratch.buffer);

/** Copies the parts into the scratch, zeros up to a whole block behind them, and returns their length. */
function gather(parts: readonly Uint8Array[]): number {
  let length = 0;
  for (const part of parts) length += part.length;
  if (length + 16 > scratch.length) {
    scratch = new Uint8Array(2 * length + 16);
    words = new DataView(scratch.buffer);
  }
  let at = 0;
  for (const part of parts) {
    scratch.set(part, at);
    at += part.length;
  }
  scratch.fill(0, length, length + 16);
  return length;
}

function put(out: Uint8Array, at: number, value: number): void {
  out[at] = value >>> 24;
  out[at + 1] = value >>> 16;
  out[at + 2] = value >>> 8;
  out[at + 3] = value;
}

/**
 * A stand-in for SHA-256 in searches: 32 bytes, an order of magnitude faster, the shape of MurmurHash3 x86-128 with wider
 * output. Collisions do not happen by accident, and the simulated adversaries do not look for them; it protects nothing.
 */
export const quickHash: Hash = (...parts) => {
  const length = gather(parts);
  let a = 0x9368e53c ^ length;
  let b = 0x586dcd20 ^ length;
  let c = 0x2f1a9a57 ^ length;
  let d = 0x7b3c11d5 ^ length;
  for (let at = 0; at < length; at += 16) {
    a = (Math.imul(rotl(a ^ Math.imul(words.getInt32(at), 0x239b961b), 19) + b, 5) + 0x561ccd1b) | 0;
    b = (Math.imul(rotl(b ^ Math.imul(words.getInt32(at + 4), 0xab0e9789), 17) + c, 5) + 0x0bcaa747) | 0;
    c = (Math.imul(rotl(c ^ Math.imul(words.getInt32(at + 8), 0x38b34ae5), 15) + d, 5) + 0x96cd1c35) | 0;
    d = (Math.imul(rotl(d ^ Math.imul(words.getInt32(at + 12), 0xa1e38b93), 13) + a, 5) + 0x32ac3b17) | 0;
  }
  // Up to 64 bytes live inside the object: asking for its buffer would move them out.
  const out = new Uint8Array(32);
  const sum = (a + b + c + d) | 0;
  for (let lane = 0; lane < 4; lane++) {
    const value = lane === 0 ? a : lane === 1 ? b : lane === 2 ? c : d;
    put(out, lane * 4, mix(value + sum));
    put(out, 16 + lane * 4, mix(value ^ rotl(sum, 7 + lane) ^ 0x5bd1e995));
  }
  return out;
};
