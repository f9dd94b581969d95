import {
  asciiBytes,
  createBatch,
  digest,
  encodeEnvelopeBody,
  LayoutError,
  memberIndex,
  millis,
  nodeId,
  NULL_DIGEST,
  portableHash,
  sealEnvelope,
  sequence,
  view,
  type Batch,
  type Envelope,
  type EnvelopeBody,
} from '@concordat/protocol';
import fc from 'fast-check';
import { decodeDecision, DURATION_UNKNOWN, encodeDecision, type DecisionRecord } from './decision-record';

// Thousands of cases: generous, for machines that do other things as well.
jest.setTimeout(120_000);

function envelope(firstNonce: bigint, requests: number): Envelope {
  const body: EnvelopeBody = {
    signer: { kind: 'gateway', nodeId: nodeId('node-1'), acceptedView: view(2) },
    firstNonce,
    requests: Array.from({ length: requests }, (_, i) => ({
      value: asciiBytes(`{"n":${String(i)}}`),
      category: 'general',
      priority: 'normal',
      proposer: '',
      metadata: new Uint8Array(0),
      expiresAt: millis(99),
    })),
  };
  return sealEnvelope(portableHash, body, encodeEnvelopeBody(body), new Uint8Array(64).fill(5));
}

function decision(batch: Batch | undefined, overrides: Partial<DecisionRecord> = {}): DecisionRecord {
  return {
    sequence: sequence(7),
    view: view(2),
    logTime: millis(1234),
    batch,
    certificate: {
      view: view(2),
      sequence: sequence(7),
      digest: batch?.digest ?? NULL_DIGEST,
      signatures: [0, 2, 3].map((i) => ({ sender: memberIndex(i), signature: new Uint8Array(64).fill(i) })),
    },
    outcomes: new Uint8Array(batch?.envelopes.reduce((sum, { requests }) => sum + requests.length, 0) ?? 0),
    durationsMs: batch?.envelopes.map(() => DURATION_UNKNOWN) ?? [],
    ...overrides,
  };
}

const BATCH = createBatch(portableHash, millis(1200), [envelope(1n, 2), envelope(9n, 1)]);

describe('a decision record', () => {
  it('comes back as it was written', () => {
    const shape = fc.record({
      sizes: fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 4 }),
      outcome: fc.nat(4),
      duration: fc.nat(DURATION_UNKNOWN),
    });
    fc.assert(
      fc.property(shape, ({ sizes, outcome, duration }) => {
        const batch = createBatch(
          portableHash,
          millis(5),
          sizes.map((size, i) => envelope(BigInt(i * 10), size)),
        );
        const whole = decision(batch);
        const written = decision(batch, {
          outcomes: whole.outcomes.fill(outcome),
          durationsMs: sizes.map(() => duration),
        });
        expect(decodeDecision(portableHash, encodeDecision(written))).toEqual(written);
      }),
      { numRuns: 30 },
    );
  });

  describe('with a chain of blocks', () => {
    const chained = (above: number): DecisionRecord => {
      const whole = decision(BATCH);
      const chain = {
        parent: { view: view(1), digest: digest('ab'.repeat(32)) },
        above: Array.from({ length: above }, (_, i) => ({
          view: view(3 + i),
          batch: i % 2 === 0 ? NULL_DIGEST : BATCH.digest,
        })),
      };
      return { ...whole, certificate: { ...whole.certificate, chain } };
    };

    it.each([2, 3, 2048])('comes back as it was written, with %s blocks above', (above) => {
      const written = chained(above);
      const bytes = encodeDecision(written);
      expect(bytes[0]).toBe(2);
      expect(decodeDecision(portableHash, bytes)).toEqual(written);
    });

    it('has a layout of its own, and one without keeps the first', () => {
      const [plain, withChain] = [encodeDecision(decision(BATCH)), encodeDecision(chained(2))];
      expect(plain[0]).toBe(1);
      expect(withChain.length - plain.length).toBe(8 + 32 + 2 + 2 * 40);
      for (const bytes of [plain.with(0, 2), withChain.with(0, 1), plain.with(0, 0), plain.with(0, 3)])
        expect(() => decodeDecision(portableHash, bytes)).toThrow(LayoutError);
    });

    it('is refused with a LayoutError at every other length, and with trailing bytes', () => {
      const bytes = encodeDecision(chained(3));
      for (let length = 0; length < bytes.length; length++)
        expect(() => decodeDecision(portableHash, bytes.subarray(0, length))).toThrow(LayoutError);
      expect(() => decodeDecision(portableHash, Uint8Array.of(...bytes, 0))).toThrow(LayoutError);
    });

    it('is read as it was written, or refused, whatever single byte changes', () => {
      const bytes = encodeDecision(chained(3));
      for (let at = 0; at < bytes.length; at++) {
        const damaged = bytes.with(at, bytes[at]! ^ 0x81);
        let read: DecisionRecord;
        try {
          read = decodeDecision(portableHash, damaged);
        } catch (error) {
          expect(error).toBeInstanceOf(LayoutError);
          continue;
        }
        expect(encodeDecision(read)).toEqual(damaged);
      }
    });
  });

  it('holds the null batch', () => {
    const written = decision(undefined);
    expect(decodeDecision(portableHash, encodeDecision(written))).toEqual(written);
  });

  it.each([
    { name: 'outcomes for other requests', record: decision(BATCH, { outcomes: new Uint8Array(2) }) },
    { name: 'an unknown outcome', record: decision(BATCH, { outcomes: Uint8Array.of(0, 0, 5) }) },
    { name: 'durations for other envelopes', record: decision(BATCH, { durationsMs: [1] }) },
    { name: 'a certificate for another sequence', record: decision(BATCH, { sequence: sequence(8) }) },
    {
      name: 'a certificate for another batch',
      record: decision(BATCH, { certificate: { ...decision(BATCH).certificate, digest: digest('ab'.repeat(32)) } }),
    },
    {
      name: 'no batch where one is certified',
      record: decision(BATCH, { batch: undefined, outcomes: new Uint8Array(0), durationsMs: [] }),
    },
  ])('is not written with $name', ({ record }) => expect(() => encodeDecision(record)).toThrow(RangeError));

  it('is refused with a LayoutError at every other length, and with trailing bytes', () => {
    const bytes = encodeDecision(decision(BATCH));
    for (let length = 0; length < bytes.length; length++) {
      expect(() => decodeDecision(portableHash, bytes.subarray(0, length))).toThrow(LayoutError);
    }
    expect(() => decodeDecision(portableHash, Uint8Array.of(...bytes, 0))).toThrow(LayoutError);
  });

  it('is refused with a LayoutError, or reads as another sound record, whatever single byte changes', () => {
    const bytes = encodeDecision(decision(BATCH));
    for (let at = 0; at < bytes.length; at++) {
      const damaged = bytes.slice();
      damaged[at]! ^= 0x81;
      let read: DecisionRecord | undefined;
      try {
        read = decodeDecision(portableHash, damaged);
      } catch (error) {
        expect(error).toBeInstanceOf(LayoutError);
      }
      if (read !== undefined) expect(encodeDecision(read)).toEqual(damaged);
    }
  });
});
