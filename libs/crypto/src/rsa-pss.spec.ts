import { constants, createPublicKey, generateKeyPairSync, sign, type RSAPSSKeyPairKeyObjectOptions } from 'node:crypto';
import { createRsaPssSuite } from './rsa-pss';

const suite = createRsaPssSuite();
const { publicKey, privateKey } = suite.generate();
const message = Uint8Array.from(Buffer.from('COMMIT'));
const good = suite.sign(privateKey, message);

const spki = (key: ReturnType<typeof createPublicKey>): Uint8Array =>
  Uint8Array.from(key.export({ format: 'der', type: 'spki' }));
const rsa = (modulusLength: number, publicExponent = 65537) =>
  generateKeyPairSync('rsa', { modulusLength, publicExponent });

/** A signature with one parameter other than the scheme's. */
function signedWith(change: { hash?: string; saltLength?: number; padding?: number }): Uint8Array {
  const { hash = 'sha256', saltLength = 32, padding = constants.RSA_PKCS1_PSS_PADDING } = change;
  const key = { key: Buffer.from(privateKey), format: 'der', type: 'pkcs8', padding, saltLength } as const;
  return Uint8Array.from(sign(hash, message, key));
}

/** The same key with its modulus changed: a well-formed encoding of a number that nobody can sign for. */
const evenModulus = publicKey.with(288, (publicKey[288] ?? 0) & 0xfe);
/** The outer length in more bytes than it needs (BER, not DER). */
const longLength = Uint8Array.from([0x30, 0x83, 0x00, ...publicKey.subarray(2)]);

/** As long as the DER, and read by OpenSSL: no NULL after the algorithm's name, an outer length in 4 bytes where 2 do. */
const otherEncoding = Uint8Array.from([
  ...[0x30, 0x84, 0x00, 0x00, 0x01, 0x20],
  ...[0x30, 0x0b, ...publicKey.subarray(6, 17)],
  ...publicKey.subarray(19),
]);

const numberOf = (bytes: Uint8Array): bigint => BigInt(`0x${Buffer.from(bytes).toString('hex')}`);
/** A key and a signature plus its modulus, which is the same number modulo n, where that still fits 256 bytes. */
function shifted(): { readonly key: Uint8Array; readonly honest: Uint8Array; readonly signature: Uint8Array } {
  for (;;) {
    const pair = suite.generate();
    const honest = suite.sign(pair.privateKey, message);
    const sum = numberOf(honest) + numberOf(pair.publicKey.subarray(33, 33 + 256));
    const bytes = Buffer.from(sum.toString(16).padStart(512, '0'), 'hex');
    if (bytes.length === 256) return { key: pair.publicKey, honest, signature: Uint8Array.from(bytes) };
  }
}

describe('rsa-pss-2048', () => {
  it('accepts what it signs, and signs differently every time', () => {
    expect(publicKey).toHaveLength(294);
    expect(good).toHaveLength(256);
    expect(suite.publicKeyOf(privateKey)).toEqual(publicKey);
    expect(suite.acceptsKey(publicKey)).toBe(true);
    expect(suite.verify(publicKey, message, good)).toBe(true);
    expect(suite.prepareSigner(privateKey)(message)).not.toEqual(good);
    expect(suite.verify(publicKey, message, suite.prepareSigner(privateKey)(message))).toBe(true);
  });

  const other = suite.generate();
  const signatures = [
    { name: 'another message', message: Uint8Array.from([...message, 0]), signature: good },
    { name: 'a flipped bit', message, signature: good.with(100, (good[100] ?? 0) ^ 1) },
    { name: 'another key', message, signature: suite.sign(other.privateKey, message) },
    { name: 'a salt of 20 bytes', message, signature: signedWith({ saltLength: 20 }) },
    { name: 'no salt', message, signature: signedWith({ saltLength: 0 }) },
    { name: 'the longest salt', message, signature: signedWith({ saltLength: 222 }) },
    { name: 'SHA-512', message, signature: signedWith({ hash: 'sha512' }) },
    { name: 'PKCS #1 v1.5', message, signature: signedWith({ padding: constants.RSA_PKCS1_PADDING }) },
    { name: '255 bytes', message, signature: good.subarray(1) },
    { name: '257 bytes', message, signature: Uint8Array.from([0, ...good]) },
    { name: 'no bytes', message, signature: new Uint8Array(0) },
    { name: 'zeros', message, signature: new Uint8Array(256) },
    { name: 'ones', message, signature: new Uint8Array(256).fill(0xff) },
  ];
  it.each(signatures)('refuses a signature: $name', (row) => {
    expect(suite.verify(publicKey, row.message, row.signature)).toBe(false);
  });

  it('refuses the same signature with the modulus added', () => {
    const { key, honest, signature } = shifted();
    expect(suite.verify(key, message, honest)).toBe(true);
    expect(suite.verify(key, message, signature)).toBe(false);
  });

  const pss: RSAPSSKeyPairKeyObjectOptions = { modulusLength: 2048 };
  const keys = [
    { name: 'a modulus of 2047 bits', key: spki(rsa(2047).publicKey) },
    { name: 'a modulus of 2056 bits', key: spki(rsa(2056).publicKey) },
    { name: 'exponent 65539', key: spki(rsa(2048, 65539).publicKey) },
    { name: 'exponent 3', key: spki(rsa(2048, 3).publicKey) },
    { name: 'an RSASSA-PSS key', key: spki(generateKeyPairSync('rsa-pss', pss).publicKey) },
    { name: 'an Ed25519 key', key: spki(generateKeyPairSync('ed25519').publicKey) },
    { name: 'a byte after the end', key: Uint8Array.from([...publicKey, 0]) },
    { name: 'another encoding of the same key', key: otherEncoding },
    { name: 'a length in too many bytes', key: longLength },
    {
      name: 'PKCS #1',
      key: Uint8Array.from(
        createPublicKey({ key: Buffer.from(publicKey), format: 'der', type: 'spki' }).export({
          format: 'der',
          type: 'pkcs1',
        }),
      ),
    },
    {
      name: 'PEM',
      key: Uint8Array.from(
        Buffer.from(
          `-----BEGIN PUBLIC KEY-----\n${Buffer.from(publicKey).toString('base64')}\n-----END PUBLIC KEY-----\n`,
        ),
      ),
    },
    { name: 'zeros', key: new Uint8Array(294) },
    { name: 'no bytes', key: new Uint8Array(0) },
  ];
  it.each(keys)('refuses a key: $name', ({ key }) => {
    expect(suite.acceptsKey(key)).toBe(false);
    expect(suite.verify(key, message, good)).toBe(false);
  });

  it('says no to a modulus that is no product of two primes, without throwing', () => {
    expect(suite.verify(evenModulus, message, good)).toBe(false);
  });

  it('refuses private keys of other shapes, without repeating them', () => {
    const small = Uint8Array.from(rsa(1024).privateKey.export({ format: 'der', type: 'pkcs8' }));
    for (const bad of [small, new Uint8Array(32).fill(0x41), new Uint8Array(0), publicKey]) {
      expect(() => suite.sign(bad, message)).toThrow(RangeError);
      expect(() => suite.publicKeyOf(bad)).toThrow(/^not an RSA private key in PKCS #8/);
    }
  });
});
