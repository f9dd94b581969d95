import { createHash } from 'node:crypto';
import * as fc from 'fast-check';
import { asciiBytes, concatBytes, toHex } from './bytes';
import {
  digestBytes,
  digestOfBytes,
  NULL_DIGEST,
  portableHash,
  purposeDigest,
  purposeHash,
  ZERO_DIGEST,
  type HashPurpose,
} from './hash';
import { digest } from './ids';

fc.configureGlobal({ seed: 3, numRuns: 200 });

const PURPOSES: readonly HashPurpose[] = [
  'epoch-table',
  'genesis',
  'null-batch',
  'payload',
  'envelope',
  'envelope-body',
  'client',
  'outcomes',
  'history',
  'member-key',
  'state',
  'checkpoint',
  'block',
  'root-block',
  'evidence',
];

const sha256 = (...parts: (string | Uint8Array)[]): string => {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest('hex');
};

it('is SHA-256', () => {
  expect(toHex(portableHash(asciiBytes('abc')))).toBe(
    'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
  );
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => expect(toHex(portableHash(bytes))).toBe(sha256(bytes))),
  );
});

it.each(PURPOSES)('puts its purpose in front: %s', (purpose) => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 20 }), { maxLength: 4 }), (parts) => {
      const expected = sha256(`concordat/1 ${purpose}\n`, ...parts);
      expect(purposeDigest(portableHash, purpose, ...parts)).toBe(expected);
      expect(toHex(purposeHash(portableHash, purpose, concatBytes(...parts)))).toBe(expected);
    }),
    { numRuns: 20 },
  );
});

it('hashes nothing for two purposes alike: no prefix begins another', () => {
  const prefixes = PURPOSES.map((purpose) => `concordat/1 ${purpose}\n`);
  for (const a of prefixes) for (const b of prefixes) expect(a !== b && a.startsWith(b)).toBe(false);
});

it('names the null batch and the absent digest', () => {
  expect(NULL_DIGEST).toBe(sha256('concordat/1 null-batch\n'));
  expect(NULL_DIGEST).toBe('99b40e40ecb831be43f9bfa15d34cde400262ad4f0c1d9579b465e8a1d405f7c');
  expect(ZERO_DIGEST).toBe(digest('00'.repeat(32)));
});

it('turns digests into bytes and back', () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 32, maxLength: 32 }), (bytes) => {
      const text = digestOfBytes(bytes);
      expect(digest(text)).toBe(text);
      expect(toHex(digestBytes(text))).toBe(toHex(bytes));
    }),
  );
  expect(() => digestOfBytes(new Uint8Array(31))).toThrow(RangeError);
  expect(() => digestOfBytes(new Uint8Array(33))).toThrow(RangeError);
});
