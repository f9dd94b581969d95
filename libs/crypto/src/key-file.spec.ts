import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { toBase64Url } from '@concordat/protocol';
import { createKeyFile, KeyFileError, readKeyFile } from './key-file';
import { signatureSuite } from './signature-suite';

let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'concordat-key-'));
  path = join(folder, 'n0.key');
});
afterEach(() => rmSync(folder, { recursive: true }));

/** The error of `action`, which must be a KeyFileError for `path`. */
function failureOf(action: () => unknown): KeyFileError {
  try {
    action();
  } catch (error) {
    if (error instanceof KeyFileError) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}

/** Everything an error shows when it is logged, causes included. */
function shownBy(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return `${error.message} ${error.stack ?? ''} ${JSON.stringify(error)} ${error.cause === undefined ? '' : shownBy(error.cause)}`;
}

describe.each(['ed25519', 'rsa-pss-2048'] as const)('%s', (scheme) => {
  it('comes back as it was written', () => {
    const key = createKeyFile(path, scheme);
    expect(readKeyFile(path)).toEqual(key);
    expect(key.scheme).toBe(scheme);
    expect(signatureSuite(scheme).publicKeyOf(key.privateKey)).toEqual(key.publicKey);
    expect(JSON.parse(readFileSync(path, 'utf8'))).toMatchObject({
      format: 'concordat.key.v1',
      scheme,
      public_key: toBase64Url(key.publicKey),
    });
  });

  it('refuses a public key of another private key', () => {
    createKeyFile(path, scheme);
    const fields = JSON.parse(readFileSync(path, 'utf8')) as Record<string, string>;
    const other = signatureSuite(scheme).generate();
    writeFileSync(path, JSON.stringify({ ...fields, public_key: toBase64Url(other.publicKey) }));
    expect(failureOf(() => readKeyFile(path)).code).toBe('mismatched');
  });
});

it.each([0o000, 0o022, 0o077, 0o277])('is its owner’s alone and leaves nothing else behind, under umask %#', (mask) => {
  const before = process.umask(mask);
  try {
    createKeyFile(path, 'ed25519');
  } finally {
    process.umask(before);
  }
  expect(statSync(path).mode & 0o777).toBe(0o600);
  expect(readdirSync(folder)).toEqual(['n0.key']);
});

it('never replaces a key', () => {
  const key = createKeyFile(path, 'ed25519');
  expect(failureOf(() => createKeyFile(path, 'ed25519')).code).toBe('exists');
  expect(readKeyFile(path)).toEqual(key);
  expect(readdirSync(folder)).toEqual(['n0.key']);
});

it.each([0o640, 0o604, 0o620, 0o610, 0o666])('is refused when others may access it (mode %o)', (mode) => {
  createKeyFile(path, 'ed25519');
  chmodSync(path, mode);
  const error = failureOf(() => readKeyFile(path));
  expect(error).toMatchObject({ code: 'exposed', path });
  expect(error.message).toContain(`chmod 600 ${path}`);
  chmodSync(path, 0o400);
  expect(() => readKeyFile(path)).not.toThrow();
});

it('looks at the file behind a link', () => {
  createKeyFile(path, 'ed25519');
  const link = join(folder, 'link');
  symlinkSync(path, link);
  expect(readKeyFile(link)).toEqual(readKeyFile(path));
  chmodSync(path, 0o644);
  expect(failureOf(() => readKeyFile(link)).code).toBe('exposed');
});

describe('what cannot be used', () => {
  const secret = toBase64Url(new Uint8Array(32).fill(0x5a));
  const publicKey = toBase64Url(signatureSuite('ed25519').publicKeyOf(new Uint8Array(32).fill(0x5a)));
  const fields = { format: 'concordat.key.v1', scheme: 'ed25519', public_key: publicKey, private_key: secret };
  const rows = [
    { name: 'another format', text: JSON.stringify({ ...fields, format: 'concordat.key.v2' }), code: 'wrong_format' },
    { name: 'another scheme', text: JSON.stringify({ ...fields, scheme: 'ecdsa' }), code: 'wrong_format' },
    { name: 'no scheme', text: JSON.stringify({ ...fields, scheme: undefined }), code: 'wrong_format' },
    { name: 'a field too many', text: JSON.stringify({ ...fields, comment: secret }), code: 'malformed' },
    { name: 'a field that is missing', text: JSON.stringify({ ...fields, public_key: undefined }), code: 'malformed' },
    { name: 'a key that is no text', text: JSON.stringify({ ...fields, private_key: 7 }), code: 'malformed' },
    {
      name: 'a key that is not base64url',
      text: JSON.stringify({ ...fields, private_key: `${secret}=` }),
      code: 'malformed',
    },
    {
      name: 'a key that is too short',
      text: JSON.stringify({ ...fields, private_key: secret.slice(0, 40) }),
      code: 'malformed',
    },
    { name: 'text that breaks off in the key', text: JSON.stringify(fields).slice(0, -20), code: 'malformed' },
    { name: 'text that is the key', text: secret, code: 'malformed' },
    { name: 'a list', text: JSON.stringify([secret]), code: 'malformed' },
    { name: 'nothing', text: '', code: 'malformed' },
    { name: 'a large file', text: JSON.stringify({ ...fields, comment: 'x'.repeat(20_000) }), code: 'malformed' },
  ];
  it.each(rows)('$name: $code, with no word of the key', ({ text, code }) => {
    writeFileSync(path, text, { mode: 0o600 });
    const error = failureOf(() => readKeyFile(path));
    expect(error).toMatchObject({ code, path });
    expect(error.message).toContain(path);
    for (let i = 0; i + 8 <= secret.length; i++) expect(shownBy(error)).not.toContain(secret.slice(i, i + 8));
  });

  it('a file that is not there, a folder, a folder that is not there', () => {
    expect(failureOf(() => readKeyFile(path)).code).toBe('missing');
    mkdirSync(path, { mode: 0o700 });
    expect(failureOf(() => readKeyFile(path)).code).toBe('unreadable');
    expect(failureOf(() => createKeyFile(join(folder, 'none', 'n0.key'), 'ed25519')).code).toBe('missing');
    writeFileSync(join(folder, 'file'), '');
    expect(failureOf(() => createKeyFile(join(folder, 'file', 'n0.key'), 'ed25519')).code).toBe('unwritable');
  });
});
