import type { VoteSignature } from '@concordat/protocol';
import * as fc from 'fast-check';
import {
  bigEndian,
  encodeG2,
  flipped,
  member,
  nobleVerifies,
  privateKeyOf,
  scalarOf,
  signWith,
  strayG2,
  text,
  vote,
} from '../testing/bls';
import { loadBlsCommittee, type BlsAggregate, type BlsCommittee } from './committee';
import { BLS_REFUSAL_CODES, isBlsRefusal, type BlsRefusal } from './refusal';
import { createBlsSigner, type BlsSigner } from './signer';

const MESSAGE = text('decide 7');
const OTHER = text('decide 8');

const signers: readonly BlsSigner[] = Array.from({ length: 40 }, (_, who) => createBlsSigner(privateKeyOf(who)));
const partials = signers.map((signer, who) => vote(who, signer.sign(MESSAGE)));

function committeeOf(n: number): BlsCommittee {
  const members = signers.slice(0, n);
  const loaded = loadBlsCommittee(
    members.map((signer) => ({ publicKey: signer.publicKey, possession: signer.provePossession() })),
  );
  return held(loaded);
}

function held<T>(value: T | BlsRefusal): T {
  if (isBlsRefusal(value)) throw new Error(value.reason);
  return value;
}

const forty = committeeOf(40);
const ten = committeeOf(10);
const pick = (...members: readonly number[]): VoteSignature[] => members.map((index) => partials[index]!);
const codeOf = (verdict: unknown): string => (isBlsRefusal(verdict) ? verdict.code : 'accepted');

describe('an aggregate', () => {
  const aggregate = held(ten.aggregate(pick(9, 0, 3)));

  it('has a canonical set of signers and their sum, whatever their order', () => {
    expect(aggregate.signers).toEqual(Uint8Array.of(0b0000_1001, 0b0000_0010));
    const sum = [0, 3, 9].map((who) => signWith(scalarOf(who), MESSAGE)).reduce((a, b) => a.add(b));
    expect(aggregate.signature).toEqual(encodeG2(sum));
    expect(held(ten.aggregate(pick(0, 3, 9)))).toEqual(aggregate);
  });

  it('holds here and at @noble/curves', () => {
    expect(ten.verifyAggregate(MESSAGE, aggregate)).toEqual([0, 3, 9]);
    expect(
      nobleVerifies(
        aggregate.signature,
        MESSAGE,
        [0, 3, 9].map((who) => member(who).publicKey),
      ),
    ).toBe(true);
  });

  it('that @noble/curves made holds here', () => {
    const sum = [1, 2].map((who) => signWith(scalarOf(who), OTHER)).reduce((a, b) => a.add(b));
    expect(ten.verifyAggregate(OTHER, { signers: Uint8Array.of(0b110), signature: encodeG2(sum) })).toEqual([1, 2]);
  });

  it('of one is that one signature', () => {
    const alone = held(ten.aggregate(pick(4)));
    expect(alone).toEqual({ signers: Uint8Array.of(0b1_0000), signature: partials[4]!.signature });
    expect(ten.verifyAggregate(MESSAGE, alone)).toEqual([4]);
  });

  const rows: readonly { name: string; changed: Partial<BlsAggregate>; code: string; message?: Uint8Array }[] = [
    { name: 'nobody', changed: { signers: new Uint8Array() }, code: 'no_signers' },
    { name: 'an empty byte for nobody', changed: { signers: Uint8Array.of(0) }, code: 'bad_bitmap' },
    { name: 'an empty byte behind', changed: { signers: Uint8Array.of(9, 2, 0) }, code: 'bad_bitmap' },
    { name: 'a surplus bit', changed: { signers: Uint8Array.of(9, 0b0000_0110) }, code: 'not_a_member' },
    { name: 'a surplus byte', changed: { signers: Uint8Array.of(9, 2, 1) }, code: 'not_a_member' },
    { name: 'a very long set', changed: { signers: new Uint8Array(1 << 20).fill(1) }, code: 'not_a_member' },
    { name: 'one signer too many', changed: { signers: Uint8Array.of(0b1101, 2) }, code: 'bad_signature' },
    { name: 'one signer too few', changed: { signers: Uint8Array.of(0b0001, 2) }, code: 'bad_signature' },
    { name: 'another signer', changed: { signers: Uint8Array.of(0b0011, 2) }, code: 'bad_signature' },
    { name: 'another message', changed: {}, message: OTHER, code: 'bad_signature' },
    { name: 'the empty message', changed: {}, message: new Uint8Array(), code: 'bad_signature' },
    { name: 'the signature of one', changed: { signature: partials[0]!.signature }, code: 'bad_signature' },
  ];
  it.each(rows)('with $name: $code', ({ changed, message, code }) => {
    expect(codeOf(ten.verifyAggregate(message ?? MESSAGE, { ...aggregate, ...changed }))).toBe(code);
  });

  it('names the first place outside the committee', () => {
    expect(ten.verifyAggregate(MESSAGE, { ...aggregate, signers: Uint8Array.of(9, 0b110) })).toMatchObject({
      member: 10,
    });
    expect(ten.verifyAggregate(MESSAGE, { ...aggregate, signers: Uint8Array.of(9, 2, 1) })).toMatchObject({
      member: 16,
    });
  });

  it('with any other bit of its signers, its signature or its message is refused', () => {
    for (let bit = 0; bit < 16; bit++) {
      const signers = flipped(aggregate.signers, bit);
      expect(codeOf(ten.verifyAggregate(MESSAGE, { ...aggregate, signers }))).not.toBe('accepted');
    }
    for (let bit = 0; bit < 768; bit++) {
      const signature = flipped(aggregate.signature, bit);
      expect(codeOf(ten.verifyAggregate(MESSAGE, { ...aggregate, signature }))).not.toBe('accepted');
    }
    for (let bit = 0; bit < 8 * MESSAGE.length; bit++) {
      expect(codeOf(ten.verifyAggregate(flipped(MESSAGE, bit), aggregate))).toBe('bad_signature');
    }
  });
});

