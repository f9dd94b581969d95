import { encodeG1, encodeG2, flipped, hex, integer, bigEndian, keyPoint, member, P } from '../testing/bls';
import { scalarOf, signWith, strayG1, strayG2, text, torsionG1, torsionG2, vote } from '../testing/bls';
import { loadBlsCommittee, type BlsCommittee, type BlsMember } from './committee';
import { readPublicKey } from './point';
import { checkBlsPossession } from './possession';
import { isBlsRefusal } from './refusal';

const MESSAGE = text('a message');
const HONEST = member(0);
const SIGNATURE = encodeG2(signWith(scalarOf(0), MESSAGE));

function committee(members: readonly BlsMember[]): BlsCommittee {
  const loaded = loadBlsCommittee(members);
  if (isBlsRefusal(loaded)) throw new Error(loaded.reason);
  return loaded;
}
const one = committee([HONEST]);

const keyCode = (publicKey: Uint8Array): string => checkBlsPossession(publicKey, HONEST.possession)?.code ?? 'accepted';
const signatureCode = (signature: Uint8Array): string => one.verify(MESSAGE, vote(0, signature))?.code ?? 'accepted';
const signers = Uint8Array.of(1);
function aggregateCode(signature: Uint8Array): string {
  const verdict = one.verifyAggregate(MESSAGE, { signers, signature });
  return isBlsRefusal(verdict) ? verdict.code : 'accepted';
}

it('accepts the honest key, proof and signature', () => {
  expect(keyCode(HONEST.publicKey)).toBe('accepted');
  expect(signatureCode(SIGNATURE)).toBe('accepted');
  expect(aggregateCode(SIGNATURE)).toBe('accepted');
});

it('reads views on larger buffers', () => {
  const shifted = (bytes: Uint8Array): Uint8Array => Uint8Array.from([9, 9, 9, ...bytes, 9]).subarray(3, -1);
  expect(checkBlsPossession(shifted(HONEST.publicKey), shifted(HONEST.possession!))).toBeUndefined();
  expect(one.verify(shifted(MESSAGE), vote(0, shifted(SIGNATURE)))).toBeUndefined();
  expect(one.verify(Buffer.from(MESSAGE), vote(0, Buffer.from(SIGNATURE)))).toBeUndefined();
});

describe('public keys', () => {
  const [y, x] = [keyPoint(0).toAffine().y, keyPoint(0).toAffine().x];
  /** Whose x leaves room for p below the three flag bits. */
  const roomy = Array.from({ length: 64 }, (_, who) => who).find((who) => keyPoint(who).toAffine().x + P < 1n << 381n)!;
  const roomyBytes = encodeG1(keyPoint(roomy));

  it.each([
    { name: 'the identity', bytes: hex(`c0${'00'.repeat(47)}`), code: 'identity_point' },
    { name: 'the identity with a sign', bytes: hex(`e0${'00'.repeat(47)}`), code: 'malformed' },
    { name: 'the identity with bits behind', bytes: hex(`c0${'00'.repeat(46)}01`), code: 'malformed' },
    { name: 'x = p', bytes: bigEndian(P | (1n << 383n), 48), code: 'malformed' },
    { name: 'x + p of a key', bytes: bigEndian(integer(roomyBytes) + P, 48), code: 'malformed' },
    { name: 'a small x that no point has', bytes: bigEndian(1n | (1n << 383n), 48), code: 'not_on_curve' },
    { name: 'a point outside the subgroup', bytes: encodeG1(strayG1()), code: 'outside_subgroup' },
    { name: 'a point of order 3', bytes: encodeG1(torsionG1()), code: 'outside_subgroup' },
    { name: 'a key plus a point of order 3', bytes: encodeG1(keyPoint(0).add(torsionG1())), code: 'outside_subgroup' },
    { name: 'the uncompressed encoding', bytes: bigEndian((x << 384n) | y, 96), code: 'malformed' },
    { name: 'no flag', bytes: flipped(HONEST.publicKey, 7), code: 'malformed' },
    { name: 'the flag of infinity', bytes: flipped(HONEST.publicKey, 6), code: 'malformed' },
    { name: 'a signature', bytes: SIGNATURE, code: 'malformed' },
    { name: '1 MiB', bytes: new Uint8Array(1 << 20), code: 'malformed' },
    { name: '47 bytes', bytes: HONEST.publicKey.subarray(1), code: 'malformed' },
    { name: 'nothing', bytes: new Uint8Array(), code: 'malformed' },
    { name: 'the other sign', bytes: flipped(HONEST.publicKey, 5), code: 'bad_possession' },
  ])('$name: $code', ({ bytes, code }) => {
    expect(keyCode(bytes)).toBe(code);
    expect(loadBlsCommittee([member(3), { ...HONEST, publicKey: bytes }])).toMatchObject({
      refused: true,
      code,
      member: 1,
    });
  });

  it('the key whose x + p is refused is itself one', () => {
    expect(isBlsRefusal(readPublicKey(roomyBytes))).toBe(false);
  });

  it('every flipped bit is refused', () => {
    for (let bit = 0; bit < 384; bit++) expect(keyCode(flipped(HONEST.publicKey, bit))).not.toBe('accepted');
  });
});

