import { createRequire } from 'node:module';
import type * as Blst from '@chainsafe/blst';
import { toHex } from '@concordat/protocol';
import { bls12_381 } from '@noble/curves/bls12-381.js';
import { sha256 } from '@noble/hashes/sha2.js';
import { makeDealing } from './dealing';
import { combineDecryption, decryptPartially, encryptPoint, verifyPartialDecryption } from './decryption';
import { blsGroup, ristrettoGroup } from './group';
import { combineSignature, signPartially, verifyPartialSignature, verifySignature } from './signature';
import { filled, good, instanceFor, keyOf } from './testing/members';

const blst = createRequire(__filename)('@chainsafe/blst') as typeof Blst;

describe('a signature of the swarm', () => {
  const { key, shares } = keyOf(instanceFor(blsGroup, 4, 1, 3));
  const message = new TextEncoder().encode('checkpoint 7');
  const parts = shares.map((share) => signPartially(share, message));
  const changed = (bytes: Uint8Array, at: number, value: number) => bytes.with(at, value);

  it('is the same from any three parts, and blst verifies it', () => {
    const signature = combineSignature(key, message, [parts[0]!, parts[1]!, parts[2]!]) as Uint8Array;
    expect(combineSignature(key, message, [parts[3]!, parts[2]!, parts[0]!])).toEqual(signature);
    expect(signature).toHaveLength(96);
    const publicKey = blst.PublicKey.fromBytes(blsGroup.encode(key.publicKey), true);
    expect(blst.verify(message, publicKey, blst.Signature.fromBytes(signature, true))).toBe(true);
    expect(verifySignature(key.publicKey, message, signature)).toBe(true);
    expect(verifySignature(key.publicKey, new Uint8Array(1), signature)).toBe(false);
  });

  it('has parts that blst verifies under public shares', () => {
    const part = blst.Signature.fromBytes(parts[1]!.slice(5), true);
    expect(blst.verify(message, blst.PublicKey.fromBytes(blsGroup.encode(key.publicShares[1]!)), part)).toBe(true);
    expect(verifyPartialSignature(key, message, parts[1]!)).toMatchObject({ index: 2 });
  });

  it('names who signed badly', () => {
    const bad = changed(parts[0]!, 4, 2);
    expect(verifyPartialSignature(key, message, bad)).toMatchObject({ code: 'bad_signature', index: 2 });
    expect(combineSignature(key, message, [parts[0]!, bad, parts[2]!])).toMatchObject([
      { code: 'bad_signature', index: 2 },
    ]);
  });

  // Compressed, x = 2: y² = x³ + 4(1 + u) has a solution there, and that point is not of the prime order.
  const outside = new Uint8Array(96).with(0, 0x80).with(95, 2);
  const withPoint = (point: Uint8Array) => new Uint8Array([...parts[0]!.slice(0, 5), ...point]);
  it.each([
    { name: 'index 0', bytes: changed(parts[0]!, 4, 0), code: 'not_a_member' },
    { name: 'a fifth member', bytes: changed(parts[0]!, 4, 5), code: 'not_a_member' },
    { name: 'another version', bytes: changed(parts[0]!, 0, 2), code: 'wrong_version' },
    { name: 'another kind', bytes: changed(parts[0]!, 1, 1), code: 'wrong_kind' },
    { name: 'a byte more', bytes: new Uint8Array([...parts[0]!, 0]), code: 'malformed' },
    { name: 'no point', bytes: withPoint(new Uint8Array(96)), code: 'not_a_point' },
    { name: 'the identity', bytes: withPoint(bls12_381.G2.Point.ZERO.toBytes()), code: 'identity_point' },
    { name: 'a point outside the subgroup', bytes: withPoint(outside), code: 'outside_subgroup' },
  ])('refuses a part with $name', ({ bytes, code }) => {
    expect(verifyPartialSignature(key, message, bytes)).toMatchObject({ refused: true, code });
  });

  it('needs three different members', () => {
    expect(combineSignature(key, message, parts.slice(0, 2))).toMatchObject([{ code: 'too_few' }]);
    expect(combineSignature(key, message, [parts[0]!, parts[1]!, parts[1]!])).toMatchObject([
      { code: 'duplicate', index: 2 },
    ]);
  });
});

