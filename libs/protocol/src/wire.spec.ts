import * as fc from 'fast-check';
import { digest, type Digest } from './ids';
import { someDigest } from './testing/swarm';
import { LayoutError, Reader, Writer } from './wire';

fc.configureGlobal({ seed: 2, numRuns: 300 });

const U64_MAX = 0xffff_ffff_ffff_ffffn;

/** A field with how it is written and read. */
type Field =
  | { kind: 'u8' | 'u16' | 'u32' | 'u64'; value: number }
  | { kind: 'bigU64'; value: bigint }
  | { kind: 'short' | 'long' | 'raw'; value: Uint8Array }
  | { kind: 'text'; value: string }
  | { kind: 'digest'; value: Digest };

const someBytes = fc.uint8Array({ maxLength: 40 });
const anyField: fc.Arbitrary<Field> = fc.oneof(
  fc.record({ kind: fc.constant('u8' as const), value: fc.nat(0xff) }),
  fc.record({ kind: fc.constant('u16' as const), value: fc.nat(0xffff) }),
  fc.record({ kind: fc.constant('u32' as const), value: fc.nat(0xffff_ffff) }),
  fc.record({ kind: fc.constant('u64' as const), value: fc.maxSafeNat() }),
  fc.record({ kind: fc.constant('bigU64' as const), value: fc.bigInt({ min: 0n, max: U64_MAX }) }),
  fc.record({ kind: fc.constantFrom('short' as const, 'long' as const, 'raw' as const), value: someBytes }),
  fc.record({
    kind: fc.constant('text' as const),
    value: fc.array(fc.nat(0x7f), { maxLength: 255 }).map((codes) => String.fromCharCode(...codes)),
  }),
  fc.record({
    kind: fc.constant('digest' as const),
    value: fc.nat().map((seed) => someDigest(String(seed))),
  }),
);

function write(writer: Writer, field: Field): void {
  switch (field.kind) {
    case 'u8':
    case 'u16':
    case 'u32':
    case 'u64':
      writer[field.kind](field.value);
      break;
    case 'bigU64':
      writer.bigU64(field.value);
      break;
    case 'short':
    case 'long':
    case 'raw':
      writer[field.kind](field.value);
      break;
    case 'text':
      writer.text(field.value);
      break;
    case 'digest':
      writer.digest(field.value);
      break;
  }
}

function read(reader: Reader, field: Field): unknown {
  switch (field.kind) {
    case 'long':
      return reader.long(1000);
    case 'raw':
      return reader.raw(field.value.length);
    default:
      return reader[field.kind]();
  }
}

const sizes = { u8: 1, u16: 2, u32: 4, u64: 8, bigU64: 8, digest: 32 } as const;

function sizeOf(field: Field): number {
  if (field.kind === 'short') return 2 + field.value.length;
  if (field.kind === 'long') return 4 + field.value.length;
  if (field.kind === 'raw') return field.value.length;
  if (field.kind === 'text') return 1 + field.value.length;
  return sizes[field.kind];
}

const comparable = (value: unknown): unknown => (value instanceof Uint8Array ? Array.from(value) : value);

it('reads what was written, in any order and from any buffer size', () => {
  fc.assert(
    fc.property(fc.array(anyField, { maxLength: 20 }), fc.integer({ min: 1, max: 600 }), (fields, hint) => {
      const writer = new Writer(hint);
      for (const field of fields) write(writer, field);
      const bytes = writer.bytes();
      expect(bytes).toHaveLength(fields.reduce((sum, field) => sum + sizeOf(field), 0));
      const reader = new Reader(bytes);
      for (const field of fields) expect(comparable(read(reader, field))).toEqual(comparable(field.value));
      expect([reader.offset, reader.left]).toEqual([bytes.length, 0]);
      reader.end();
    }),
  );
});

it('reads a view, wherever its buffer begins', () => {
  const buffer = Uint8Array.from([9, 9, 0x01, 0x02, 0x03, 0x04, 9]);
  const reader = new Reader(buffer.subarray(2, 6));
  expect(reader.u16()).toBe(0x0102);
  expect(Array.from(reader.raw(2))).toEqual([3, 4]);
  expect(() => reader.u8()).toThrow(LayoutError);
});

it('throws a LayoutError, and moves no further, at every length that is too short', () => {
  fc.assert(
    fc.property(fc.array(anyField, { minLength: 1, maxLength: 5 }), fc.nat(), (fields, place) => {
      const writer = new Writer();
      for (const field of fields) write(writer, field);
      const bytes = writer.bytes();
      fc.pre(bytes.length > 0);
      const reader = new Reader(bytes.subarray(0, place % bytes.length));
      expect(() => {
        for (const field of fields) read(reader, field);
      }).toThrow(LayoutError);
      expect(reader.offset).toBeLessThanOrEqual(place % bytes.length);
    }),
  );
});

