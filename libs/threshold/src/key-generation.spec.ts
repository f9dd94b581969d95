import { digest, toHex } from '@concordat/protocol';
import { ristretto255 } from '@noble/curves/ed25519.js';
import { sha512 } from '@noble/hashes/sha2.js';
import fc from 'fast-check';
import { makeDealing } from './dealing';
import { blsGroup, integerOf, ristrettoGroup } from './group';
import { createKeyInstance } from './instance';
import { KeyGeneration } from './key-generation';
import { interpolateAtZero } from './polynomial';
import { decryptionSecret, filled, good, instanceFor, keyOf, optionsFor, ROUNDS } from './testing/members';

const G = ristrettoGroup;
const instance = instanceFor(G, 4, 1, 2);
const dealt = (dealer: number, seed = dealer) => makeDealing(instance, dealer, filled(seed));
const secretOf = (values: readonly { index: number; value: bigint }[], order: bigint) =>
  interpolateAtZero(
    order,
    values,
    0n,
    (a, w) => (a * w) % order,
    (a, b) => (a + b) % order,
  );

describe('every committee', () => {
  const sizes = [4, 5, 6, 7, 8, 9, 10].flatMap((n) =>
    Array.from({ length: Math.floor((n - 1) / 3) + 1 }, (_, f) => ({ n, f })),
  );
  it.each(sizes)('of $n with $f faulty: any t shares make the secret, t - 1 do not', ({ n, f }) => {
    const threshold = Math.floor((n + f) / 2) + 1;
    const { key, shares } = keyOf(instanceFor(G, n, f, threshold));
    const values = shares.map((share) => ({ index: share.index, value: share.reveal() }));
    const secret = secretOf(values.slice(0, threshold), G.order);
    expect(G.equal(G.scale(G.base, secret), key.publicKey)).toBe(true);
    fc.assert(
      fc.property(fc.shuffledSubarray(values, { minLength: threshold, maxLength: threshold }), (some) => {
        expect(secretOf(some, G.order)).toBe(secret);
        expect(secretOf(some.slice(1), G.order)).not.toBe(secret);
      }),
      { numRuns: 12 },
    );
  });
});

describe('the log', () => {
  it('gives everybody the same key, and another order another transcript', () => {
    const run = (dealers: readonly number[]) => {
      const generation = new KeyGeneration(instance);
      for (const dealer of dealers) generation.onDealing(dealer, dealt(dealer));
      return generation.key();
    };
    expect(run([1, 2])).toEqual(run([1, 2, 3]));
    expect(toHex(good(run([1, 2])).transcript)).not.toBe(toHex(good(run([2, 1])).transcript));
    expect(toHex(good(run([1, 3])).transcript)).not.toBe(toHex(good(run([1, 2])).transcript));
    expect(run([1])).toBeUndefined();
  });

  it('counts a member once, and nothing after the key is fixed', () => {
    const generation = new KeyGeneration(instance);
    expect(generation.onDealing(3, dealt(3))).toEqual({ counted: 1, complete: false });
    expect(generation.onDealing(3, dealt(3, 9))).toMatchObject({ code: 'duplicate', index: 3 });
    expect(generation.onDealing(1, dealt(1))).toEqual({ counted: 2, complete: true });
    const before = generation.key();
    expect(generation.onDealing(2, dealt(2))).toMatchObject({ code: 'late', index: 2 });
    expect(generation.key()).toBe(before);
  });

  it('judges one dealing of each member, good or bad', () => {
    const generation = new KeyGeneration(instance);
    expect(generation.onDealing(1, dealt(1).slice(1))).toMatchObject({ code: 'wrong_kind' });
    expect(generation.onDealing(1, dealt(1))).toMatchObject({ code: 'duplicate', index: 1 });
    expect(generation.onDealing(5, dealt(1))).toMatchObject({ code: 'not_a_member', index: 5 });
  });

  it('refuses a dealing of another swarm, epoch, purpose, group or dealer', () => {
    const others = [{ swarm: digest('33'.repeat(32)) }, { table: digest('33'.repeat(32)) }, { purpose: 'other' }].map(
      (changes) => makeDealing(instanceFor(G, 4, 1, 2, changes), 1, filled(1)),
    );
    for (const bytes of others)
      expect(new KeyGeneration(instance).onDealing(1, bytes)).toMatchObject({ code: 'bad_proof' });
    expect(new KeyGeneration(instance).onDealing(2, dealt(1))).toMatchObject({ code: 'not_a_member', index: 2 });
    const renamed = dealt(1);
    renamed[4] = 2;
    expect(new KeyGeneration(instance).onDealing(2, renamed)).toMatchObject({ code: 'bad_proof', index: 2 });
    const bls = makeDealing(instanceFor(blsGroup, 4, 1, 3), 1, filled(1));
    expect(new KeyGeneration(instance).onDealing(1, bls)).toMatchObject({ code: 'wrong_kind' });
  });

  it('refuses every damaged byte, and never throws', () => {
    const bytes = dealt(1);
    fc.assert(
      fc.property(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 }), (at, flip) => {
        const damaged = bytes.slice();
        damaged[at] = (damaged[at] ?? 0) ^ flip;
        expect(new KeyGeneration(instance).onDealing(1, damaged)).toMatchObject({ refused: true });
      }),
      { numRuns: 25 },
    );
    expect(new KeyGeneration(instance).onDealing(1, bytes.slice(0, -1))).toMatchObject({ code: 'malformed' });
    expect(new KeyGeneration(instance).onDealing(1, new Uint8Array([...bytes, 0]))).toMatchObject({
      code: 'malformed',
    });
  });
});

