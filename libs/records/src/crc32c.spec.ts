import fc from 'fast-check';
import { crc32c } from './crc32c';

const ascii = (text: string): Uint8Array => Uint8Array.from(text, (character) => character.charCodeAt(0));

/** One bit at a time, straight from the definition. */
function reference(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc & 1) === 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1;
  }
  return ~crc >>> 0;
}

/** The check value of the catalogue, and RFC 3720 appendix B.4. */
const rows = [
  { name: 'nothing', bytes: new Uint8Array(0), crc: 0x00000000 },
  { name: '123456789', bytes: ascii('123456789'), crc: 0xe3069283 },
  { name: '32 zeros', bytes: new Uint8Array(32), crc: 0x8a9136aa },
  { name: '32 ones', bytes: new Uint8Array(32).fill(0xff), crc: 0x62a8ab43 },
  { name: '32 ascending', bytes: Uint8Array.from({ length: 32 }, (_, i) => i), crc: 0x46dd794e },
  { name: '32 descending', bytes: Uint8Array.from({ length: 32 }, (_, i) => 31 - i), crc: 0x113fdb5c },
];

describe('crc32c', () => {
  it.each(rows)('of $name', ({ bytes, crc }) => expect(crc32c(bytes)).toBe(crc));

  it('is what the definition says, in whatever pieces', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 70 }), fc.nat(70), (bytes, cut) => {
        const at = Math.min(cut, bytes.length);
        expect(crc32c(bytes)).toBe(reference(bytes));
        expect(crc32c(bytes, at, bytes.length, crc32c(bytes, 0, at))).toBe(reference(bytes));
      }),
    );
  });
});
