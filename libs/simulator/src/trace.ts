import type { Effect } from '@concordat/consensus';
import type { Rejection } from '@concordat/protocol';
import type { SimulatorEvent } from './events';

/** Something that happened: what an event was, what an engine wanted, or a message that was turned away at the door. */
export type TraceSubject = SimulatorEvent | Effect | Rejection | string;

/** One line of a trace. */
export interface TraceEntry {
  readonly at: number;
  readonly member: number;
  readonly subject: TraceSubject;
}

/** Entries that a report shows. */
const KEPT = 256;

/**
 * What happened, as a hash over everything and the last entries themselves. Two runs with one hash went the same way: the
 * hash covers every entry's time, place and content.
 */
export class Trace {
  private high = 0x811c9dc5;
  private low = 0x1b873593;
  private count = 0;
  private readonly times = new Float64Array(KEPT);
  private readonly members = new Int32Array(KEPT);
  private readonly subjects: TraceSubject[] = [];

  /** Entries so far. */
  get entries(): number {
    return this.count;
  }

  /** Notes something. `a`, `b` and `c` stand for its content in the hash; the subject must never change afterwards. */
  note(at: number, member: number, subject: TraceSubject, a: number, b: number, c: number): void {
    const place = this.count++ % KEPT;
    this.times[place] = at;
    this.members[place] = member;
    this.subjects[place] = subject;
    // Times have quarters of a millisecond, and lie close together: the integer of what is left stays small.
    this.fold(((at % 0x10_0000) * 1024) | 0);
    this.fold(Math.imul(member + 1, 0x9e3779b1) ^ a);
    this.fold(b);
    this.fold(c);
  }

  /** 16 hexadecimal characters. */
  get hash(): string {
    const text = (value: number): string => (value >>> 0).toString(16).padStart(8, '0');
    return text(this.high) + text(this.low);
  }

  /** The last entries, oldest first. */
  last(): TraceEntry[] {
    const entries: TraceEntry[] = [];
    for (let index = Math.max(0, this.count - KEPT); index < this.count; index++) {
      const place = index % KEPT;
      const subject = this.subjects[place];
      if (subject !== undefined)
        entries.push({ at: this.times[place] ?? 0, member: this.members[place] ?? 0, subject });
    }
    return entries;
  }

  private fold(part: number): void {
    this.high = Math.imul(this.high ^ part, 0x01000193) ^ (this.low >>> 15);
    this.low = (Math.imul(this.low ^ part, 0x85ebca6b) + (this.high >>> 13)) | 0;
  }
}

/** First four bytes from `offset` as an integer: enough of a signature to tell two runs apart. */
export const wordOf = (bytes: Uint8Array, offset: number): number =>
  ((bytes[offset] ?? 0) << 24) |
  ((bytes[offset + 1] ?? 0) << 16) |
  ((bytes[offset + 2] ?? 0) << 8) |
  (bytes[offset + 3] ?? 0);

/** The same for text: a name, or the hexadecimal characters of a digest. */
export const wordOfText = (text: string): number =>
  (text.charCodeAt(0) << 24) ^
  (text.charCodeAt(1) << 16) ^
  (text.charCodeAt(2) << 8) ^
  text.charCodeAt(text.length - 1) ^
  text.length;