describe('a decryption by the swarm', () => {
  const G = ristrettoGroup;
  const { key, shares } = keyOf(instanceFor(G, 4, 1, 2));
  const vote = G.scale(G.base, 42n);
  const ciphertext = encryptPoint(key, vote, 77n);
  const parts = shares.map((share) => good(decryptPartially(key, share, ciphertext)));

  it('gives what was encrypted, from any two parts', () => {
    for (const [a, b] of [
      [0, 1],
      [3, 1],
      [2, 3],
    ] as const)
      expect(G.equal(good(combineDecryption(key, ciphertext, [parts[a]!, parts[b]!])), vote)).toBe(true);
    expect(combineDecryption(key, ciphertext, [parts[0]!])).toMatchObject({ code: 'too_few' });
    expect(combineDecryption(key, ciphertext, [parts[0]!, parts[0]!])).toMatchObject({ code: 'duplicate', index: 1 });
  });

  it('refuses every byte changed, another ciphertext, and another key', () => {
    for (let at = 0; at < parts[0]!.length; at += 7) {
      const bad = parts[0]!.with(at, parts[0]![at]! ^ 1);
      expect(verifyPartialDecryption(key, ciphertext, bad)).toMatchObject({ refused: true });
    }
    const swapped = { ...ciphertext, body: G.base };
    expect(verifyPartialDecryption(key, swapped, parts[0]!)).toMatchObject({ code: 'bad_proof', index: 1 });
    const other = keyOf(instanceFor(G, 4, 1, 2, { purpose: 'other' }));
    expect(verifyPartialDecryption(other.key, ciphertext, parts[0]!)).toMatchObject({ code: 'bad_proof', index: 1 });
    expect(decryptPartially(key, other.shares[0]!, ciphertext)).toMatchObject({ code: 'bad_share', index: 1 });
    expect(decryptPartially(key, shares[0]!, { ...ciphertext, ephemeral: G.zero })).toMatchObject({
      code: 'identity_point',
    });
  });
});

it('writes the same bytes for ever', () => {
  const { key, shares } = keyOf(instanceFor(blsGroup, 4, 1, 3));
  const ballots = keyOf(instanceFor(ristrettoGroup, 4, 1, 2));
  const sealed = encryptPoint(ballots.key, ristrettoGroup.base, 5n);
  expect(toHex(blsGroup.encode(key.publicKey))).toBe(
    '8f681be3a562bb11c1ab795ee654b962682ae9fbbc0fb0962c22bfe595f228054818ce66112124b213ff7e7b9121442f',
  );
  expect(toHex(key.transcript.slice(0, 16))).toBe('bc158b3b00e5f1ee7c0bb70c24d76c49');
  expect(toHex(ristrettoGroup.encode(ballots.key.publicKey))).toBe(
    '003ce25c448047b6eaf421e1dd1f882b769ffbd85055b05052df9708cf95e678',
  );
  expect(toHex(signPartially(shares[0]!, new Uint8Array(1)))).toBe(
    '0102010001a5da4e92d02b62292af2c0199e25f8ecfa6d524cfc3edc3ba3207bb377a75e92d654057adaff4eb237ccb5c67f3a79c406a1cba6b5aff43b8f3b6b72d14f431dc0f09e901a2ffd2347efdefb7088ca499ef13aa469018cca70ed702b2b5b130b',
  );
  expect(toHex(good(decryptPartially(ballots.key, ballots.shares[0]!, sealed)))).toBe(
    '0103020001229fcc142c522a5dbf0cf3e2f34e71b4b740f05c94055501dcec89fc6fa733280418664997610d8ad86a48068e0ed04610f5a9037b8f5d01a82104a535841cf0037ba50b9bf556ba29015f390d113509472f3ad77fdacf1471c23c9f3fb45723',
  );
  expect(toHex(sha256(makeDealing(instanceFor(ristrettoGroup, 4, 1, 2), 1, filled(1))))).toBe(
    '2600c70d9a990b9f0ee192d189b4dc6213487f82b71d933a34e6ebc2bfe4ad0f',
  );
});
