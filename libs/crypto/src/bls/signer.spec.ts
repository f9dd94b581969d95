import {
  encodeG1,
  encodeG2,
  keyPoint,
  member,
  nobleVerifies,
  POSSESSION_PURPOSE,
  privateKeyOf,
  R,
} from '../testing/bls';
import { bigEndian, possessionMessage, scalarOf, signWith, text } from '../testing/bls';
import { checkBlsPossession } from './possession';
import { createBlsSigner, generateBlsKey } from './signer';

const MESSAGES = [new Uint8Array(), text('x'), text('a statement'), new Uint8Array(145).fill(7), new Uint8Array(4096)];

it.each([0, 1, 2])('makes the keys, signatures and proofs that @noble/curves makes (%i)', (who) => {
  const signer = createBlsSigner(privateKeyOf(who));
  expect(signer.publicKey).toEqual(encodeG1(keyPoint(who)));
  expect(signer.provePossession()).toEqual(member(who).possession);
  for (const message of MESSAGES) {
    const signature = signer.sign(message);
    expect(signature).toEqual(encodeG2(signWith(scalarOf(who), message)));
    expect(nobleVerifies(signature, message, [signer.publicKey])).toBe(true);
  }
});

it('makes a fresh key that can be read back', () => {
  const { publicKey, privateKey } = generateBlsKey();
  const signer = createBlsSigner(privateKey);
  expect(signer.publicKey).toEqual(publicKey);
  expect(nobleVerifies(signer.provePossession(), possessionMessage(publicKey), [publicKey])).toBe(true);
  expect(checkBlsPossession(publicKey, signer.provePossession())).toBeUndefined();
  expect(generateBlsKey().privateKey).not.toEqual(privateKey);
});

it('proves what it holds, whatever became of the public key that it handed out', () => {
  const signer = createBlsSigner(privateKeyOf(0));
  signer.publicKey.fill(0);
  expect(signer.provePossession()).toEqual(member(0).possession);
});

it('signs no proof of possession as if it were a message', () => {
  const signer = createBlsSigner(privateKeyOf(0));
  expect(() => signer.sign(possessionMessage(signer.publicKey))).toThrow('proof of possession');
  expect(() => signer.sign(text(POSSESSION_PURPOSE))).toThrow('proof of possession');
  expect(signer.sign(text(POSSESSION_PURPOSE.slice(0, -1)))).toHaveLength(96);
});

it.each([
  { name: 'nothing', bytes: new Uint8Array() },
  { name: '31 bytes', bytes: new Uint8Array(31).fill(1) },
  { name: '33 bytes', bytes: new Uint8Array(33).fill(1) },
  { name: 'zero', bytes: new Uint8Array(32) },
  { name: 'r', bytes: bigEndian(R, 32) },
  { name: 'r + 1', bytes: bigEndian(R + 1n, 32) },
  { name: '2^256 - 1', bytes: new Uint8Array(32).fill(0xff) },
])('refuses $name as a private key, without a word of it', ({ bytes }) => {
  let error: unknown;
  try {
    createBlsSigner(bytes);
  } catch (thrown) {
    error = thrown;
  }
  expect(error).toBeInstanceOf(RangeError);
  expect((error as Error).message).toBe('a BLS private key is a scalar from 1 to r - 1 in 32 bytes');
  expect((error as Error).cause).toBeUndefined();
});

it('takes r - 1, the greatest private key', () => {
  expect(createBlsSigner(bigEndian(R - 1n, 32)).publicKey).toHaveLength(48);
});
