import { asciiBytes, noOutcomes, OUTCOME_NAMES, OUTCOMES, Reader, Writer, type Outcome } from '@concordat/protocol';
import { type DecisionRecord } from '@concordat/records';
import type { BlockLocation } from './block-place';
import type { Gap } from './gaps';
import { countBlock, type BlockCounts, type DecisionStatistics } from './statistics';

/** What the index keeps of an envelope. */
export interface IndexedEnvelope {
  readonly signerKey: string;
  readonly firstNonce: bigint;
  readonly sequence: number;
  /** Place in its batch. */
  readonly envelopeIndex: number;
  /** An Outcome for each of its requests. */
  readonly outcomes: Uint8Array;
}

/** What the index keeps of a block. */
export interface IndexedBlock {
  readonly sequence: number;
  readonly location: BlockLocation;
  readonly envelopes: readonly IndexedEnvelope[];
  readonly counts: BlockCounts;
}

/** What the index keeps of all blocks together. */
export interface IndexHead {
  /** Last block in the index. */
  readonly lastSequence: number;
  readonly requests: DecisionStatistics['requests'];
  readonly durations: DecisionStatistics['durations'];
}

/** What the index keeps of a decision. */
export function indexedBlock(record: DecisionRecord, location: BlockLocation): IndexedBlock {
  const { sequence } = record;
  let first = 0;
  const envelopes = (record.batch?.envelopes ?? []).map(({ signerKey, firstNonce, requests }, envelopeIndex) => {
    const outcomes = record.outcomes.slice(first, (first += requests.length));
    return { signerKey, firstNonce, sequence, envelopeIndex, outcomes };
  });
  return { sequence, location, envelopes, counts: countBlock(record) };
}

/**
 * Key spaces. Envelopes that decided anything have one entry each. The others share one per signer and nonce: a leader
 * may order an old envelope again as often as it likes, and that must neither grow the index nor bury what was decided.
 */
const SPACE = { block: 0x62, decided: 0x64, gap: 0x67, head: 0x6d, other: 0x6f, view: 0x76 } as const;

/** Whether executing an envelope decided any of its requests. */
export const decidedAny = ({ outcomes }: IndexedEnvelope): boolean => outcomes.includes(OUTCOMES.decided);

/** Key of the IndexHead. */
export const HEAD_KEY = Uint8Array.of(SPACE.head);
/** Key of a block's location. */
export const blockKey = (sequence: number): Uint8Array => new Writer(9).u8(SPACE.block).u64(sequence).bytes();
/** Key of a view's count. */
export const viewKey = (view: number): Uint8Array => new Writer(9).u8(SPACE.view).u64(view).bytes();
/** All keys of views. */
export const VIEW_KEYS = { gte: Uint8Array.of(SPACE.view), lt: Uint8Array.of(SPACE.view + 1) } as const;

const noncePrefix = (space: number, signerKey: string, nonce: bigint): Writer =>
  new Writer(96).u8(space).raw(asciiBytes(signerKey)).u8(0).bigU64(nonce);

/** Key of an envelope. */
export function envelopeKey(envelope: IndexedEnvelope): Uint8Array {
  const { signerKey, firstNonce, sequence, envelopeIndex } = envelope;
  if (!decidedAny(envelope)) return noncePrefix(SPACE.other, signerKey, firstNonce).bytes();
  return noncePrefix(SPACE.decided, signerKey, firstNonce).u64(sequence).u16(envelopeIndex).bytes();
}

/** Keys of a signer's envelopes that begin at `nonce` or below it: those that decided something, or the others. */
export function envelopeKeysUpTo(
  signerKey: string,
  nonce: bigint,
  decided: boolean,
): { gte: Uint8Array; lte: Uint8Array } {
  const space = decided ? SPACE.decided : SPACE.other;
  const end = noncePrefix(space, signerKey, nonce);
  return {
    gte: noncePrefix(space, signerKey, 0n).bytes(),
    lte: (decided ? end.u64(Number.MAX_SAFE_INTEGER).u16(0xffff) : end).bytes(),
  };
}