describe('signatures to add up', () => {
  const rows = [
    { name: 'none', votes: [], code: 'no_signers' },
    { name: 'a signer twice', votes: pick(1, 2, 1), code: 'signer_twice' },
    { name: 'a signer twice, first unreadable', votes: [vote(1, new Uint8Array(96)), ...pick(1)], code: 'malformed' },
    { name: 'a signer who is no member', votes: pick(1, 10), code: 'not_a_member' },
    { name: 'a negative place', votes: [vote(-1, partials[0]!.signature)], code: 'not_a_member' },
    { name: 'a place that is no integer', votes: [vote(0.5, partials[0]!.signature)], code: 'not_a_member' },
    { name: 'no point', votes: [...pick(1), vote(2, bigEndian(1n | (1n << 767n), 96))], code: 'not_on_curve' },
  ];
  it.each(rows)('$name: $code', ({ votes, code }) => {
    expect(codeOf(ten.aggregate(votes))).toBe(code);
  });

  it.each([
    { name: 'a stray point', bytes: encodeG2(strayG2()), sum: 'outside_subgroup', alone: 'outside_subgroup' },
    {
      name: 'the identity',
      bytes: Uint8Array.of(0xc0, ...new Uint8Array(95)),
      sum: 'bad_signature',
      alone: 'identity_point',
    },
    { name: "another's", bytes: partials[5]!.signature, sum: 'bad_signature', alone: 'bad_signature' },
  ])('$name spoils the sum, and is found', ({ bytes, sum, alone }) => {
    const votes = [...pick(1), vote(2, bytes), ...pick(3)];
    expect(codeOf(ten.verifyAggregate(MESSAGE, held(ten.aggregate(votes))))).toBe(sum);
    expect(ten.findBad(MESSAGE, votes)).toMatchObject([{ code: alone, member: 2 }]);
  });

  it('are each checked alone, too', () => {
    expect(ten.verify(MESSAGE, partials[3]!)).toBeUndefined();
    expect(ten.verify(MESSAGE, vote(4, partials[3]!.signature))).toMatchObject({ code: 'bad_signature', member: 4 });
    expect(ten.verify(MESSAGE, partials[10]!)).toMatchObject({ code: 'not_a_member', member: 10 });
  });
});

/** Distinct members, at least one. */
const subset = fc.uniqueArray(fc.integer({ min: 0, max: 39 }), { minLength: 1, maxLength: 40 });
const ascending = (members: readonly number[]): number[] => [...members].sort((a, b) => a - b);

it('any subset of 40 aggregates and holds; no other subset holds with its signature', () => {
  fc.assert(
    fc.property(subset, subset, (members, others) => {
      const right = held(forty.aggregate(pick(...members)));
      expect(forty.verifyAggregate(MESSAGE, right)).toEqual(ascending(members));
      const { signers } = held(forty.aggregate(pick(...others)));
      const same = ascending(members).join() === ascending(others).join();
      expect(codeOf(forty.verifyAggregate(MESSAGE, { ...right, signers }))).toBe(same ? 'accepted' : 'bad_signature');
    }),
    // Numbers with equal sums: keys in an arithmetic row would stand for one another.
    {
      numRuns: 60,
      examples: [
        [
          [5, 13, 21],
          [13, 26, 0],
        ],
      ],
    },
  );
});

