import fc from 'fast-check';
import { encodeGroup, GROUP_HEADER_BYTES, type GroupPlace, type LogRecord } from './group';
import { scanSegment } from './scan';

// Thousands of cases: generous, for machines that do other things as well.
jest.setTimeout(120_000);

const SEGMENT = 3;
const SALT = 0x1234_5678_9abc;

interface Written {
  readonly bytes: Uint8Array;
  /** Where each group begins, and the end of the last. */
  readonly offsets: readonly number[];
  readonly records: readonly (readonly LogRecord[])[];
}

/** A file as a log writes it: each group after the one before it was made durable. */
function write(groups: readonly (readonly LogRecord[])[], overrides: Partial<GroupPlace> = {}): Written {
  const parts: Uint8Array[] = [];
  const offsets = [0];
  for (const records of groups) {
    const durableOffset = offsets.at(-1)!;
    const role = durableOffset === 0 ? 'base' : 'records';
    const place = { role, segment: SEGMENT, salt: SALT, durableOffset, previousBytes: 0, oldestSegment: 1 } as const;
    const part = encodeGroup({ ...place, ...overrides }, records);
    parts.push(part);
    offsets.push(durableOffset + part.length);
  }
  return { bytes: Uint8Array.from(parts.flatMap((part) => [...part])), offsets, records: groups };
}

const record = (sequence: number, ...payload: number[]): LogRecord => ({
  kind: 1,
  sequence,
  payload: Uint8Array.from(payload),
});
const plain = (records: readonly LogRecord[]): unknown[] => records.map((r) => ({ ...r, payload: [...r.payload] }));

const FILE = write([[], [record(1, 1, 2, 3), record(2)], [record(3, 0xf5, 0x43, 0x4c, 0x01)], [record(4, 9)]]);

function flipped(bytes: Uint8Array, bit: number): Uint8Array {
  const damaged = bytes.slice();
  damaged[bit >> 3]! ^= 1 << (bit & 7);
  return damaged;
}

