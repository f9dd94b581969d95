import * as fc from 'fast-check';
import { concatBytes, toHex } from './bytes';
import {
  createBatch,
  decodeBatch,
  encodeBatch,
  proveEnvelope,
  requestCount,
  verifyEnvelopeInBatch,
  type Batch,
} from './batch';
import { digestBytes, portableHash } from './hash';
import { millis } from './ids';
import type { Envelope } from './request';
import { someBatch } from './testing/samples';
import { createSwarm, someDigest, someRequest } from './testing/swarm';
import { LayoutError, Writer } from './wire';

fc.configureGlobal({ seed: 9, numRuns: 60 });

const swarm = createSwarm();
const LIMITS = { requestsMax: 40, envelopeBytesMax: 4000, batchBytesMax: 20_000 };
const decode = (bytes: Uint8Array, limits = LIMITS): Batch => decodeBatch(portableHash, bytes, limits);

const envelopeOf = (requests: number, firstNonce: number): Envelope =>
  swarm.gatewayEnvelope(
    firstNonce % 4,
    BigInt(firstNonce),
    Array.from({ length: requests }, (_, i) => someRequest(`${String(firstNonce)} ${String(i)}`)),
  );
const batchOf = (...sizes: number[]): Batch =>
  createBatch(
    portableHash,
    millis(1_800_000_000_000),
    sizes.map((size, i) => envelopeOf(size, 100 * i)),
  );
const anySizes = fc.array(fc.integer({ min: 1, max: 3 }), { minLength: 1, maxLength: 12 });

it('reads what was built', () => {
  fc.assert(
    fc.property(anySizes, (sizes) => {
      const batch = batchOf(...sizes);
      expect(decode(encodeBatch(batch))).toEqual(batch);
      expect(requestCount(batch)).toBe(sizes.reduce((sum, size) => sum + size, 0));
    }),
  );
});

it('is laid out as the specification says', () => {
  const envelope = envelopeOf(1, 0);
  const batch = createBatch(portableHash, millis(0x0102), [envelope]);
  const length = envelope.bytes.length.toString(16).padStart(8, '0');
  expect(toHex(encodeBatch(batch))).toBe(`0100000000000001020001${length}${toHex(envelope.bytes)}`);
});

it('has a digest over time, count and envelope ids', () => {
  const [a, b] = [envelopeOf(1, 0), envelopeOf(2, 100)];
  const leaf = (bytes: Uint8Array): Uint8Array => portableHash(concatBytes(Uint8Array.of(0), bytes));
  const node = (left: Uint8Array, right: Uint8Array): Uint8Array =>
    portableHash(concatBytes(Uint8Array.of(1), left, right));
  const head = leaf(new Writer().u64(5).u16(2).bytes());
  const expected = node(node(head, leaf(digestBytes(a.id))), leaf(digestBytes(b.id)));
  expect(createBatch(portableHash, millis(5), [a, b]).digest).toBe(toHex(expected));
  const digests = [
    createBatch(portableHash, millis(5), [a, b]),
    createBatch(portableHash, millis(6), [a, b]),
    createBatch(portableHash, millis(5), [b, a]),
    createBatch(portableHash, millis(5), [a]),
    createBatch(portableHash, millis(5), [a, a]),
    createBatch(portableHash, millis(5), [a, { ...b, id: someDigest('other signature') }]),
  ].map((batch) => batch.digest);
  expect(new Set(digests).size).toBe(digests.length);
});

