import * as fc from 'fast-check';
import {
  asciiBytes,
  asciiText,
  concatBytes,
  equalBytes,
  fromBase64Url,
  fromHex,
  toBase64Url,
  toHex,
  utf8Bytes,
  utf8Text,
} from './bytes';

fc.configureGlobal({ seed: 1, numRuns: 300 });

const anyBytes = fc.uint8Array({ maxLength: 70 });
const plain = (bytes: Uint8Array): number[] => Array.from(bytes);

describe('hexadecimal text', () => {
  it('is what Node makes, and comes back', () => {
    fc.assert(
      fc.property(anyBytes, (bytes) => {
        expect(toHex(bytes)).toBe(Buffer.from(bytes).toString('hex'));
        expect(plain(fromHex(toHex(bytes)))).toEqual(plain(bytes));
        expect(plain(fromHex(toHex(bytes).toUpperCase()))).toEqual(plain(bytes));
      }),
    );
  });

  it.each(['0', '0g', 'g0', '0x', ' 00', '00\n', '000', 'é0', '００'])('refuses %j', (text) =>
    expect(() => fromHex(text)).toThrow(RangeError),
  );
});

it('writes long texts as it writes short ones', () => {
  const bytes = Uint8Array.from({ length: 10_000 }, (_, n) => (n * 31) >> 3);
  expect(toHex(bytes)).toBe(Buffer.from(bytes).toString('hex'));
  expect(toBase64Url(bytes)).toBe(Buffer.from(bytes).toString('base64url'));
});

describe('base64url text', () => {
  /** RFC 4648 §10, without padding; and the two characters in which §5 differs from §4. */
  const rows: [text: string, encoded: string][] = [
    ['', ''],
    ['f', 'Zg'],
    ['fo', 'Zm8'],
    ['foo', 'Zm9v'],
    ['foob', 'Zm9vYg'],
    ['fooba', 'Zm9vYmE'],
    ['foobar', 'Zm9vYmFy'],
  ];
  it.each(rows)('of %j is %j', (text, encoded) => {
    expect(toBase64Url(asciiBytes(text))).toBe(encoded);
    expect(asciiText(fromBase64Url(encoded))).toBe(text);
  });

  it('has - and _ for 62 and 63', () => expect(toBase64Url(Uint8Array.of(0xfb, 0xff))).toBe('-_8'));

  it('is what Node makes, and comes back', () => {
    fc.assert(
      fc.property(anyBytes, (bytes) => {
        const text = toBase64Url(bytes);
        expect(text).toBe(Buffer.from(bytes).toString('base64url'));
        expect(plain(fromBase64Url(text))).toEqual(plain(bytes));
      }),
    );
  });

  it('has one text for any bytes: whatever else is read, is refused', () => {
    const alphabet = fc.constantFrom(
      ...'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_+/= \n'.split(''),
    );
    fc.assert(
      fc.property(fc.string({ unit: alphabet, maxLength: 9 }), (text) => {
        let bytes: Uint8Array;
        try {
          bytes = fromBase64Url(text);
        } catch (error) {
          expect(error).toBeInstanceOf(RangeError);
          return;
        }
        expect(toBase64Url(bytes)).toBe(text);
      }),
      { numRuns: 2000 },
    );
  });

  it.each(['A', 'AAAAA', 'Zh', 'Zm9=', 'Zg==', 'Zm 9', 'Zm+v', 'Zm/v', 'AB', 'AAB', 'é', '😀', 'Zg\n'])(
    'refuses %j',
    (text) => expect(() => fromBase64Url(text)).toThrow(RangeError),
  );
});

describe('ASCII text', () => {
  it('comes back', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(0x7f), { maxLength: 40 }), (codes) => {
        const text = String.fromCharCode(...codes);
        expect(plain(asciiBytes(text))).toEqual(codes);
        expect(asciiText(Uint8Array.from(codes))).toBe(text);
      }),
    );
  });

  it.each(['\u0080', 'ü', 'a😀'])('refuses %j', (text) => expect(() => asciiBytes(text)).toThrow(RangeError));

  it('refuses every byte above 0x7f', () => {
    for (let byte = 0x80; byte <= 0xff; byte++) expect(() => asciiText(Uint8Array.of(0x61, byte))).toThrow(RangeError);
  });
});

it('concatBytes puts parts together in an array of its own', () => {
  fc.assert(
    fc.property(fc.array(anyBytes, { maxLength: 5 }), (parts) => {
      const whole = concatBytes(...parts);
      expect(plain(whole)).toEqual(parts.flatMap(plain));
      expect(parts.some((part) => part.length > 0 && part.buffer === whole.buffer)).toBe(false);
    }),
  );
});

it('equalBytes tells any difference', () => {
  fc.assert(
    fc.property(anyBytes, anyBytes, fc.nat(), (a, b, place) => {
      expect(equalBytes(a, b)).toBe(Buffer.compare(a, b) === 0);
      expect(equalBytes(a, a.slice())).toBe(true);
      if (a.length === 0) return;
      const at = place % a.length;
      expect(equalBytes(a, a.with(at, a[at]! ^ 0x10))).toBe(false);
      expect(equalBytes(a, a.subarray(1))).toBe(false);
    }),
  );
});

describe('UTF-8', () => {
  it('is what the platform makes of any text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const bytes = utf8Bytes(text);
        expect(toHex(bytes)).toBe(Buffer.from(text, 'utf8').toString('hex'));
        expect(utf8Text(bytes)).toBe(text);
      }),
    );
  });

  it('refuses bytes exactly where the platform does', () => {
    const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
    const mixed = fc.array(
      fc.constantFrom(0x41, 0x80, 0xbf, 0xc0, 0xc3, 0xe2, 0x82, 0xac, 0xed, 0xa0, 0xf0, 0x9f, 0xf5),
    );
    fc.assert(
      fc.property(mixed, (list) => {
        const bytes = Uint8Array.from(list);
        let expected: string | undefined;
        try {
          expected = strict.decode(bytes);
        } catch {
          expect(() => utf8Text(bytes)).toThrow(RangeError);
          return;
        }
        expect(utf8Text(bytes)).toBe(expected);
      }),
      { numRuns: 3000 },
    );
  });

  it.each(['c080', 'e080af', 'eda080', 'f4908080', 'e282', 'ff'])('refuses %s', (hex) =>
    expect(() => utf8Text(fromHex(hex))).toThrow('not UTF-8'),
  );

  it('refuses half of a surrogate pair', () => expect(() => utf8Bytes('a\ud800')).toThrow(RangeError));
});
