import { crc32c } from './crc32c';

/** One thing that a log keeps. */
export interface LogRecord {
  /** What the payload is, u8; the log's user gives it a meaning. */
  readonly kind: number;
  /** Slot that the record belongs to; 0 = none. A safe integer. */
  readonly sequence: number;
  readonly payload: Uint8Array;
}

/** `base`: the first group of a file. `closing`: the last one, written once the next file is durable. */
export type GroupRole = 'records' | 'base' | 'closing';

/** What a group says of itself and of what came before it. */
export interface GroupHeader {
  readonly role: GroupRole;
  /** Number of the file that the group belongs to: a file under another name is recognised. */
  readonly segment: number;
  /**
   * Drawn at random for each file, below 2^53. Payloads hold bytes that clients choose; without knowing the salt nobody
   * can hide in them what a scan would take for a group.
   */
  readonly salt: number;
  /** Offset in this file up to which everything was durable (fsynced) before this group was written. */
  readonly durableOffset: number;
  /** Length of the file before this one, all of it durable before this file was made; 0 for the first file. */
  readonly previousBytes: number;
  /** Number of the oldest file that must still exist. */
  readonly oldestSegment: number;
  readonly recordCount: number;
  /** Bytes of all records together. */
  readonly bodyBytes: number;
}

/** What a writer of groups decides; the rest of the header follows from the records. */
export type GroupPlace = Omit<GroupHeader, 'recordCount' | 'bodyBytes'>;

/** A group read from a file. */
export interface Group {
  readonly header: GroupHeader;
  /** Payloads are views into the bytes that were read. */
  readonly records: readonly LogRecord[];
  /** Bytes of header and body. */
  readonly length: number;
}

/** 0xf5 occurs in no UTF-8 text, which most of a log is: a scan seldom stops for nothing. The last byte is the layout's version. */
const MAGIC = 0xf5434c01;
/** First byte of every group. */
export const MAGIC_BYTE = 0xf5;
const ROLES: readonly GroupRole[] = ['records', 'base', 'closing'];
const CHECKED_BYTES = 4 + 1 + 4 + 4 + 5 * 8;
/** Bytes of a group's header, its checksum included. */
export const GROUP_HEADER_BYTES = CHECKED_BYTES + 4;
/** Bytes of a record beside its payload: length, kind, sequence, checksum. */
export const RECORD_OVERHEAD_BYTES = 4 + 1 + 8 + 4;

function setU64(data: DataView, at: number, value: number): void {
  if (!Number.isSafeInteger(value) || value < 0) throw new RangeError(`u64 cannot hold ${String(value)}`);
  data.setUint32(at, Math.floor(value / 0x1_0000_0000));
  data.setUint32(at + 4, value % 0x1_0000_0000);
}

const getU64 = (data: DataView, at: number): number => data.getUint32(at) * 0x1_0000_0000 + data.getUint32(at + 4);

const viewOf = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

/**
 * Bytes of one group: what one group commit writes. Throws a RangeError for a field that the layout cannot hold.
 *
 * A record's checksum runs on from the checksum of all that stands before it in the group. So each byte is summed once,
 * each record can be judged alone, and a sound record of another group in its place is noticed.
 */
export function encodeGroup(place: GroupPlace, records: readonly LogRecord[]): Uint8Array {
  let bodyBytes = 0;
  for (const { payload } of records) bodyBytes += RECORD_OVERHEAD_BYTES + payload.length;
  if (bodyBytes > 0xffffffff) throw new RangeError(`a group cannot hold ${String(bodyBytes)} bytes`);
  const bytes = new Uint8Array(GROUP_HEADER_BYTES + bodyBytes);
  const data = viewOf(bytes);
  data.setUint32(0, MAGIC);
  data.setUint8(4, ROLES.indexOf(place.role));
  data.setUint32(5, bodyBytes);
  data.setUint32(9, records.length);
  setU64(data, 13, place.segment);
  setU64(data, 21, place.salt);
  setU64(data, 29, place.durableOffset);
  setU64(data, 37, place.previousBytes);
  setU64(data, 45, place.oldestSegment);
  let crc = crc32c(bytes, 0, CHECKED_BYTES);
  data.setUint32(CHECKED_BYTES, crc);
  let at = GROUP_HEADER_BYTES;
  for (const { kind, sequence, payload } of records) {
    if (!Number.isInteger(kind) || kind < 0 || kind > 0xff) throw new RangeError(`u8 cannot hold ${String(kind)}`);
    data.setUint32(at, payload.length);
    data.setUint8(at + 4, kind);
    setU64(data, at + 5, sequence);
    bytes.set(payload, at + 13);
    const end = at + 13 + payload.length;
    crc = crc32c(bytes, at, end, crc);
    data.setUint32(end, crc);
    at = end + 4;
  }
  return bytes;
}

/** Header of the group at `offset`; undefined when there is no sound one. Says nothing about the body. */
export function decodeGroupHeader(bytes: Uint8Array, offset = 0): GroupHeader | undefined {
  if (bytes.length - offset < GROUP_HEADER_BYTES) return undefined;
  const data = viewOf(bytes);
  if (data.getUint32(offset) !== MAGIC) return undefined;
  if (data.getUint32(offset + CHECKED_BYTES) !== crc32c(bytes, offset, offset + CHECKED_BYTES)) return undefined;
  const role = ROLES[data.getUint8(offset + 4)];
  if (role === undefined) return undefined;
  return {
    role,
    bodyBytes: data.getUint32(offset + 5),
    recordCount: data.getUint32(offset + 9),
    segment: getU64(data, offset + 13),
    salt: getU64(data, offset + 21),
    durableOffset: getU64(data, offset + 29),
    previousBytes: getU64(data, offset + 37),
    oldestSegment: getU64(data, offset + 45),
  };
}

/** The group at `offset`; undefined when its header or any of its records is not sound, or cut off. */
export function decodeGroup(bytes: Uint8Array, offset = 0): Group | undefined {
  const header = decodeGroupHeader(bytes, offset);
  if (header === undefined) return undefined;
  const length = GROUP_HEADER_BYTES + header.bodyBytes;
  const end = offset + length;
  if (end > bytes.length) return undefined;
  const data = viewOf(bytes);
  const records: LogRecord[] = [];
  let crc = data.getUint32(offset + CHECKED_BYTES);
  let at = offset + GROUP_HEADER_BYTES;
  while (at < end) {
    if (end - at < RECORD_OVERHEAD_BYTES) return undefined;
    const payloadBytes = data.getUint32(at);
    if (payloadBytes > end - at - RECORD_OVERHEAD_BYTES) return undefined;
    const payloadEnd = at + 13 + payloadBytes;
    crc = crc32c(bytes, at, payloadEnd, crc);
    if (data.getUint32(payloadEnd) !== crc) return undefined;
    records.push({
      kind: data.getUint8(at + 4),
      sequence: getU64(data, at + 5),
      payload: bytes.subarray(at + 13, payloadEnd),
    });
    at = payloadEnd + 4;
  }
  return records.length === header.recordCount ? { header, records, length } : undefined;
}