describe('bytes that are no batch', () => {
  const batch = batchOf(1, 2);
  const bytes = encodeBatch(batch);

  it('at every length that is too short, and with a byte too many', () => {
    for (let length = 0; length < bytes.length; length++)
      expect(() => decode(bytes.subarray(0, length))).toThrow(LayoutError);
    expect(() => decode(Uint8Array.of(...bytes, 0))).toThrow(LayoutError);
  });

  it('whatever single byte changes: refused, or another batch with those very bytes and another digest', () => {
    for (let at = 0; at < bytes.length; at++) {
      const changed = bytes.with(at, bytes[at]! ^ 0x41);
      let read: Batch;
      try {
        read = decode(changed);
      } catch (error) {
        expect(error).toBeInstanceOf(LayoutError);
        continue;
      }
      expect(read.digest).not.toBe(batch.digest);
      expect(encodeBatch(createBatch(portableHash, read.time, read.envelopes))).toEqual(changed);
    }
  });

  const header = (count: number, layout = 1): Writer => new Writer().u8(layout).u64(5).u16(count);
  const rows: [name: string, bytes: Uint8Array, limits: Partial<typeof LIMITS>][] = [
    ['another layout', header(1, 2).long(envelopeOf(1, 0).bytes).bytes(), {}],
    ['no envelope', header(0).bytes(), {}],
    ['an envelope too few', header(2).long(envelopeOf(1, 0).bytes).bytes(), {}],
    [
      'an envelope with a byte too many',
      header(1)
        .long(Uint8Array.of(...envelopeOf(1, 0).bytes, 0))
        .bytes(),
      {},
    ],
    [
      'a count of 65535 with 3 bytes left',
      header(0xffff)
        .raw(Uint8Array.of(1, 2, 3))
        .bytes(),
      { requestsMax: 0xffff },
    ],
    ['an envelope of 4 GiB', header(1).u32(0xffff_ffff).raw(new Uint8Array(9)).bytes(), {}],
    ['more bytes than the epoch allows', bytes, { batchBytesMax: bytes.length - 1 }],
    ['a larger envelope than the epoch allows', bytes, { envelopeBytesMax: batch.envelopes[1]!.bytes.length - 1 }],
    ['more requests than the epoch allows', bytes, { requestsMax: 2 }],
    ['more envelopes than the epoch allows', encodeBatch(batchOf(1, 1, 1)), { requestsMax: 2 }],
  ];
  it.each(rows)('%s', (_, wrong, limits) => expect(() => decode(wrong, { ...LIMITS, ...limits })).toThrow(LayoutError));

  it('but reads it at the bounds', () => {
    const exact = {
      requestsMax: 3,
      batchBytesMax: bytes.length,
      envelopeBytesMax: batch.envelopes[1]!.bytes.length,
    };
    expect(decode(bytes, exact)).toEqual(batch);
  });

  it('anything else: a LayoutError, never another', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), fc.nat(bytes.length), (junk, cut) => {
        const any = Uint8Array.of(...bytes.subarray(0, cut), ...junk);
        try {
          expect(encodeBatch(decode(any))).toEqual(any);
        } catch (error) {
          expect(error).toBeInstanceOf(LayoutError);
        }
      }),
      { numRuns: 1000 },
    );
  });
});

describe('proofs', () => {
  it('hold for every envelope, at its own place only', () => {
    fc.assert(
      fc.property(anySizes, fc.nat(), (sizes, place) => {
        const batch = batchOf(...sizes);
        const index = place % sizes.length;
        const proof = proveEnvelope(portableHash, batch, index);
        const { id } = batch.envelopes[index]!;
        const holds = (change: Partial<typeof proof>, envelope = id, digest = batch.digest): boolean =>
          verifyEnvelopeInBatch(portableHash, envelope, { ...proof, ...change }, digest);
        expect(proof).toMatchObject({ count: sizes.length, index });
        expect(holds({})).toBe(true);
        expect(holds({ index: index + 1 })).toBe(false);
        expect(holds({ index: index - 1 })).toBe(false);
        expect(holds({ path: proof.path.slice(1) })).toBe(false);
        expect(holds({}, someDigest('other'))).toBe(false);
        expect(holds({}, id, someDigest('other'))).toBe(false);
      }),
    );
  });

  it('cannot show the header as an envelope, nor be for an envelope outside', () => {
    const batch = someBatch(swarm);
    const [first] = batch.envelopes;
    const proof = proveEnvelope(portableHash, batch, 0);
    for (const index of [-1, 2, 3, 0.5, Number.NaN])
      expect(verifyEnvelopeInBatch(portableHash, first!.id, { ...proof, index }, batch.digest)).toBe(false);
    for (const index of [-1, 2]) expect(() => proveEnvelope(portableHash, batch, index)).toThrow(RangeError);
  });
});

it('takes envelopes that are known instead of reading them again', () => {
  const batch = batchOf(1, 2, 1);
  const [first] = batch.envelopes;
  const read = decodeBatch(portableHash, encodeBatch(batch), LIMITS, (id) => (id === first!.id ? first : undefined));
  expect(read).toEqual(batch);
  expect(read.envelopes[0]).toBe(first);
  expect(read.envelopes[1]).not.toBe(batch.envelopes[1]);
});
