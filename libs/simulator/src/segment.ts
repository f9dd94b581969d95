import { concatBytes } from '@concordat/protocol';
import {
  encodeGroup,
  GROUP_HEADER_BYTES,
  RECORD_OVERHEAD_BYTES,
  scanSegment,
  type LogRecord,
  type SegmentScan,
} from '@concordat/records';
import type { Append } from './append';

const isRecord = (bytes: LogRecord | Uint8Array): bytes is LogRecord => !(bytes instanceof Uint8Array);

const recordsOf = (appends: readonly Append[]): LogRecord[] => appends.map(({ bytes }) => bytes).filter(isRecord);

/** True for what belongs into the log: decisions have a store of their own. */
export const isLogged = ({ kept }: Append): boolean => kept.kind === 'record' || kept.kind === 'vote';

/** Where a file stands among the others. */
export interface SegmentPlace {
  readonly segment: number;
  readonly salt: number;
  readonly previousBytes: number;
}

interface Unwritten {
  readonly role: 'base' | 'records';
  readonly oldestSegment: number;
  readonly appends: readonly Append[];
}

interface Extent {
  readonly from: number;
  readonly to: number;
  readonly append: Append;
}

/**
 * One file of a simulated log, in the real layout. Groups are laid out when somebody reads the file, or needs its length:
 * most are never read. What they hold was fixed when they were written.
 */
export class SimulatedSegment {
  private readonly groups: Uint8Array[] = [];
  private unwritten: Unwritten[] = [];
  private length = 0;
  private greatest = 0;
  private count = 0;
  /** Where each record lies. */
  private extents: Extent[] = [];
  /** What the file held before a bit of it flipped. */
  private sound: readonly LogRecord[] | undefined;

  constructor(private readonly place: SegmentPlace) {}

  /** Number of the file. */
  get number(): number {
    return this.place.segment;
  }

  /** Records so far. */
  get records(): number {
    return this.count;
  }

  /** Bytes so far. */
  get bytes(): number {
    this.layOut();
    return this.length;
  }

  /** Highest sequence of a record. */
  get greatestSequence(): number {
    this.layOut();
    return this.greatest;
  }

  /** Writes one group, whole. */
  write(role: Unwritten['role'], oldestSegment: number, appends: readonly Append[]): void {
    const logged = appends.filter(isLogged);
    if (logged.length === 0 && role === 'records') return;
    this.count += logged.length;
    this.unwritten.push({ role, oldestSegment, appends: logged });
  }

  /** Writes the first part of a group: `keep` says how many of its bytes arrive. */
  tear(oldestSegment: number, appends: readonly Append[], keep: (length: number) => number): boolean {
    const records = recordsOf(appends);
    if (records.length === 0) return false;
    this.layOut();
    const group = this.encode('records', oldestSegment, records);
    this.groups.push(group.slice(0, keep(group.length)));
    return true;
  }

  /** Flips one bit of the file; `choose` picks its place. Returns what lay there; undefined for a header. */
  flip(choose: (bits: number) => number): Append | undefined {
    const bytes = this.contents();
    this.sound ??= this.scanned(bytes).records;
    const bit = choose(bytes.length * 8);
    const at = bit >> 3;
    bytes[at] = (bytes[at] ?? 0) ^ (1 << (bit & 7));
    this.groups.splice(0, this.groups.length, bytes);
    return this.extents.find(({ from, to }) => at >= from && at < to)?.append;
  }

  /** Reads the file. */
  scan(): SegmentScan {
    return this.scanned(this.contents());
  }

  /** True when what a scan found is the beginning of what was written: nothing else may ever be taken for a record. */
  wasWritten(records: readonly LogRecord[]): boolean {
    const { sound } = this;
    if (sound === undefined) return true;
    return records.every((record, index) => {
      const written = sound[index];
      return (
        written?.kind === record.kind &&
        written.sequence === record.sequence &&
        written.payload.length === record.payload.length &&
        written.payload.every((byte, at) => byte === record.payload[at])
      );
    });
  }

  /** Cuts off what a scan found to be torn. */
  cut({ validBytes }: SegmentScan): void {
    const bytes = this.contents().slice(0, validBytes);
    this.groups.splice(0, this.groups.length, bytes);
    this.length = validBytes;
    this.extents = this.extents.filter(({ to }) => to <= validBytes);
    this.sound = undefined;
  }

  private contents(): Uint8Array {
    this.layOut();
    return concatBytes(...this.groups);
  }

  private scanned(bytes: Uint8Array): SegmentScan {
    return scanSegment(bytes, { segment: this.place.segment });
  }

  private layOut(): void {
    if (this.unwritten.length === 0) return;
    for (const { role, oldestSegment, appends } of this.unwritten) {
      const records = recordsOf(appends);
      const group = this.encode(role, oldestSegment, records);
      this.groups.push(group);
      this.noteExtents(appends);
      this.length += group.length;
      for (const { sequence } of records) this.greatest = Math.max(this.greatest, sequence);
    }
    this.unwritten = [];
  }

  private noteExtents(appends: readonly Append[]): void {
    let from = this.length + GROUP_HEADER_BYTES;
    for (const append of appends) {
      if (!isRecord(append.bytes)) continue;
      const to = from + RECORD_OVERHEAD_BYTES + append.bytes.payload.length;
      this.extents.push({ from, to, append });
      from = to;
    }
  }

  private encode(role: Unwritten['role'], oldestSegment: number, records: readonly LogRecord[]): Uint8Array {
    return encodeGroup({ role, ...this.place, durableOffset: this.length, oldestSegment }, records);
  }
}