/** Written from the specification with the bare curve, without this library's makers. */
describe('a forger', () => {
  const { Point } = ristretto255;
  const order = Point.Fn.ORDER;
  const times = (point: InstanceType<typeof Point>, k: bigint) =>
    k % order === 0n ? Point.ZERO : point.multiply(k % order);
  const number = (value: bigint) => new Uint8Array(Buffer.from(value.toString(16).padStart(64, '0'), 'hex'));
  const two = (value: number) => Uint8Array.of(0, value);
  const hash = (purpose: string, ...parts: Uint8Array[]) =>
    sha512(new Uint8Array(Buffer.concat([Buffer.from(`concordat/1 threshold ${purpose}\n`), ...parts])));
  type Lie = { coefficients?: bigint[]; share?: (j: number, s: bigint) => bigint; mask?: bigint; first?: Uint8Array };
  const forge = ({ coefficients = [7n, 8n], share = (_, s) => s, mask, first }: Lie): Uint8Array => {
    const keys = [1, 2, 3, 4].map((j) => times(Point.BASE, decryptionSecret(j)));
    const commitments: Uint8Array[] = coefficients.map((c) => times(Point.BASE, c).toBytes());
    if (first) commitments[0] = first;
    const rounds = Array.from({ length: ROUNDS }, (_, k) => {
      const a = 50n + BigInt(k);
      const A = times(Point.BASE, a);
      const masks = keys.map(
        (key, at) =>
          mask ??
          integerOf(hash('mask', instance.context, two(1), two(k), two(at + 1), A.toBytes(), times(key, a).toBytes())) %
            order,
      );
      return { a, A, masks };
    });
    const points = rounds.flatMap(({ A, masks }) => [A, ...masks.map((m) => times(Point.BASE, m))]);
    const challenge = hash(
      'challenge',
      instance.context,
      two(1),
      ...commitments,
      ...points.map((p) => p.toBytes()),
    ).slice(0, 16);
    const parts = rounds.flatMap(({ a, A, masks }, k) =>
      ((challenge[k >> 3]! >> (k & 7)) & 1) === 0
        ? [number(a)]
        : [
            A.toBytes(),
            ...masks.map((m, at) => {
              const x = BigInt(at + 1);
              const s = coefficients.reduceRight((sum, c) => (sum * x + c) % order, 0n);
              return number((m + share(at + 1, s)) % order);
            }),
          ],
    );
    return new Uint8Array(
      Buffer.concat([Uint8Array.of(1, 1, 2), two(1), two(commitments.length), ...commitments, challenge, ...parts]),
    );
  };
  const verdict = (bytes: Uint8Array, sender = 1) => new KeyGeneration(instance).onDealing(sender, bytes);

  it('that follows the specification is believed', () => {
    expect(verdict(forge({}))).toEqual({ counted: 1, complete: false });
  });

  it.each<{ name: string; lie: Lie; code: string }>([
    { name: 'a wrong share for one member', lie: { share: (j, s) => (j === 3 ? s + 1n : s) }, code: 'bad_proof' },
    { name: 'shares for itself only', lie: { share: (j, s) => (j === 1 ? s : 0n) }, code: 'bad_proof' },
    { name: 'masks that nobody can take off', lie: { mask: 5n }, code: 'bad_proof' },
    { name: 'masks of zero', lie: { mask: 0n }, code: 'bad_proof' },
    { name: 'a polynomial of a higher degree', lie: { coefficients: [7n, 8n, 9n] }, code: 'wrong_degree' },
    { name: 'a polynomial of a lower degree', lie: { coefficients: [7n] }, code: 'wrong_degree' },
    { name: 'a leading coefficient of zero', lie: { coefficients: [7n, 0n] }, code: 'identity_point' },
    { name: 'bytes that are no point', lie: { first: new Uint8Array(32).fill(255) }, code: 'not_a_point' },
  ])('is refused with $name', ({ lie, code }) => {
    expect(verdict(forge(lie))).toMatchObject({ refused: true, code });
  });

  it('that deals last cannot cancel what others dealt', () => {
    const generation = new KeyGeneration(instance);
    good(generation.onDealing(2, dealt(2)));
    const honest = Point.fromBytes(dealt(2).slice(7, 39));
    const rogue = times(Point.BASE, 7n).subtract(honest).toBytes();
    expect(generation.onDealing(1, forge({ first: rogue }))).toMatchObject({ code: 'bad_proof' });
  });
});