describe('signatures', () => {
  const { x, y } = signWith(scalarOf(0), MESSAGE).toAffine();
  const uncompressed = [x.c1, x.c0, y.c1, y.c0].flatMap((part) => [...bigEndian(part, 48)]);
  const rows = [
    { name: 'the identity', bytes: hex(`c0${'00'.repeat(95)}`), code: 'identity_point' },
    { name: 'the identity with a sign', bytes: hex(`e0${'00'.repeat(95)}`), code: 'malformed' },
    { name: 'the identity with bits behind', bytes: hex(`c0${'00'.repeat(94)}01`), code: 'malformed' },
    { name: 'real part + p', bytes: bigEndian(integer(SIGNATURE) + P, 96), code: 'malformed' },
    { name: 'imaginary part = p', bytes: bigEndian((P << 384n) | (1n << 767n), 96), code: 'malformed' },
    { name: 'a flag on the real part', bytes: flipped(SIGNATURE, 8 * 48 + 7), code: 'malformed' },
    { name: 'a small x that no point has', bytes: bigEndian(1n | (1n << 767n), 96), code: 'not_on_curve' },
    { name: 'a point outside the subgroup', bytes: encodeG2(strayG2()), code: 'outside_subgroup' },
    { name: 'a point of order 13', bytes: encodeG2(torsionG2()), code: 'outside_subgroup' },
    {
      name: 'a signature plus a point of order 13',
      bytes: encodeG2(signWith(scalarOf(0), MESSAGE).add(torsionG2())),
      code: 'outside_subgroup',
    },
    { name: 'the uncompressed encoding', bytes: Uint8Array.from(uncompressed), code: 'malformed' },
    { name: 'no flag', bytes: flipped(SIGNATURE, 7), code: 'malformed' },
    { name: 'the flag of infinity', bytes: flipped(SIGNATURE, 6), code: 'malformed' },
    { name: '95 bytes', bytes: SIGNATURE.subarray(1), code: 'malformed' },
    { name: '97 bytes', bytes: Uint8Array.from([...SIGNATURE, 0]), code: 'malformed' },
    { name: 'nothing', bytes: new Uint8Array(), code: 'malformed' },
    { name: 'the other sign', bytes: flipped(SIGNATURE, 5), code: 'bad_signature' },
    { name: "another's", bytes: encodeG2(signWith(scalarOf(1), MESSAGE)), code: 'bad_signature' },
    { name: 'of another message', bytes: encodeG2(signWith(scalarOf(0), text('b message'))), code: 'bad_signature' },
    {
      name: 'under another tag',
      bytes: encodeG2(signWith(scalarOf(0), MESSAGE, 'BLS_SIG_BLS12381G2_XMD:SHA-256_SSWU_RO_NUL_')),
      code: 'bad_signature',
    },
  ];

  it.each(rows)('$name: $code', ({ bytes, code }) => {
    expect(signatureCode(bytes)).toBe(code);
    expect(aggregateCode(bytes)).toBe(code);
    expect(one.findBad(MESSAGE, [vote(0, bytes)])).toMatchObject([{ code, member: 0, part: 'signature' }]);
  });

  it.each(rows)('as a proof of possession, $name is none', ({ bytes, code }) => {
    expect(checkBlsPossession(HONEST.publicKey, bytes)).toMatchObject({
      part: 'proof of possession',
      code: code === 'bad_signature' ? 'bad_possession' : code,
    });
  });

  it('every flipped bit is refused', () => {
    for (let bit = 0; bit < 768; bit++) expect(signatureCode(flipped(SIGNATURE, bit))).not.toBe('accepted');
    for (let bit = 0; bit < 8 * MESSAGE.length; bit++) {
      expect(one.verify(flipped(MESSAGE, bit), vote(0, SIGNATURE))).toMatchObject({ code: 'bad_signature' });
    }
  });
});