describe('scanSegment', () => {
  it('reads a sound file whole', () => {
    const scan = scanSegment(FILE.bytes, { segment: SEGMENT, durableBytes: 'all' });
    expect(scan).toMatchObject({ verdict: 'clean', validBytes: FILE.bytes.length });
    expect(scan.groups.map(({ offset }) => offset)).toEqual(FILE.offsets.slice(0, -1));
    expect(plain(scan.records)).toEqual(plain(FILE.records.flat()));
  });

  it('finds every single flipped bit: corrupt where a later group proves durability, else exactly the last group goes', () => {
    const lastOffset = FILE.offsets.at(-2)!;
    for (let bit = 0; bit < FILE.bytes.length * 8; bit++) {
      const hit = FILE.offsets.findLast((offset) => offset <= bit >> 3);
      const scan = scanSegment(flipped(FILE.bytes, bit), { segment: SEGMENT });
      expect(scan).toMatchObject({
        verdict: hit === lastOffset ? 'torn-tail' : 'corrupt',
        badOffset: hit,
        validBytes: hit,
      });
    }
  });

  it('finds every single flipped bit when a later file proves that all was durable', () => {
    for (let bit = 0; bit < FILE.bytes.length * 8; bit++) {
      for (const durableBytes of ['all', FILE.bytes.length] as const) {
        const scan = scanSegment(flipped(FILE.bytes, bit), { segment: SEGMENT, durableBytes });
        expect(scan.verdict).toBe('corrupt');
      }
    }
  });

  it('yields whole groups for every length that a file is cut to', () => {
    for (let length = 0; length <= FILE.bytes.length; length++) {
      const whole = FILE.offsets.filter((offset) => offset <= length).length - 1;
      const scan = scanSegment(FILE.bytes.subarray(0, length), { segment: SEGMENT });
      expect(scan.validBytes).toBe(FILE.offsets[whole]);
      expect(scan.verdict).toBe(FILE.offsets[whole] === length ? 'clean' : 'torn-tail');
      expect(plain(scan.records)).toEqual(plain(FILE.records.slice(0, whole).flat()));
      const known = scanSegment(FILE.bytes.subarray(0, length), {
        segment: SEGMENT,
        durableBytes: FILE.bytes.length,
      });
      expect(known.verdict).toBe(length === FILE.bytes.length ? 'clean' : 'corrupt');
    }
  });

  it('takes the header of a torn last group as proof of what came before it', () => {
    const start = FILE.offsets.at(-2)!;
    const torn = FILE.bytes.slice(0, start + GROUP_HEADER_BYTES);
    expect(scanSegment(torn, { segment: SEGMENT })).toMatchObject({ verdict: 'torn-tail', badOffset: start });
    torn[start - 1]! ^= 1;
    expect(scanSegment(torn, { segment: SEGMENT })).toMatchObject({
      verdict: 'corrupt',
      badOffset: FILE.offsets.at(-3),
    });
  });

  it('calls a lost group torn when the sound one behind it does not say that it was durable', () => {
    const { bytes, offsets } = write([[], [record(1, 1)], [record(2, 2)]], { durableOffset: 0 });
    expect(scanSegment(bytes, { segment: SEGMENT }).verdict).toBe('clean');
    bytes.fill(0, offsets[1], offsets[2]);
    expect(scanSegment(bytes, { segment: SEGMENT })).toMatchObject({ verdict: 'torn-tail', badOffset: offsets[1] });
  });

  it('cuts zeros that a crash left behind the last group', () => {
    const longer = new Uint8Array(FILE.bytes.length + 4096);
    longer.set(FILE.bytes);
    expect(scanSegment(longer, { segment: SEGMENT })).toMatchObject({
      verdict: 'torn-tail',
      validBytes: FILE.bytes.length,
    });
  });

  it('is not misled by a group that a client hid in a payload, for want of the salt', () => {
    const place = { role: 'records', segment: SEGMENT, previousBytes: 0, oldestSegment: 1 } as const;
    const hidden = encodeGroup({ ...place, salt: SALT + 1, durableOffset: GROUP_HEADER_BYTES + 1 }, []);
    const { bytes } = write([[], [{ kind: 1, sequence: 1, payload: hidden }]]);
    const torn = bytes.subarray(0, -1);
    expect(scanSegment(torn, { segment: SEGMENT })).toMatchObject({
      verdict: 'torn-tail',
      badOffset: GROUP_HEADER_BYTES,
    });
    const known = encodeGroup({ ...place, salt: SALT, durableOffset: GROUP_HEADER_BYTES + 1 }, []);
    const forged = write([[], [{ kind: 1, sequence: 1, payload: known }]]).bytes.subarray(0, -1);
    expect(scanSegment(forged, { segment: SEGMENT }).verdict).toBe('corrupt');
  });

  it('refuses the file of another number, and a file that does not begin with a base', () => {
    expect(scanSegment(FILE.bytes, { segment: SEGMENT + 1 })).toMatchObject({ verdict: 'corrupt', badOffset: 0 });
    const headless = FILE.bytes.subarray(FILE.offsets[1]);
    expect(scanSegment(headless, { segment: SEGMENT })).toMatchObject({ verdict: 'corrupt', badOffset: 0 });
  });

  it('takes linear time for a file full of beginnings of groups', () => {
    const header = FILE.bytes.subarray(FILE.offsets[3], FILE.offsets[3]! + GROUP_HEADER_BYTES - 1);
    const hostile = new Uint8Array(4 << 20);
    for (let at = 0; at + header.length < hostile.length; at += header.length) hostile.set(header, at);
    expect(scanSegment(hostile, { segment: SEGMENT })).toMatchObject({ verdict: 'torn-tail', validBytes: 0 });
  });

  it('never throws, and never reads records beyond what is sound', () => {
    const edit = fc.record({ at: fc.nat(FILE.bytes.length - 1), value: fc.nat(255) });
    fc.assert(
      fc.property(fc.array(edit, { minLength: 1, maxLength: 12 }), fc.nat(FILE.bytes.length), (edits, length) => {
        const damaged = FILE.bytes.slice();
        for (const { at, value } of edits) damaged[at] = value;
        const scan = scanSegment(damaged.subarray(0, length), { segment: SEGMENT });
        expect(FILE.offsets).toContain(scan.validBytes);
        const whole = FILE.offsets.indexOf(scan.validBytes);
        expect(plain(scan.records)).toEqual(plain(FILE.records.slice(0, whole).flat()));
      }),
    );
  });
});
