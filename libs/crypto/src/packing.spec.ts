import { deflateRawSync } from 'node:zlib';
import {
  createBatch,
  decodeFrame,
  decodeTransportFrame,
  encodeMessage,
  HEADER_BYTES,
  isRejection,
  millis,
  nodeId,
  OBSERVER,
  PACKED_VERSION,
  packMessage,
  sequence,
  view,
  wireLimits,
  type Rejection,
} from '@concordat/protocol';
import * as fc from 'fast-check';
import { deflate, inflate } from './deflate';
import { nativeHash } from './hash';
import { request, TestSwarm } from './testing/swarm';
import { codeOf } from './testing/verdicts';

const swarm = new TestSwarm();
const opener = swarm.opener();
const limits = wireLimits(swarm.committee.table);
const SIGNATURE_END = HEADER_BYTES + 2 + 64;

/** A PRE-PREPARE with one wordy request. */
const wordy = (value = 'to be or not to be '.repeat(40)) => {
  const batch = createBatch(nativeHash, millis(1_700_000_000_000), [
    swarm.client.signEnvelope({ firstNonce: 1n, requests: [request(value)] }),
  ]);
  return swarm.seal(0, { kind: 'prePrepare', view: view(0), sequence: sequence(1), digest: batch.digest, batch });
};
const message = wordy();
const plain = encodeMessage(message);
const packed = packMessage(plain, limits, deflate);

/** The packed form with another announced length or another stream. */
const forged = (length: number, stream: Uint8Array, of = plain): Uint8Array => {
  const announced = new Uint8Array(4);
  new DataView(announced.buffer).setUint32(0, length);
  return Uint8Array.from([PACKED_VERSION, ...of.subarray(1, SIGNATURE_END), ...announced, ...stream]);
};
const reasonOf = (bytes: Uint8Array): string => {
  const verdict = opener.open(bytes);
  return isRejection(verdict) ? `${verdict.code}: ${verdict.reason}` : 'accepted';
};
const payloadOf = (bytes: Uint8Array): Uint8Array => bytes.subarray(SIGNATURE_END);

describe('a packed message', () => {
  it('is shorter, keeps header and signature as they are, and opens to what was signed', () => {
    expect(packed.length).toBeLessThan(plain.length / 2);
    expect(packed.subarray(1, SIGNATURE_END)).toEqual(plain.subarray(1, SIGNATURE_END));
    expect(opener.open(packed)).toEqual(message);
    expect(opener.open(packed)).toEqual(opener.open(plain));
  });

  const linear = new TestSwarm('ed25519', 4, 'linear', 'hotstuff');
  const rows = [swarm, linear].flatMap((by) =>
    by.kinds.map((kind) => ({ kind, by, engine: by.committee.table.engine })),
  );
  it.each(rows)('of kind $kind of $engine opens as the plain one does', ({ kind, by }) => {
    const original = by.messages()[kind];
    const bytes = encodeMessage(original);
    const travels = packMessage(bytes, wireLimits(by.committee.table), deflate);
    expect(travels.length).toBeLessThanOrEqual(bytes.length);
    expect(by.opener().open(travels)).toEqual(original);
  });

  it('is not made of what would not be shorter', () => {
    const vote = encodeMessage(swarm.messages().commit);
    expect(packMessage(vote, limits, deflate)).toBe(vote);
    expect(packMessage(plain, limits, (bytes) => bytes)).toBe(plain);
  });

  it('is not made of what is taken without a signature, and refused there', () => {
    for (const bytes of [
      encodeMessage(swarm.messages().epochChange),
      encodeMessage(
        swarm.seal(
          OBSERVER,
          { ...swarm.drafts().fetch.draft, kind: 'fetch', origin: nodeId('x') },
          () => new Uint8Array(64),
        ),
      ),
    ]) {
      expect(packMessage(bytes, limits, () => new Uint8Array(1))).toBe(bytes);
      const verdict = decodeTransportFrame(forged(100, deflate(new Uint8Array(100)), bytes), limits);
      expect((verdict as Rejection).reason).toContain('never packed');
    }
  });

  it('is no canonical form: what is stored or convicts is read plain', () => {
    expect(decodeFrame(packed, limits)).toMatchObject({ code: 'unsupported_version' });
  });
});

describe('bytes that only look packed', () => {
  const payload = payloadOf(plain);
  const stream = deflate(payload);
  const bomb = deflateRawSync(new Uint8Array(64 * 1024 * 1024));

  it.each([
    ['a length above the largest message', forged(limits.messageBytesMax, stream), 'oversized'],
    ['the greatest length there is', forged(0xffff_ffff, stream), 'oversized'],
    ['a length of nothing', forged(0, stream), 'malformed'],
    ['a length one too short', forged(payload.length - 1, stream), 'malformed'],
    ['a length one too long', forged(payload.length + 1, stream), 'malformed'],
    ['more than was announced: a bomb', forged(4096, bomb.subarray(0, 2048)), 'malformed'],
    ['a stream that is cut short', forged(payload.length, stream.subarray(0, -1)), 'malformed'],
    ['bytes after the stream', forged(payload.length, Uint8Array.from([...stream, 0])), 'malformed'],
    ['no stream', forged(payload.length, new Uint8Array(0)), 'malformed'],
    ['noise', forged(payload.length, nativeHash(payload)), 'malformed'],
    ['a stream that saves nothing', forged(payload.length, payload), 'malformed'],
    ['no length', plain.with(0, PACKED_VERSION).subarray(0, SIGNATURE_END + 3), 'malformed'],
    ['other content of the same length', forged(payload.length, deflate(payload.with(7, 1))), 'bad_digest'],
  ])('are refused: %s', (_, bytes, code) => {
    expect(reasonOf(bytes)).toMatch(new RegExp(`^${code}: `));
  });

  it('inflate nothing before membership, slot and signature were checked', () => {
    const bytes = forged(4096, bomb.subarray(0, 2048));
    expect(codeOf(opener.open(bytes.with(SIGNATURE_END - 1, (bytes[SIGNATURE_END - 1] ?? 0) ^ 1)))).toBe(
      'bad_signature',
    );
    expect(codeOf(opener.open(bytes.with(11, 9)))).toBe('not_a_member');
    const admit = (): Rejection => ({ rejected: true, code: 'redundant', reason: 'known' });
    expect(codeOf(swarm.opener({ admit }).open(bytes))).toBe('redundant');
  });

  it('never make more than was announced, nor throw', () => {
    expect(inflate(bomb, 1000)).toBeUndefined();
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.integer({ min: 1, max: 4096 }), (bytes, length) => {
        const inflated = inflate(bytes, length);
        expect(inflated === undefined || inflated.length === length).toBe(true);
        expect(codeOf(opener.open(forged(length, bytes)))).not.toBe('accepted');
      }),
      { numRuns: 500 },
    );
  });

  it('give back whatever was deflated, as a plain array', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 5000 }), (bytes) => {
        const inflated = inflate(deflate(bytes), bytes.length);
        expect(inflated).toEqual(bytes);
        expect(Buffer.isBuffer(inflated)).toBe(false);
      }),
    );
  });
});
