import { createBatch, portableHash, type Millis, type Sequence } from '@concordat/protocol';
import { batchOf, envelopeOf, testCommittee, testLedger, type EnvelopeOptions } from './testing/driver';
import { isExecuted, type Ledger } from './ledger';

const committee = testCommittee(4, { clientsMax: 3, nonceWindow: 64, requestLifetimeMaxMs: 60_000 });
const newLedger = (): Ledger => testLedger(committee);
const batchAt = (time: number, ...envelopes: readonly [string, EnvelopeOptions?][]) =>
  createBatch(
    portableHash,
    time as Millis,
    envelopes.map(([name, options]) => envelopeOf(name, options)),
  );

/** Executes batches one after the other and gives their outcomes. */
function outcomes(ledger: Ledger, ...batches: (ReturnType<typeof batchAt> | undefined)[]): number[][] {
  return batches.map((batch) => [...ledger.execute((ledger.executed + 1) as Sequence, batch).outcomes]);
}

describe('execution', () => {
  it.each([
    ['a fresh request is decided', [batchAt(1000, ['A'])], [[0]]],
    [
      'the same nonce again is a duplicate, whatever its content',
      [batchAt(1000, ['A']), batchAt(1000, ['A', { text: 'other' }])],
      [[0], [1]],
    ],
    [
      'an envelope partly executed before is decided for the rest',
      [batchAt(1000, ['A']), batchAt(1000, ['A', { count: 3 }])],
      [[0], [1, 0, 0]],
    ],
    ['a request past its deadline in log time is expired', [batchAt(2000, ['A', { expiresAt: 1999 }])], [[2]]],
    ['a deadline is met at its very millisecond', [batchAt(2000, ['A', { expiresAt: 2000 }])], [[0]]],
    [
      'an expired nonce may be used again',
      [batchAt(2000, ['A', { expiresAt: 1999 }]), batchAt(2000, ['A'])],
      [[2], [0]],
    ],
    ['a deadline further ahead than allowed is refused', [batchAt(1000, ['A', { expiresAt: 61_001 }])], [[3]]],
    [
      'a nonce below the window is refused',
      [batchAt(1000, ['A', { nonce: 100n }]), batchAt(1000, ['A', { nonce: 36n }])],
      [[0], [3]],
    ],
    [
      'a nonce inside the window is decided out of order',
      [batchAt(1000, ['A', { nonce: 100n }]), batchAt(1000, ['A', { nonce: 37n }])],
      [[0], [0]],
    ],
    ['a client beyond the cap is refused', [batchAt(1000, ['A'], ['B'], ['C'], ['D'])], [[0, 0, 0, 3]]],
    ['the null batch has no outcomes', [undefined], [[]]],
  ])('%s', (_, batches, expected) => {
    expect(outcomes(newLedger(), ...batches)).toEqual(expected);
  });

  it('never lets log time go back', () => {
    const ledger = newLedger();
    outcomes(ledger, batchAt(5000, ['A']), batchAt(4000, ['B']));
    expect(ledger.logTime).toBe(5000);
  });

  it('takes the next sequence only', () => {
    expect(() => newLedger().execute(2 as Sequence, undefined)).toThrow('sequence 2 is executed after 0');
  });

  it('chains what was executed: order, content, outcome and time all matter', () => {
    const heads = [
      [batchAt(1000, ['A']), batchAt(1000, ['B'])],
      [batchAt(1000, ['B']), batchAt(1000, ['A'])],
      [batchAt(1000, ['A']), undefined],
      [batchAt(1001, ['A']), batchAt(1000, ['B'])],
    ].map((batches) => {
      const ledger = newLedger();
      outcomes(ledger, ...batches);
      return ledger.headDigest;
    });
    expect(new Set(heads).size).toBe(4);
  });
});

describe('state', () => {
  it('is the same after a restart, bit for bit', () => {
    const ledger = newLedger();
    outcomes(ledger, batchAt(1000, ['A', { nonce: 70n, count: 3 }], ['B']), batchAt(2000, ['A', { nonce: 10n }]));
    const copy = newLedger();
    copy.restore(ledger.encode());
    expect(copy.encode()).toEqual(ledger.encode());
    expect(copy.checkpoint().content).toEqual(ledger.checkpoint().content);
    expect(
      [copy, ledger].map((each) => outcomes(each, batchAt(2000, ['A', { nonce: 72n }], ['A', { nonce: 9n }]))[0]),
    ).toEqual([
      [1, 0],
      [1, 0],
    ]);
  });

  it('has one digest whatever order its clients came in', () => {
    const one = newLedger();
    const two = newLedger();
    outcomes(one, batchAt(1000, ['A'], ['B']));
    outcomes(two, batchAt(1000, ['B'], ['A']));
    // The chain over history differs, so only the tables are compared.
    expect(one.encode().subarray(97)).toEqual(two.encode().subarray(97));
    expect(one.checkpoint().content.stateDigest).not.toBe(two.checkpoint().content.stateDigest);
  });

  it('is what a restart finds after each checkpoint, while clients come and go', () => {
    const ledger = newLedger();
    const later = (time: number): EnvelopeOptions => ({ expiresAt: time + 1000 });
    for (const [time, name] of [
      [1_000, 'C'],
      [2_000, 'B'],
      [200_000, 'A'],
    ] as const) {
      outcomes(ledger, batchAt(time, [name, later(time)]));
      const { content, tree } = ledger.checkpoint();
      const again = newLedger();
      again.restore(tree.state);
      expect(again.checkpoint().content).toEqual(content);
    }
  });

  it('forgets a client at a checkpoint once nothing that it signed can be executed any more, and stays closed to replays', () => {
    const ledger = newLedger();
    outcomes(
      ledger,
      batchAt(1000, ['A', { expiresAt: 2000 }], ['B', { expiresAt: 50_000 }], ['C', { expiresAt: 50_000 }]),
    );
    // Remembered for a lifetime and the clock bound after its execution: 1000 + 60 000 + 10 000.
    outcomes(ledger, batchAt(71_000, ['B', { nonce: 2n, expiresAt: 90_000 }]));
    ledger.checkpoint();
    expect(ledger.hasRoomFor('c:new')).toBe(false);
    outcomes(ledger, batchAt(71_001, ['B', { nonce: 3n, expiresAt: 90_000 }]));
    ledger.checkpoint();
    expect(ledger.hasRoomFor('c:new')).toBe(true);
    expect(
      outcomes(ledger, batchAt(71_001, ['A', { expiresAt: 2000 }], ['B', { nonce: 3n, expiresAt: 90_000 }])),
    ).toEqual([[2, 1]]);
  });

  it('knows an envelope of which nothing can be decided any more', () => {
    const ledger = newLedger();
    outcomes(ledger, batchAt(1000, ['A']));
    expect(isExecuted(ledger, envelopeOf('A'))).toBe(true);
    expect(isExecuted(ledger, envelopeOf('A', { count: 2 }))).toBe(false);
    expect(isExecuted(ledger, envelopeOf('B'))).toBe(false);
  });
});

describe('a batch of the tests', () => {
  it('is the same each time', () => {
    expect(batchOf('A').digest).toBe(batchOf('A').digest);
  });
});
