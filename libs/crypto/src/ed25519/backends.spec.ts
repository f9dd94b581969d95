import { createPublicKey } from 'node:crypto';
import * as fc from 'fast-check';
import { laxVerify, TORSION_ENCODINGS } from '../testing/edwards';
import { SIGNATURE_ROWS } from '../testing/signatures';
import type { Ed25519Backend } from './backend';
import { fastestEd25519 } from './fastest';
import { nodeBackend } from './node';
import { isPrimeOrderPoint } from './point';
import { portableBackend } from './portable';
import { isAcceptableSignature, isCanonicalY, isSmallOrder } from './rule';
import { sodiumBackend } from './sodium';

function sodium(): Ed25519Backend {
  const backend = sodiumBackend();
  if (backend === undefined) throw new Error('sodium-native does not load here');
  return backend;
}

const backends = [sodium(), nodeBackend(), portableBackend()];
const hex = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, 'hex'));

/** RFC 8032 §7.1, without the 1023-byte message of TEST 1024. */
const RFC_8032 = [
  {
    name: 'TEST 1',
    seed: '9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60',
    publicKey: 'd75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a',
    message: '',
    signature:
      'e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b',
  },
  {
    name: 'TEST 2',
    seed: '4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb',
    publicKey: '3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c',
    message: '72',
    signature:
      '92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00',
  },
  {
    name: 'TEST 3',
    seed: 'c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7',
    publicKey: 'fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025',
    message: 'af82',
    signature:
      '6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a',
  },
  {
    name: 'TEST SHA(abc)',
    seed: '833fe62409237b9d62ec77587520911e9a759cec1d19755b7da901b96dca3d42',
    publicKey: 'ec172b93ad5e563bf4932c70e1245034c35467ef2efd4d64ebf819683467e2bf',
    message:
      'ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f',
    signature:
      'dc2a4459e7369633a52b1bf277839a00201009a3efbf3ecb69bea2186c26b58909351fc9ac90b3ecfdfbc7c66431e0303dca179c138ac17ad9bef1177331a704',
  },
];

describe.each(backends)('$name', (backend) => {
  it.each(RFC_8032)('signs and accepts RFC 8032 $name', ({ seed, publicKey, message, signature }) => {
    expect(backend.publicKeyOf(hex(seed))).toEqual(hex(publicKey));
    expect(backend.sign(hex(seed), hex(message))).toEqual(hex(signature));
    expect(backend.prepareSigner(hex(seed))(hex(message))).toEqual(hex(signature));
    expect(backend.acceptsKey(hex(publicKey))).toBe(true);
    expect(backend.verify(hex(publicKey), hex(message), hex(signature))).toBe(true);
  });

  it.each(SIGNATURE_ROWS)('says $accepted to $name', ({ publicKey, message, signature, accepted }) => {
    expect(backend.verify(publicKey, message, signature)).toBe(accepted);
    // Again: acceptance left a prepared key behind.
    if (accepted) expect(backend.verify(publicKey, message, signature)).toBe(accepted);
  });

  it.each([0, 31, 33, 64])('refuses a private key of %i bytes', (length) => {
    const seed = new Uint8Array(length);
    expect(() => backend.sign(seed, seed)).toThrow(RangeError);
    expect(() => backend.prepareSigner(seed)).toThrow(RangeError);
    expect(() => backend.publicKeyOf(seed)).toThrow(RangeError);
  });

  it('keeps its verdict on a key whose bytes change after it was prepared', () => {
    const seed = new Uint8Array(32).fill(7);
    const publicKey = backend.publicKeyOf(seed);
    const message = hex('00');
    const signature = backend.sign(seed, message);
    const reused = Uint8Array.from(publicKey);
    expect(backend.verify(reused, message, signature)).toBe(true);
    reused.fill(0);
    expect(backend.verify(publicKey, message, signature)).toBe(true);
    expect(backend.verify(reused, message, signature)).toBe(false);
  });

  it('judges keys as exact arithmetic does', () => {
    for (const { publicKey } of SIGNATURE_ROWS)
      expect(backend.acceptsKey(publicKey)).toBe(isPrimeOrderPoint(publicKey));
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 32, maxLength: 32 }),
        (key) => backend.acceptsKey(key) === isPrimeOrderPoint(key),
      ),
      { numRuns: 100 },
    );
  });

  it('returns plain arrays, whose slice copies', () => {
    const seed = new Uint8Array(32).fill(9);
    for (const bytes of [backend.publicKeyOf(seed), backend.sign(seed, seed)])
      expect(Buffer.isBuffer(bytes)).toBe(false);
  });
});

it('asks rows that only the written rule keeps out', () => {
  for (const { name, publicKey, message, signature, lax } of SIGNATURE_ROWS) {
    if (publicKey.length !== 32 || signature.length !== 64) continue;
    expect([name, laxVerify(publicKey, message, signature)]).toEqual([name, lax]);
  }
});

it('refuses S and R by their encoding alone, before any backend is asked', () => {
  const refused = SIGNATURE_ROWS.filter(({ signature }) => !isAcceptableSignature(signature)).map(({ name }) => name);
  const R_AND_S = /^(S |R of small order|R with y|a signature of zeros|6[35] bytes|an empty signature)/;
  expect(refused).toEqual(SIGNATURE_ROWS.map(({ name }) => name).filter((name) => R_AND_S.test(name)));
});

it('knows all encodings of small order', () => {
  const canonical = TORSION_ENCODINGS.filter(isCanonicalY);
  expect(TORSION_ENCODINGS).toHaveLength(14);
  expect(TORSION_ENCODINGS.filter((encoding) => isCanonicalY(encoding) && isSmallOrder(encoding))).toEqual(canonical);
  expect(canonical).toHaveLength(10); // 8 points, and two of them once more with "-0"
  expect(isSmallOrder(hex('03'.padEnd(64, '0')))).toBe(false);
});

it('agrees on random signatures with random damage', () => {
  const seeds = fc.uint8Array({ minLength: 32, maxLength: 32 });
  fc.assert(
    fc.property(seeds, fc.uint8Array({ maxLength: 64 }), fc.nat(63), fc.nat(255), (seed, message, at, bits) => {
      const [first] = backends;
      if (first === undefined) throw new Error('no backend');
      const publicKey = first.publicKeyOf(seed);
      const good = first.sign(seed, message);
      const signature = good.with(at, (good[at] ?? 0) ^ bits);
      const verdicts = backends.map((backend) => backend.verify(publicKey, message, signature));
      expect(verdicts).toEqual(backends.map(() => bits === 0));
    }),
    { numRuns: 20 },
  );
});

it('takes sodium-native where it loads, once per process', () => {
  expect(fastestEd25519().name).toBe('sodium-native');
  expect(fastestEd25519()).toBe(fastestEd25519());
});

it('feeds node:crypto a key that OpenSSL itself encodes the same way', () => {
  const publicKey = nodeBackend().publicKeyOf(new Uint8Array(32));
  const key = createPublicKey({
    key: { kty: 'OKP', crv: 'Ed25519', x: Buffer.from(publicKey).toString('base64url') },
    format: 'jwk',
  });
  expect(Uint8Array.from(key.export({ format: 'der', type: 'spki' }).subarray(-32))).toEqual(publicKey);
});
