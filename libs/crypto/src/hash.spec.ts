import { portableHash } from '@concordat/protocol';
import * as fc from 'fast-check';
import { nativeHash } from './hash';

it('is the core’s hash, and a plain array of its own', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
      const hash = nativeHash(bytes);
      expect(hash).toEqual(portableHash(bytes));
      expect(Buffer.isBuffer(hash)).toBe(false);
      expect(hash.buffer.byteLength).toBe(32);
    }),
  );
});

it('takes its input in any number of parts of any size', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 3000 }), { maxLength: 4 }), (parts) => {
      const whole = Uint8Array.from(parts.flatMap((part) => [...part]));
      expect(nativeHash(...parts)).toEqual(portableHash(whole));
      expect(portableHash(...parts)).toEqual(portableHash(whole));
    }),
    { seed: 7, numRuns: 50 },
  );
});

it('hashes a view, not the buffer under it', () => {
  const whole = Uint8Array.from({ length: 100 }, (_, i) => i);
  expect(nativeHash(whole.subarray(10, 20))).toEqual(portableHash(whole.slice(10, 20)));
});