describe('big-endian, known bytes', () => {
  const rows: [name: string, writer: Writer, hex: string][] = [
    ['u8', new Writer().u8(0xab), 'ab'],
    ['u16', new Writer().u16(0x0102), '0102'],
    ['u32', new Writer().u32(0xfffefdfc), 'fffefdfc'],
    ['u64', new Writer().u64(Number.MAX_SAFE_INTEGER), '001fffffffffffff'],
    ['u64 above 2^32', new Writer().u64(0x1_0000_0002), '0000000100000002'],
    ['bigU64', new Writer().bigU64(U64_MAX), 'ffffffffffffffff'],
    ['short', new Writer().short(Uint8Array.of(7)), '000107'],
    ['long', new Writer().long(Uint8Array.of(7)), '0000000107'],
    ['text', new Writer().text('n0'), '026e30'],
    ['digest', new Writer().digest(digest('ab'.repeat(32))), 'ab'.repeat(32)],
  ];
  it.each(rows)('%s', (_, writer, hex) => expect(Buffer.from(writer.bytes()).toString('hex')).toBe(hex));
});

describe('what a field cannot hold', () => {
  const rows: [name: string, act: () => Writer][] = [
    ['u8 above', () => new Writer().u8(0x100)],
    ['u8 below', () => new Writer().u8(-1)],
    ['u8 between', () => new Writer().u8(0.5)],
    ['u8 not a number', () => new Writer().u8(Number.NaN)],
    ['u16 above', () => new Writer().u16(0x10000)],
    ['u32 above', () => new Writer().u32(0x1_0000_0000)],
    ['u64 above 2^53-1', () => new Writer().u64(Number.MAX_SAFE_INTEGER + 1)],
    ['u64 infinite', () => new Writer().u64(Number.POSITIVE_INFINITY)],
    ['bigU64 above', () => new Writer().bigU64(U64_MAX + 1n)],
    ['bigU64 below', () => new Writer().bigU64(-1n)],
    ['short of 65536 bytes', () => new Writer().short(new Uint8Array(0x10000))],
    ['text of 256 characters', () => new Writer().text('x'.repeat(256))],
    ['text beyond ASCII', () => new Writer().text('ü')],
  ];
  it.each(rows)('%s', (_, act) => expect(act).toThrow(RangeError));
});

describe('what a reader refuses', () => {
  const bytes = (...values: number[]): Reader => new Reader(Uint8Array.from(values));
  const rows: [name: string, act: () => unknown][] = [
    ['u64 of 2^53', () => bytes(0, 0x20, 0, 0, 0, 0, 0, 0).u64()],
    ['u64 of 2^53 + 1, which a double rounds', () => bytes(0, 0x20, 0, 0, 0, 0, 0, 1).u64()],
    ['u64 of all ones', () => bytes(...new Array<number>(8).fill(0xff)).u64()],
    ['text beyond ASCII', () => bytes(1, 0x80).text()],
    ['text above its bound', () => bytes(2, 0x61, 0x61).text(1)],
    ['short above its bound', () => bytes(0, 2, 1, 1).short(1)],
    ['long above its bound', () => bytes(0, 0, 0, 2, 1, 1).long(1)],
    ['long beyond the end', () => bytes(0xff, 0xff, 0xff, 0xff).long(0xffff_ffff)],
    ['count above its bound', () => bytes(0, 2, 1, 1).count(1, 1)],
    ['count of 65535 with 3 bytes left', () => bytes(0xff, 0xff, 1, 2, 3).count(0xffff, 1)],
    ['count whose items take more than is left', () => bytes(0, 2, 1, 2, 3).count(9, 2)],
    ['trailing bytes', () => bytes(1).end()],
  ];
  it.each(rows)('%s', (_, act) => expect(act).toThrow(LayoutError));

  it('and lets pass what is at the bound', () => {
    expect(bytes(0, 0x1f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff).u64()).toBe(Number.MAX_SAFE_INTEGER);
    expect(bytes(1, 0x7f).text(1)).toBe('\u007f');
    expect(bytes(0, 1, 5).short(1)).toEqual(Uint8Array.of(5));
    expect(bytes(0, 0, 0, 1, 5).long(1)).toEqual(Uint8Array.of(5));
    expect(bytes(0, 2, 1, 2, 3, 4).count(2, 2)).toBe(2);
    expect(bytes(0, 0).count(0, 1000)).toBe(0);
  });
});

it('bytes() is a copy: writing on does not change it', () => {
  const writer = new Writer(64).u8(1);
  const before = writer.bytes();
  writer.u8(2);
  expect(Array.from(before)).toEqual([1]);
  expect(Array.from(writer.bytes())).toEqual([1, 2]);
});
