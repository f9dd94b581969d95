import { decodeGroup, decodeGroupHeader, MAGIC_BYTE, type GroupHeader, type LogRecord } from './group';

/** Where a sound group stands in its file. */
export interface GroupSpan {
  readonly offset: number;
  /** Bytes of header and body. */
  readonly length: number;
  readonly header: GroupHeader;
}

/** What is known about a file before it is read. */
export interface SegmentExpectation {
  /** Number that the file's name gives it. */
  readonly segment: number;
  /**
   * Bytes that were durable, as something outside the file proves: the file after it, or an index. 'all': the whole file
   * was. 0 (the default): only the file's own groups can tell.
   */
  readonly durableBytes?: number | 'all';
}

/** What stands in a file. Until `verdict` is known to be acceptable, nothing of it may be used. */
export interface SegmentScan {
  /** Records of all sound groups in order; payloads are views into the file's bytes. */
  readonly records: readonly LogRecord[];
  /** The sound groups in order; `header.recordCount` says how many of `records` each holds. */
  readonly groups: readonly GroupSpan[];
  /** Length of the sound groups together: where a torn file is to be cut. */
  readonly validBytes: number;
  /**
   * clean: groups from the first to the last byte. torn-tail: what follows `validBytes` was never durable, for all
   * that is known. corrupt: something that was durable is damaged or gone.
   */
  readonly verdict: 'clean' | 'torn-tail' | 'corrupt';
  /** Offset of the first group that is not sound; absent when clean. */
  readonly badOffset?: number;
  /** For people; absent when clean. */
  readonly reason?: string;
}

/** Why a header with a right checksum does not belong where it stands. */
function misfit(header: GroupHeader, offset: number, segment: number): string | undefined {
  if (header.segment !== segment) return `the group belongs to file ${String(header.segment)}`;
  if (header.durableOffset > offset) return `the group claims that ${String(header.durableOffset)} bytes precede it`;
  if ((header.role === 'base') !== (offset === 0)) return `a group of role ${header.role} stands at ${String(offset)}`;
  return undefined;
}

/**
 * The offset of a group behind `bad` that was written when `bad` was durable. A header is proof enough: whoever wrote it
 * had fsynced all below its durableOffset, whether or not its own body arrived. So the search costs one checksum of a
 * few bytes per place that looks like a header, and its time is linear whatever the file holds.
 */
function findProof(bytes: Uint8Array, bad: number, segment: number, salt: number | undefined): number | undefined {
  for (let at = bytes.indexOf(MAGIC_BYTE, bad + 1); at !== -1; at = bytes.indexOf(MAGIC_BYTE, at + 1)) {
    const header = decodeGroupHeader(bytes, at);
    if (header === undefined || misfit(header, at, segment) !== undefined) continue;
    if ((salt === undefined || header.salt === salt) && header.durableOffset > bad) return at;
  }
  return undefined;
}

/** Judges the end of a file whose groups are sound up to `bad` and not beyond; undefined when it is merely torn. */
function whyCorrupt(
  bytes: Uint8Array,
  bad: number,
  { segment, durableBytes = 0 }: SegmentExpectation,
  salt: number | undefined,
): string | undefined {
  if (durableBytes === 'all') return 'the file was durable as a whole, and ends in something that is no group';
  if (bad < durableBytes) return `the first ${String(durableBytes)} bytes were durable`;
  const header = decodeGroupHeader(bytes, bad);
  // Another salt is no misfit: old blocks of a deleted file may shine through after a power loss.
  if (header !== undefined && (salt === undefined || header.salt === salt)) {
    const reason = misfit(header, bad, segment);
    if (reason !== undefined) return reason;
  }
  const proof = findProof(bytes, bad, segment, salt);
  return proof === undefined ? undefined : `the group at offset ${String(proof)} says that it was durable`;
}

/**
 * Reads a whole file of groups and judges its end (Spec §6): a bad group below an offset that a later group records as
 * durable is corruption, a bad last group is the torn tail of a crash. Never throws for what the bytes hold.
 */
export function scanSegment(bytes: Uint8Array, expectation: SegmentExpectation): SegmentScan {
  const records: LogRecord[] = [];
  const groups: GroupSpan[] = [];
  let offset = 0;
  while (offset < bytes.length) {
    const group = decodeGroup(bytes, offset);
    if (group === undefined || misfit(group.header, offset, expectation.segment) !== undefined) break;
    if (groups[0] !== undefined && group.header.salt !== groups[0].header.salt) break;
    groups.push({ offset, length: group.length, header: group.header });
    for (const record of group.records) records.push(record);
    offset += group.length;
  }
  const found = { records, groups, validBytes: offset };
  if (offset === bytes.length) {
    const { durableBytes = 0 } = expectation;
    if (durableBytes === 'all' || offset >= durableBytes) return { ...found, verdict: 'clean' };
    const reason = `the file ends here, and ${String(durableBytes)} bytes of it were durable`;
    return { ...found, verdict: 'corrupt', badOffset: offset, reason };
  }
  const reason = whyCorrupt(bytes, offset, expectation, groups[0]?.header.salt);
  return reason === undefined
    ? { ...found, verdict: 'torn-tail', badOffset: offset, reason: 'the last group is not whole' }
    : { ...found, verdict: 'corrupt', badOffset: offset, reason };
}
