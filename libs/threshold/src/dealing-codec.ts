import { LayoutError, Reader, Writer } from '@concordat/protocol';
import { decodeScalar, encodeScalar, SCALAR_BYTES, type Group } from './group';
import type { KeyInstance } from './instance';
import { isThresholdRefusal, refuse, type ThresholdRefusal } from './refusal';

/** Version of every layout of this library. */
export const THRESHOLD_VERSION = 1;
/** Kinds of this library's messages, one byte each. */
export const THRESHOLD_KINDS = { dealing: 1, partialSignature: 2, partialDecryption: 3 } as const;
/** Bytes of a dealing's challenge: one bit for each round, lowest bit of the first byte first. */
export const CHALLENGE_BYTES = 16;

/** A round whose challenge bit is 0: its ephemeral secret. Everything in it can be made again. */
export interface OpenedRound {
  readonly ephemeral: bigint;
}

/** A round whose challenge bit is 1: the ephemeral point, and each member's share plus its mask. */
export interface SealedRound<P> {
  readonly point: P;
  readonly masked: readonly bigint[];
}

/** One dealer's sharing of a secret of its own among all members. */
export interface Dealing<P> {
  /** 1..n. */
  readonly dealer: number;
  /** Commitments to the polynomial's coefficients, lowest first: `threshold` points. */
  readonly commitments: readonly P[];
  readonly challenge: Uint8Array;
  readonly rounds: readonly (OpenedRound | SealedRound<P>)[];
}

/** The challenge's bit for a round. */
export const challengeBit = (challenge: Uint8Array, round: number): number =>
  ((challenge[round >> 3] ?? 0) >> (round & 7)) & 1;

/** Bytes of the longest dealing of an instance. */
export function dealingBytesMax({ group, threshold, encryptionKeys, rounds }: KeyInstance<unknown>): number {
  const sealed = group.pointBytes + encryptionKeys.length * SCALAR_BYTES;
  return 7 + threshold * group.pointBytes + CHALLENGE_BYTES + rounds * sealed;
}

/** `u8 version, u8 kind, u8 group, u16 dealer, u16 threshold, commitments, challenge`, then each round by its bit (Spec, Appendix E). */
export function encodeDealing<P>(group: Group<P>, dealing: Dealing<P>): Uint8Array {
  const writer = new Writer(4096).u8(THRESHOLD_VERSION).u8(THRESHOLD_KINDS.dealing).u8(group.id);
  writer.u16(dealing.dealer).u16(dealing.commitments.length);
  for (const point of dealing.commitments) writer.raw(group.encode(point));
  writer.raw(dealing.challenge);
  for (const round of dealing.rounds) {
    if ('ephemeral' in round) writer.raw(encodeScalar(round.ephemeral));
    else {
      writer.raw(group.encode(round.point));
      for (const masked of round.masked) writer.raw(encodeScalar(masked));
    }
  }
  return writer.bytes();
}

/** Thrown inside a decoder only: it ends there as the refusal it carries. */
class Refused extends Error {
  constructor(readonly refusal: ThresholdRefusal) {
    super(refusal.reason);
  }
}

/** The value, or out of the decoder with its refusal. */
export function accept<V>(value: V | ThresholdRefusal): V {
  if (isThresholdRefusal(value)) throw new Refused(value);
  return value;
}

/** Runs a decoder over all of `bytes`; what it refuses, and whatever does not follow the layout, becomes a value. */
export function decodeWith<V>(bytes: Uint8Array, what: string, read: (reader: Reader) => V): V | ThresholdRefusal {
  try {
    const reader = new Reader(bytes);
    const value = read(reader);
    reader.end();
    return value;
  } catch (error) {
    if (error instanceof Refused) return error.refusal;
    if (error instanceof LayoutError) return refuse('malformed', `${what}: ${error.message}`);
    throw error;
  }
}

/** Reads `u8 version, u8 kind, u8 group` of a message. */
export function readHead(reader: Reader, kind: number, { id }: Group<unknown>, what: string): void {
  const version = reader.u8();
  if (version !== THRESHOLD_VERSION) accept(refuse('wrong_version', `${what} has version ${String(version)}`));
  const [gotKind, gotGroup] = [reader.u8(), reader.u8()];
  if (gotKind === kind && gotGroup === id) return;
  accept(refuse('wrong_kind', `${what} has kind ${String(gotKind)} over group ${String(gotGroup)}`));
}

/** Reads a member's index, 1..n. */
export function readIndex(reader: Reader, members: number, what: string): number {
  const index = reader.u16();
  if (index >= 1 && index <= members) return index;
  return accept<number>(refuse('not_a_member', `${what} names member ${String(index)} of ${String(members)}`, index));
}

/** Reads what `encodeDealing` wrote. Numbers and points are checked here, the proof is not. */
export function decodeDealing<P>(instance: KeyInstance<P>, bytes: Uint8Array): Dealing<P> | ThresholdRefusal {
  const { group, threshold, encryptionKeys, rounds: roundCount } = instance;
  return decodeWith(bytes, 'dealing', (reader) => {
    readHead(reader, THRESHOLD_KINDS.dealing, group, 'dealing');
    const dealer = readIndex(reader, encryptionKeys.length, 'dealing');
    const degree = reader.u16();
    if (degree !== threshold)
      accept(refuse('wrong_degree', `${String(degree)} commitments, not ${String(threshold)}`, dealer));
    const point = (what: string): P => accept(group.decode(reader.raw(group.pointBytes), what, dealer));
    const scalar = (what: string): bigint => accept(decodeScalar(group, reader.raw(SCALAR_BYTES), what, dealer));
    const commitments = Array.from({ length: threshold }, (_, at) => point(`commitment ${String(at)}`));
    const challenge = reader.raw(CHALLENGE_BYTES).slice();
    const rounds = Array.from({ length: roundCount }, (_, at): OpenedRound | SealedRound<P> => {
      const what = `round ${String(at)}`;
      if (challengeBit(challenge, at) === 0) return { ephemeral: scalar(`ephemeral secret of ${what}`) };
      return { point: point(`point of ${what}`), masked: encryptionKeys.map(() => scalar(`masked share of ${what}`)) };
    });
    return { dealer, commitments, challenge, rounds };
  });
}
