import fc from 'fast-check';
import { decodeGroup, decodeGroupHeader, encodeGroup, GROUP_HEADER_BYTES, type GroupPlace } from './group';

// Thousands of cases: generous, for machines that do other things as well.
jest.setTimeout(120_000);

const safe = fc.nat({ max: Number.MAX_SAFE_INTEGER });
const place = fc.record<GroupPlace>({
  role: fc.constantFrom('records', 'base', 'closing'),
  segment: safe,
  salt: safe,
  durableOffset: safe,
  previousBytes: safe,
  oldestSegment: safe,
});
const records = fc.array(fc.record({ kind: fc.nat(255), sequence: safe, payload: fc.uint8Array({ maxLength: 40 }) }), {
  maxLength: 6,
});

const PLACE: GroupPlace = { role: 'base', segment: 1, salt: 7, durableOffset: 0, previousBytes: 0, oldestSegment: 1 };

describe('a group', () => {
  it('comes back as it was written, wherever it stands', () => {
    fc.assert(
      fc.property(place, records, fc.nat(9), (header, written, offset) => {
        const bytes = encodeGroup(header, written);
        const file = new Uint8Array(offset + bytes.length + 3);
        file.set(bytes, offset);
        const read = decodeGroup(file, offset);
        expect(read?.length).toBe(bytes.length);
        expect(read?.records.map((record) => ({ ...record, payload: [...record.payload] }))).toEqual(
          written.map((record) => ({ ...record, payload: [...record.payload] })),
        );
        expect(read?.header).toEqual({
          ...header,
          recordCount: written.length,
          bodyBytes: bytes.length - GROUP_HEADER_BYTES,
        });
      }),
    );
  });

  it('is refused after any change of one bit, and when cut anywhere', () => {
    const bytes = encodeGroup(PLACE, [
      { kind: 1, sequence: 5, payload: Uint8Array.of(1, 2, 3) },
      { kind: 2, sequence: 6, payload: new Uint8Array(0) },
    ]);
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      const damaged = bytes.slice();
      damaged[bit >> 3]! ^= 1 << (bit & 7);
      expect(decodeGroup(damaged)).toBeUndefined();
    }
    for (let length = 0; length < bytes.length; length++)
      expect(decodeGroup(bytes.subarray(0, length))).toBeUndefined();
  });

  it('is refused when a record of another group stands in it', () => {
    const record = { kind: 1, sequence: 5, payload: Uint8Array.of(1, 2, 3) };
    const bytes = encodeGroup(PLACE, [record]);
    const stale = encodeGroup({ ...PLACE, durableOffset: 99 }, [record]);
    expect(decodeGroup(stale)?.records).toHaveLength(1);
    bytes.set(stale.subarray(GROUP_HEADER_BYTES), GROUP_HEADER_BYTES);
    expect(decodeGroup(bytes)).toBeUndefined();
    expect(decodeGroupHeader(bytes)).toMatchObject({ segment: 1, recordCount: 1 });
  });

  it.each([
    { name: 'kind', record: { kind: 256, sequence: 0 } },
    { name: 'kind', record: { kind: 0.5, sequence: 0 } },
    { name: 'sequence', record: { kind: 1, sequence: -1 } },
    { name: 'sequence', record: { kind: 1, sequence: 2 ** 53 } },
  ])('is not written with a $name that its field cannot hold', ({ record }) => {
    expect(() => encodeGroup(PLACE, [{ ...record, payload: new Uint8Array(0) }])).toThrow(RangeError);
  });
});
