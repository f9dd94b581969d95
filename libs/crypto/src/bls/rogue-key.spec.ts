import { bls12_381 } from '@noble/curves/bls12-381.js';
import { encodeG1, encodeG2, keyPoint, member, possessionMessage, R, scalarOf, signWith } from '../testing/bls';
import { text, torsionG1, vote, type G1Point } from '../testing/bls';
import { loadBlsCommittee } from './committee';
import { blst } from './point';
import { isBlsRefusal } from './refusal';

const MESSAGE = text('transfer everything');
const { PublicKey, Signature } = blst();

/** What the bare library says, when nobody asks for proofs or subgroups. */
const bareVerdict = (keys: readonly Uint8Array[], signature: Uint8Array, message = MESSAGE): boolean =>
  blst().fastAggregateVerify(
    message,
    keys.map((key) => PublicKey.fromBytes(key)),
    Signature.fromBytes(signature),
  );

describe('a key made from the keys of others', () => {
  const attacker = scalarOf(66);
  const others = [0, 1, 2];
  const sumOfOthers = others.map(keyPoint).reduce((a, b) => a.add(b));
  const rogue: G1Point = keyPoint(66).add(sumOfOthers.negate());
  const rogueKey = encodeG1(rogue);
  const forged = encodeG2(signWith(attacker, MESSAGE));
  const honest = others.map(member);

  it('signs for all of them, where nobody asks for a proof', () => {
    const keys = [...honest.map(({ publicKey }) => publicKey), rogueKey];
    expect(bareVerdict(keys, forged)).toBe(true);
  });

  const proofOver = (scalar: bigint, key: Uint8Array): Uint8Array => encodeG2(signWith(scalar, possessionMessage(key)));
  const difference = signWith(attacker, possessionMessage(rogueKey)).add(
    others
      .map((who) => signWith(scalarOf(who), possessionMessage(encodeG1(keyPoint(who)))))
      .reduce((a, b) => a.add(b))
      .negate(),
  );

  it.each([
    { name: 'no proof', possession: undefined, code: 'no_possession' },
    {
      name: "the attacker's own proof",
      possession: proofOver(attacker, encodeG1(keyPoint(66))),
      code: 'bad_possession',
    },
    {
      name: "the attacker's signature of the rogue key",
      possession: proofOver(attacker, rogueKey),
      code: 'bad_possession',
    },
    { name: "a member's proof", possession: honest[0]!.possession, code: 'bad_possession' },
    { name: "a signature minus the others' proofs", possession: encodeG2(difference), code: 'bad_possession' },
    { name: 'its signature of the message', possession: forged, code: 'bad_possession' },
  ])('is no member with $name', ({ possession, code }) => {
    expect(loadBlsCommittee([...honest, { publicKey: rogueKey, possession }])).toMatchObject({
      refused: true,
      code,
      member: 3,
    });
  });

  it('would prove itself if the proof did not say for which key it is', () => {
    const constant = text('I have my key');
    const proof = signWith(attacker, constant).add(
      others
        .map((who) => signWith(scalarOf(who), constant))
        .reduce((a, b) => a.add(b))
        .negate(),
    );
    expect(bareVerdict([rogueKey], encodeG2(proof), constant)).toBe(true);
  });

  it('cannot get its proof as a vote of those whose keys it is made from', () => {
    const loaded = loadBlsCommittee(honest);
    if (isBlsRefusal(loaded)) throw new Error(loaded.reason);
    const message = possessionMessage(rogueKey);
    const signature = encodeG2(signWith(scalarOf(0), message));
    expect(bareVerdict([honest[0]!.publicKey], signature, message)).toBe(true);
    expect(loaded.verify(message, vote(0, signature))).toMatchObject({ code: 'bad_signature' });
    expect(loaded.verifyAggregate(message, { signers: Uint8Array.of(1), signature })).toMatchObject({
      code: 'bad_signature',
    });
  });
});

it('a key plus torsion would be the same key a second time, with a proof: no pairing sees the difference', () => {
  const publicKey = encodeG1(keyPoint(0).add(torsionG1()));
  const possession = encodeG2(signWith(scalarOf(0), possessionMessage(publicKey)));
  expect(bareVerdict([publicKey], possession, possessionMessage(publicKey))).toBe(true);
  expect(loadBlsCommittee([member(0), { publicKey, possession }])).toMatchObject({
    code: 'outside_subgroup',
    member: 1,
  });
});

it('a copied key with its copied proof is refused', () => {
  expect(loadBlsCommittee([member(0), member(1), member(0)])).toMatchObject({ code: 'duplicate_key', member: 2 });
});

describe('two keys of one owner that cancel out', () => {
  const negated = encodeG1(bls12_381.G1.Point.BASE.multiply(R - scalarOf(0)));
  const possession = encodeG2(signWith(R - scalarOf(0), possessionMessage(negated)));
  const loaded = loadBlsCommittee([member(0), { publicKey: negated, possession }, member(1)]);
  if (isBlsRefusal(loaded)) throw new Error(loaded.reason);
  const partials = [
    vote(0, encodeG2(signWith(scalarOf(0), MESSAGE))),
    vote(1, encodeG2(signWith(R - scalarOf(0), MESSAGE))),
  ];

  it('certify nothing by themselves', () => {
    const aggregate = loaded.aggregate(partials);
    if (isBlsRefusal(aggregate)) throw new Error(aggregate.reason);
    expect(loaded.verifyAggregate(MESSAGE, aggregate)).toMatchObject({ code: 'identity_point' });
    expect(loaded.findBad(MESSAGE, partials)).toEqual([]);
  });

  it('add nothing to the signature of another, and are not signed for by it', () => {
    const all = loaded.aggregate([...partials, vote(2, encodeG2(signWith(scalarOf(1), MESSAGE)))]);
    if (isBlsRefusal(all)) throw new Error(all.reason);
    expect(loaded.verifyAggregate(MESSAGE, all)).toEqual([0, 1, 2]);
    expect(loaded.verifyAggregate(text('another'), all)).toMatchObject({ code: 'bad_signature' });
  });
});
