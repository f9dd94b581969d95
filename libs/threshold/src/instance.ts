import { asciiBytes, digestBytes, Writer, type Digest } from '@concordat/protocol';
import type { Group } from './group';
import { thresholdHash } from './hashing';
import { isThresholdRefusal, refuse, type ThresholdRefusal } from './refusal';

/** Most members that one key may have. */
export const KEY_MEMBERS_MAX = 128;
/** Rounds of cut-and-choose in a dealing: a lie passes with probability 2^-128 for each hash its dealer tries. */
export const DEALING_ROUNDS = 128;
/** Longest text that says what a key is for. */
export const PURPOSE_LENGTH_MAX = 64;

/** What `createKeyInstance` takes: which key is to be made, by whom. */
export interface KeyInstanceOptions<P> {
  readonly group: Group<P>;
  readonly swarm: Digest;
  /** Hash of the epoch table whose members are to share the key. */
  readonly table: Digest;
  /** What the key is for, ASCII: no dealing for one purpose is one for another. */
  readonly purpose: string;
  /** Members that may be faulty. */
  readonly faulty: number;
  /** Shares that are needed: faulty < threshold <= n - faulty. */
  readonly threshold: number;
  /** Encoded encryption key of each member, for shares only; member i of 1..n is `encryptionKeys[i - 1]`. */
  readonly encryptionKeys: readonly Uint8Array[];
}

/** The same, checked. Everything in it is bound by every hash and proof. */
export interface KeyInstance<P> extends Omit<KeyInstanceOptions<P>, 'encryptionKeys'> {
  readonly encryptionKeys: readonly P[];
  readonly rounds: number;
  /** 64 bytes over all of the above. */
  readonly context: Uint8Array;
}

function checkNumbers(members: number, faulty: number, threshold: number, purpose: string): void {
  if (members > KEY_MEMBERS_MAX) throw new RangeError(`${String(members)} members, at most ${String(KEY_MEMBERS_MAX)}`);
  if (!Number.isSafeInteger(faulty) || faulty < 0 || members < 3 * faulty + 1)
    throw new RangeError(`${String(members)} members cannot bear ${String(faulty)} faulty ones`);
  if (!Number.isSafeInteger(threshold) || threshold <= faulty || threshold > members - faulty)
    throw new RangeError(`threshold ${String(threshold)} is not above ${String(faulty)} and up to n - f`);
  if (purpose.length < 1 || purpose.length > PURPOSE_LENGTH_MAX)
    throw new RangeError(`a purpose has 1 to ${String(PURPOSE_LENGTH_MAX)} characters`);
}

/** With another number of rounds: for tests of everything but soundness. Not exported from the library. */
export function createInstanceWithRounds<P>(
  options: KeyInstanceOptions<P>,
  rounds: number,
): KeyInstance<P> | ThresholdRefusal {
  const { group, swarm, table, purpose, faulty, threshold, encryptionKeys: encoded } = options;
  checkNumbers(encoded.length, faulty, threshold, purpose);
  const encryptionKeys: P[] = [];
  const seen = new Set<string>();
  for (const [at, bytes] of encoded.entries()) {
    const key = group.decode(bytes, `encryption key of member ${String(at + 1)}`, at + 1);
    if (isThresholdRefusal(key)) return key;
    if (seen.has(bytes.join())) return refuse('duplicate', `member ${String(at + 1)} has another's key`, at + 1);
    seen.add(bytes.join());
    encryptionKeys.push(key);
  }
  const numbers = new Writer().u8(group.id).u8(rounds).u16(encoded.length).u16(faulty).u16(threshold).text(purpose);
  const context = thresholdHash('context', digestBytes(swarm), digestBytes(table), numbers.bytes(), ...encoded);
  return { group, swarm, table, purpose, faulty, threshold, encryptionKeys, rounds, context };
}

/**
 * Checks and binds everything that a key is made from. Throws a RangeError for numbers, or a purpose, that no epoch table can ask for;
 * a member's bad encryption key is a refusal that names it.
 */
export function createKeyInstance<P>(options: KeyInstanceOptions<P>): KeyInstance<P> | ThresholdRefusal {
  asciiBytes(options.purpose);
  return createInstanceWithRounds(options, DEALING_ROUNDS);
}
