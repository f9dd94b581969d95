import { randomBytes } from 'node:crypto';
import {
  closeSync,
  fchmodSync,
  fstatSync,
  fsyncSync,
  linkSync,
  openSync,
  readFileSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { equalBytes, fromBase64Url, SIGNATURE_SCHEMES, toBase64Url, type SignatureScheme } from '@concordat/protocol';
import { signatureSuite, type KeyPair } from './signature-suite';

/** What makes a key file unusable, for machines. */
export type KeyFileErrorCode =
  | 'exists' // createKeyFile never replaces a key
  | 'missing'
  | 'unreadable'
  | 'unwritable'
  | 'exposed' // somebody else than its owner may access it
  | 'malformed'
  | 'wrong_format' // another format or scheme than this version knows
  | 'mismatched'; // the public key is not the private key's

/** Why a key file cannot be used. The message names the file and what to do; neither it nor `cause` holds key material. */
export class KeyFileError extends Error {
  override readonly name = 'KeyFileError';
  constructor(
    readonly code: KeyFileErrorCode,
    /** Path of the file. */
    readonly path: string,
    message: string,
    options?: ErrorOptions,
  ) {
    super(`key file ${path}: ${message}`, options);
  }
}

/** A member's or client's key pair with the scheme that it is for. */
export interface StoredKey extends KeyPair {
  readonly scheme: SignatureScheme;
}

const FORMAT = 'concordat.key.v1';
const FIELDS = ['format', 'scheme', 'public_key', 'private_key'];
const OWNER_ONLY = 0o600;
const OTHERS = 0o077;
/** An RSA key file has about 2 KiB. */
const FILE_BYTES_MAX = 16 * 1024;

const codeOf = (error: unknown): string => (error as NodeJS.ErrnoException).code ?? 'unknown error';

function syncFolder(folder: string): void {
  const descriptor = openSync(folder, 'r');
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

function writeDurably(path: string, text: string): void {
  const descriptor = openSync(path, 'wx', OWNER_ONLY);
  try {
    fchmodSync(descriptor, OWNER_ONLY);
    writeFileSync(descriptor, text);
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

/**
 * Writes a fresh key pair to `path`, readable by its owner only, and returns it once it is durable.
 *
 * All or nothing: the text is synced under a temporary name in the same folder and gets its own name in one step. That step
 * is a link, not a rename: a rename would replace a key that is already there, and with it a member's identity.
 *
 * Throws a KeyFileError `exists`, `missing` (the folder) or `unwritable`.
 */
export function createKeyFile(path: string, scheme: SignatureScheme): StoredKey {
  const { publicKey, privateKey } = signatureSuite(scheme).generate();
  const fields = {
    format: FORMAT,
    scheme,
    public_key: toBase64Url(publicKey),
    private_key: toBase64Url(privateKey),
  };
  const temporary = `${path}.${randomBytes(6).toString('hex')}.tmp`;
  try {
    try {
      writeDurably(temporary, `${JSON.stringify(fields, undefined, 2)}\n`);
      linkSync(temporary, path);
    } finally {
      removeIfThere(temporary);
    }
    syncFolder(dirname(path));
  } catch (error) {
    const code = codeOf(error);
    if (code === 'EEXIST') throw new KeyFileError('exists', path, 'exists already; a key is never replaced');
    if (code === 'ENOENT') throw new KeyFileError('missing', path, 'its folder does not exist', { cause: error });
    throw new KeyFileError('unwritable', path, `cannot be written (${code})`, { cause: error });
  }
  return { scheme, publicKey, privateKey };
}

function removeIfThere(path: string): void {
  try {
    unlinkSync(path);
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') throw error;
  }
}

/** The file's text; access rights are checked on the open file, so that it cannot be another one by the time it is read. */
function readOwnText(path: string): string {
  let descriptor: number | undefined;
  try {
    descriptor = openSync(path, 'r');
    const { mode, size } = fstatSync(descriptor);
    if ((mode & OTHERS) !== 0 && process.platform !== 'win32') {
      const octal = (mode & 0o777).toString(8).padStart(4, '0');
      throw new KeyFileError('exposed', path, `others may access it (mode ${octal}): run chmod 600 ${path}`);
    }
    if (size > FILE_BYTES_MAX) throw new KeyFileError('malformed', path, `${String(size)} bytes are no key file`);
    return readFileSync(descriptor, 'utf8');
  } catch (error) {
    if (error instanceof KeyFileError) throw error;
    const code = codeOf(error);
    if (code === 'ENOENT') throw new KeyFileError('missing', path, 'does not exist', { cause: error });
    throw new KeyFileError('unreadable', path, `cannot be read (${code})`, { cause: error });
  } finally {
    if (descriptor !== undefined) closeSync(descriptor);
  }
}

type Fields = Readonly<Record<string, unknown>>;

function parse(path: string, text: string): Fields {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    // Without the cause: its message quotes the text.
    throw new KeyFileError('malformed', path, 'is not JSON');
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new KeyFileError('malformed', path, 'is not a JSON object');
  }
  return value as Fields;
}

function bytesAt(path: string, fields: Fields, field: string): Uint8Array {
  const text = fields[field];
  try {
    if (typeof text === 'string') return fromBase64Url(text);
  } catch {
    // Falls through: what was read is not repeated.
  }
  throw new KeyFileError('malformed', path, `${field} must be base64url text`);
}

function publicKeyOf(path: string, scheme: SignatureScheme, privateKey: Uint8Array): Uint8Array {
  try {
    return signatureSuite(scheme).publicKeyOf(privateKey);
  } catch {
    throw new KeyFileError('malformed', path, `private_key is no ${scheme} key`);
  }
}

/** Reads what createKeyFile wrote. Throws a KeyFileError with any code but `exists` and `unwritable`. */
export function readKeyFile(path: string): StoredKey {
  const fields = parse(path, readOwnText(path));
  if (fields['format'] !== FORMAT) throw new KeyFileError('wrong_format', path, `format must be ${FORMAT}`);
  if (Object.keys(fields).some((field) => !FIELDS.includes(field))) {
    throw new KeyFileError('malformed', path, `has other fields than ${FIELDS.join(', ')}`);
  }
  const schemes = Object.keys(SIGNATURE_SCHEMES) as SignatureScheme[];
  const scheme = schemes.find((name) => name === fields['scheme']);
  if (scheme === undefined) throw new KeyFileError('wrong_format', path, `scheme must be one of ${schemes.join(', ')}`);
  const publicKey = bytesAt(path, fields, 'public_key');
  const privateKey = bytesAt(path, fields, 'private_key');
  if (!equalBytes(publicKeyOf(path, scheme, privateKey), publicKey)) {
    throw new KeyFileError('mismatched', path, 'public_key does not belong to private_key');
  }
  return { scheme, publicKey, privateKey };
}
