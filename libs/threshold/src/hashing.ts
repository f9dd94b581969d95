import { sha512 } from '@noble/hashes/sha2.js';
import { asciiBytes } from '@concordat/protocol';
import { integerOf, type Group } from './group';

/** What a hash of this library is for: none can be taken for another, nor for one of the protocol's. */
export type ThresholdPurpose =
  'context' | 'coefficient' | 'ephemeral' | 'mask' | 'challenge' | 'dealing' | 'transcript' | 'decryption' | 'nonce';

/**
 * `SHA-512("concordat/1 threshold <purpose>\n" || parts...)`. Parts have fixed lengths, or their lengths stand in an earlier
 * part: the callers see to it, so that no two lists of parts give the same bytes.
 */
export function thresholdHash(purpose: ThresholdPurpose, ...parts: readonly Uint8Array[]): Uint8Array {
  const state = sha512.create().update(asciiBytes(`concordat/1 threshold ${purpose}\n`));
  for (const part of parts) state.update(part);
  return state.digest();
}

/** The hash, 64 bytes big-endian, modulo the group's order: as good as uniform, for the order has 255 bits at most. */
export const hashToScalar = (
  { order }: Pick<Group<unknown>, 'order'>,
  purpose: ThresholdPurpose,
  ...parts: readonly Uint8Array[]
): bigint => integerOf(thresholdHash(purpose, ...parts)) % order;

/** Two bytes, big-endian. */
export const u16 = (value: number): Uint8Array => Uint8Array.of(value >> 8, value & 0xff);
