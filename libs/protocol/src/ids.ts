import { asciiBytes } from './bytes';

declare const brand: unique symbol;
type Branded<T, Name extends string> = T & { readonly [brand]: Name };

/** Number of a leader's term within an epoch, from 0. A safe integer. */
export type View = Branded<number, 'View'>;
/** Place in the log: 1 is the first. 0 stands for the genesis state. A safe integer. */
export type Sequence = Branded<number, 'Sequence'>;
/** Number of an epoch (a member table's reign), from 0. A safe integer. */
export type Epoch = Branded<number, 'Epoch'>;
/** A member's place in its epoch's table, from 0. Only meaningful together with the epoch. */
export type MemberIndex = Branded<number, 'MemberIndex'>;
/** SHA-256 digest as 64 lower-case hexadecimal characters. */
export type Digest = Branded<string, 'Digest'>;
/** Name of a member or gateway: `[A-Za-z0-9_-]{1,63}`. */
export type NodeId = Branded<string, 'NodeId'>;
/** Milliseconds since 1970-01-01T00:00:00Z; a safe integer. Log time and clocks use it. */
export type Millis = Branded<number, 'Millis'>;

const ID = /^[A-Za-z0-9_-]{1,63}$/;
const DIGEST = /^[0-9a-f]{64}$/;

function safeCount<T extends number>(value: number, name: string): T {
  if (!Number.isSafeInteger(value) || value < 0)
    throw new RangeError(`${name} must be an integer from 0 to 2^53-1, not ${String(value)}`);
  return value as T;
}

/** A View, or a RangeError. */
export const view = (value: number): View => safeCount<View>(value, 'view');
/** A Sequence, or a RangeError. */
export const sequence = (value: number): Sequence => safeCount<Sequence>(value, 'sequence');
/** An Epoch, or a RangeError. */
export const epoch = (value: number): Epoch => safeCount<Epoch>(value, 'epoch');
/** A time, or a RangeError. */
export const millis = (value: number): Millis => safeCount<Millis>(value, 'time');
/** A MemberIndex (0..65535), or a RangeError. */
export function memberIndex(value: number): MemberIndex {
  if (value > 0xffff) throw new RangeError(`member index ${String(value)} is above 65535`);
  return safeCount<MemberIndex>(value, 'member index');
}

/** Stands in place of a member's index for a node that only follows: it votes nowhere, and is in no table. */
export const OBSERVER = 0xffff as MemberIndex;

/** True for text that is a valid node id, swarm name, client name or proposer. */
export const isId = (text: string): boolean => ID.test(text);

/** A NodeId, or a RangeError. */
export function nodeId(text: string): NodeId {
  if (!isId(text)) throw new RangeError(`not an id ([A-Za-z0-9_-]{1,63}): ${text.slice(0, 80)}`);
  return text as NodeId;
}

/** A Digest from its text, or a RangeError. */
export function digest(text: string): Digest {
  if (!DIGEST.test(text)) throw new RangeError(`not a digest (64 lower-case hex characters): ${text.slice(0, 80)}`);
  return text as Digest;
}

/** Bytes of an id, for the wire. */
export const idBytes = (id: string): Uint8Array => asciiBytes(id);