/** Value of an envelope's entry. Outcomes that are all alike, the usual case, take one byte. */
export function encodeEnvelopeEntry({ sequence, envelopeIndex, outcomes }: IndexedEnvelope): Uint8Array {
  const alike = outcomes.every((outcome) => outcome === outcomes[0]);
  const writer = new Writer(16).u64(sequence).u16(envelopeIndex).u16(outcomes.length);
  return writer.raw(alike ? outcomes.subarray(0, 1) : outcomes).bytes();
}

/** What an envelope's entry says; its key begins with space, signer and nonce. */
export function decodeEnvelopeEntry(signerKey: string, key: Uint8Array, value: Uint8Array): IndexedEnvelope {
  const firstNonce = new Reader(key.subarray(1 + signerKey.length + 1)).bigU64();
  const reader = new Reader(value);
  const sequence = reader.u64();
  const envelopeIndex = reader.u16();
  const count = reader.u16();
  const written = reader.raw(reader.left);
  const outcomes = written.length === 1 ? new Uint8Array(count).fill(written[0] ?? 0) : written;
  return { signerKey, firstNonce, sequence, envelopeIndex, outcomes };
}

/** An envelope's outcome for a nonce; undefined when the nonce is none of its. */
export function outcomeOf({ firstNonce, outcomes }: IndexedEnvelope, nonce: bigint): Outcome | undefined {
  const place = nonce - firstNonce;
  if (place < 0n || place >= BigInt(outcomes.length)) return undefined;
  return outcomes[Number(place)] as Outcome | undefined;
}

/** Value of a block's entry. */
export const encodeLocation = ({ segment, offset, length }: BlockLocation): Uint8Array =>
  new Writer(20).u64(segment).u64(offset).u32(length).bytes();

/** What a block's entry says. */
export function decodeLocation(value: Uint8Array): BlockLocation {
  const reader = new Reader(value);
  return { segment: reader.u64(), offset: reader.u64(), length: reader.u32() };
}

/** Value of a view's entry; `rank` orders views by when they first decided. */
export const encodeView = (decided: number, rank: number): Uint8Array => new Writer(16).u64(decided).u64(rank).bytes();

/** What a view's entry says. */
export function decodeView(key: Uint8Array, value: Uint8Array): { view: number; decided: number; rank: number } {
  const reader = new Reader(value);
  return { view: new Reader(key.subarray(1)).u64(), decided: reader.u64(), rank: reader.u64() };
}

/** Key of a gap: its first sequence. */
export const gapKey = (from: number): Uint8Array => new Writer(9).u8(SPACE.gap).u64(from).bytes();
/** All keys of gaps. */
export const GAP_KEYS = { gte: Uint8Array.of(SPACE.gap), lt: Uint8Array.of(SPACE.gap + 1) } as const;
/** Keys of the blocks below a sequence. */
export const blockKeysBelow = (sequence: number): { gte: Uint8Array; lt: Uint8Array } => ({
  gte: Uint8Array.of(SPACE.block),
  lt: blockKey(sequence),
});

/** Value of a gap's entry. */
export const encodeGapEnd = ({ through }: Gap): Uint8Array => new Writer(8).u64(through).bytes();

/** What a gap's entry says. */
export const decodeGapEntry = (key: Uint8Array, value: Uint8Array): Gap => ({
  from: new Reader(key.subarray(1)).u64(),
  through: new Reader(value).u64(),
});

/** Value of the IndexHead. */
export function encodeHead({ lastSequence, requests, durations }: IndexHead): Uint8Array {
  const writer = new Writer(64).u64(lastSequence);
  for (const name of OUTCOME_NAMES) writer.u64(requests[name]);
  return writer.u64(durations.sumMs).u64(durations.count).bytes();
}

/** Reads an IndexHead. */
export function decodeHead(value: Uint8Array): IndexHead {
  const reader = new Reader(value);
  const lastSequence = reader.u64();
  const requests = noOutcomes();
  for (const name of OUTCOME_NAMES) requests[name] = reader.u64();
  return { lastSequence, requests, durations: { sumMs: reader.u64(), count: reader.u64() } };
}