describe('findBad', () => {
  const wrong = signers.map((signer, who) => vote(who, signer.sign(OTHER)));

  it('names exactly those whose signature does not hold, and what is left holds', () => {
    fc.assert(
      fc.property(subset, subset, (members, liars) => {
        const votes = members.map((who) => (liars.includes(who) ? wrong[who]! : partials[who]!));
        const bad = forty.findBad(MESSAGE, votes);
        const named = bad.map((refusal) => refusal.member);
        expect(named).toEqual(members.filter((who) => liars.includes(who)));
        expect(bad.every(({ code, part }) => code === 'bad_signature' && part === 'signature')).toBe(true);
        const left = votes.filter(({ sender }) => !named.includes(sender));
        if (left.length > 0) {
          const signed = ascending(left.map(({ sender }) => sender));
          expect(forty.verifyAggregate(MESSAGE, held(forty.aggregate(left)))).toEqual(signed);
        }
      }),
      { numRuns: 20 },
    );
  });

  it('has nobody to name where all signed, or nobody', () => {
    expect(forty.findBad(MESSAGE, partials)).toEqual([]);
    expect(forty.findBad(MESSAGE, [])).toEqual([]);
  });

  it('gives each its own reason, and counts the first signature in a name', () => {
    const votes = [
      ...pick(0),
      vote(1, new Uint8Array(96)),
      vote(2, encodeG2(strayG2())),
      vote(3, wrong[3]!.signature),
      vote(0, wrong[0]!.signature),
      ...pick(11),
      ...pick(1),
    ];
    const found = ten.findBad(MESSAGE, votes).map(({ code, member }) => `${String(member)} ${code}`);
    expect(found).toEqual([
      '1 malformed',
      '2 outside_subgroup',
      '0 signer_twice',
      '11 not_a_member',
      '1 signer_twice',
      '3 bad_signature',
    ]);
  });

  it('may keep two that are wrong alone and right together, names both apart, and never an honest one', () => {
    const offset = signWith(99n, OTHER);
    const high = vote(0, encodeG2(signWith(scalarOf(0), MESSAGE).add(offset)));
    const low = vote(1, encodeG2(signWith(scalarOf(1), MESSAGE).add(offset.negate())));
    expect(codeOf(ten.verify(MESSAGE, high))).toBe('bad_signature');
    expect(codeOf(ten.verify(MESSAGE, low))).toBe('bad_signature');
    expect(ten.verifyAggregate(MESSAGE, held(ten.aggregate([high, ...pick(2), low])))).toEqual([0, 1, 2]);
    expect(ten.findBad(MESSAGE, [high, low, ...pick(2), wrong[3]!]).map((bad) => bad.member)).toEqual([3]);
    expect(ten.findBad(MESSAGE, [high, ...pick(2), low, wrong[3]!]).map((bad) => bad.member)).toEqual([0, 1, 3]);
  });

  it('finds the one that makes the sum the identity', () => {
    const rest = [1, 2].map((who) => signWith(scalarOf(who), MESSAGE)).reduce((a, b) => a.add(b));
    const votes = [vote(0, encodeG2(rest.negate())), ...pick(1, 2)];
    expect(ten.verifyAggregate(MESSAGE, held(ten.aggregate(votes)))).toMatchObject({ code: 'identity_point' });
    expect(ten.findBad(MESSAGE, votes)).toMatchObject([{ code: 'bad_signature', member: 0 }]);
  });
});

it('a committee keeps its keys, whatever becomes of the bytes that it was given', () => {
  const members = [member(0), member(1)];
  const two = held(loadBlsCommittee(members));
  members[0]!.publicKey.fill(0);
  members.pop();
  expect(two.n).toBe(2);
  expect(two.verifyAggregate(MESSAGE, held(two.aggregate(pick(0, 1))))).toEqual([0, 1]);
});

it('a committee of nobody certifies nothing', () => {
  const nobody = held(loadBlsCommittee([]));
  expect(
    codeOf(nobody.verifyAggregate(MESSAGE, { signers: Uint8Array.of(1), signature: partials[0]!.signature })),
  ).toBe('not_a_member');
  expect(
    codeOf(nobody.verifyAggregate(MESSAGE, { signers: new Uint8Array(), signature: partials[0]!.signature })),
  ).toBe('no_signers');
});

it('a refusal tells what, whose and why', () => {
  expect(ten.verify(MESSAGE, vote(4, new Uint8Array(3)))).toEqual({
    refused: true,
    code: 'malformed',
    part: 'signature',
    member: 4,
    reason: 'signature of member 4: has 96 bytes, not 3',
  });
  expect(new Set(BLS_REFUSAL_CODES).size).toBe(BLS_REFUSAL_CODES.length);
});