describe('an instance', () => {
  it.each([
    [4, 2, 3],
    [4, 1, 1],
    [4, 1, 4],
    [129, 1, 2],
  ])('of %i members is none with %i faulty and threshold %i', (n, f, t) => {
    expect(() => createKeyInstance(optionsFor(G, n, f, t))).toThrow(RangeError);
  });

  it('names the member whose key is the identity or is taken', () => {
    const options = optionsFor(G, 4, 1, 2);
    const withKey = (key: Uint8Array) =>
      createKeyInstance({ ...options, encryptionKeys: options.encryptionKeys.with(2, key) });
    expect(withKey(new Uint8Array(32))).toMatchObject({ code: 'identity_point', index: 3 });
    expect(withKey(options.encryptionKeys[0]!)).toMatchObject({ code: 'duplicate', index: 3 });
  });

  it('has 128 rounds, and a dealing of it holds', () => {
    const whole = good(createKeyInstance(optionsFor(G, 4, 1, 2)));
    expect(whole.rounds).toBe(128);
    expect(new KeyGeneration(whole).onDealing(1, makeDealing(whole, 1, filled(1)))).toMatchObject({ counted: 1 });
  });
});

it('refuses a share to a wrong secret, and prints none', () => {
  const generation = new KeyGeneration(instance);
  expect(generation.share(1, decryptionSecret(1))).toBeUndefined();
  good(generation.onDealing(1, dealt(1)));
  good(generation.onDealing(2, dealt(2)));
  expect(generation.share(1, decryptionSecret(2))).toMatchObject({ code: 'bad_share', index: 1 });
  expect(generation.share(0, decryptionSecret(1))).toMatchObject({ code: 'not_a_member', index: 0 });
  const share = good(generation.share(1, decryptionSecret(1)));
  expect([share.toString(), JSON.stringify(share)].join()).not.toContain(share.reveal().toString());
  expect(Object.values(share)).toEqual([1]);
});
