import { sha256 } from '@noble/hashes/sha2.js';
import { asciiBytes, fromHex, toHex } from './bytes';
import type { Digest } from './ids';

/** SHA-256 over the parts one after the other: 32 bytes. A host passes a native one; `portableHash` is the reference. */
export type Hash = (...parts: readonly Uint8Array[]) => Uint8Array;

/** SHA-256 in plain JavaScript, the same on every platform. */
export const portableHash: Hash = (...parts) => {
  const state = sha256.create();
  for (const part of parts) state.update(part);
  return state.digest();
};

/** What a hash is for. A digest made for one purpose can never be taken for another. */
export type HashPurpose =
  | 'epoch-table'
  | 'genesis'
  | 'null-batch'
  | 'payload'
  | 'envelope'
  | 'envelope-body'
  | 'client'
  | 'outcomes'
  | 'history'
  | 'member-key'
  | 'state'
  | 'checkpoint'
  | 'block'
  | 'root-block'
  | 'timeout'
  | 'evidence';

const prefixes = new Map<HashPurpose, Uint8Array>();

function prefixOf(purpose: HashPurpose): Uint8Array {
  let prefix = prefixes.get(purpose);
  if (prefix === undefined) {
    prefix = asciiBytes(`concordat/1 ${purpose}\n`);
    prefixes.set(purpose, prefix);
  }
  return prefix;
}

/** `SHA-256("concordat/1 <purpose>\n" || parts...)` as 32 bytes. */
export function purposeHash(hash: Hash, purpose: HashPurpose, ...parts: readonly Uint8Array[]): Uint8Array {
  return hash(prefixOf(purpose), ...parts);
}

/** `purposeHash` as a Digest. */
export function purposeDigest(hash: Hash, purpose: HashPurpose, ...parts: readonly Uint8Array[]): Digest {
  return toHex(purposeHash(hash, purpose, ...parts)) as Digest;
}

/** The 32 bytes of a Digest. */
export const digestBytes = (value: Digest): Uint8Array => fromHex(value);

/** The Digest of 32 bytes. Throws a RangeError for another length. */
export function digestOfBytes(bytes: Uint8Array): Digest {
  if (bytes.length !== 32) throw new RangeError(`a digest has 32 bytes, not ${String(bytes.length)}`);
  return toHex(bytes) as Digest;
}

/** Digest of the batch that orders nothing: what NEW-VIEW puts where nothing was prepared (Spec §3). */
export const NULL_DIGEST: Digest = purposeDigest(portableHash, 'null-batch');
/** 64 zeros: no digest (an absent next table, for instance). */
export const ZERO_DIGEST: Digest = '0'.repeat(64) as Digest;
