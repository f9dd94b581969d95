const HEX = asciiCodes('0123456789abcdef');
const BASE64URL = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
const BASE64URL_CODES = asciiCodes(BASE64URL);
/** Characters that are put into a text at once: all of them are arguments of one call. */
const CODES_AT_ONCE = 4096;

function asciiCodes(text: string): readonly number[] {
  return Array.from(text, (character) => character.charCodeAt(0));
}

/** Text of character codes, in one piece: one that grows character by character is a tree that each reader has to flatten. */
function textOf(codes: readonly number[]): string {
  if (codes.length <= CODES_AT_ONCE) return String.fromCharCode(...codes);
  let text = '';
  for (let at = 0; at < codes.length; at += CODES_AT_ONCE)
    text += String.fromCharCode(...codes.slice(at, at + CODES_AT_ONCE));
  return text;
}

/** Lower-case hexadecimal text of `bytes`. */
export function toHex(bytes: Uint8Array): string {
  const codes = new Array<number>(bytes.length * 2);
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i] ?? 0;
    codes[2 * i] = HEX[byte >> 4] ?? 0;
    codes[2 * i + 1] = HEX[byte & 15] ?? 0;
  }
  return textOf(codes);
}

/** Bytes of hexadecimal text. Throws a RangeError for an odd length or another character. */
export function fromHex(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length >> 1);
  let wrong = 0;
  for (let i = 0; i < bytes.length; i++) {
    const high = nibble(text.charCodeAt(2 * i));
    const low = nibble(text.charCodeAt(2 * i + 1));
    wrong |= high | low;
    bytes[i] = (high << 4) | low;
  }
  if (wrong < 0 || text.length % 2 !== 0) {
    throw new RangeError(`not hexadecimal text: ${text.slice(0, 80)}`);
  }
  return bytes;
}

/** Value of a hexadecimal character's code, or -1. */
function nibble(code: number): number {
  if (code >= 48 && code <= 57) return code - 48;
  const letter = code | 32;
  return letter >= 97 && letter <= 102 ? letter - 87 : -1;
}

/** The parts in one array. */
export function concatBytes(...parts: readonly Uint8Array[]): Uint8Array {
  let length = 0;
  for (const part of parts) length += part.length;
  const whole = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** True when both hold the same bytes. Not constant in time: never compare secrets with it. */
export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

/** Bytes of ASCII text. Throws a RangeError for any other character. */
export function asciiBytes(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code > 0x7f) throw new RangeError(`not ASCII: ${text.slice(0, 80)}`);
    bytes[i] = code;
  }
  return bytes;
}

/** Text of ASCII bytes. Throws a RangeError for a byte above 0x7f. */
export function asciiText(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) {
    if (byte > 0x7f) throw new RangeError('not ASCII');
    text += String.fromCharCode(byte);
  }
  return text;
}

/** UTF-8 of text. Throws a RangeError for half of a surrogate pair. */
export function utf8Bytes(text: string): Uint8Array {
  let escaped: string;
  try {
    escaped = encodeURIComponent(text);
  } catch {
    throw new RangeError('text with half of a surrogate pair');
  }
  const bytes = new Uint8Array(escaped.length);
  let length = 0;
  for (let at = 0; at < escaped.length; at++) {
    const code = escaped.charCodeAt(at);
    bytes[length++] = code === PERCENT ? parseInt(escaped.slice(at + 1, (at += 2) + 1), 16) : code;
  }
  return bytes.slice(0, length);
}

/** Text of UTF-8 bytes. Throws a RangeError for bytes that are not UTF-8: overlong forms and surrogates are none. */
export function utf8Text(bytes: Uint8Array): string {
  const hex = toHex(bytes);
  try {
    return decodeURIComponent(hex.replaceAll(/../g, '%$&'));
  } catch {
    throw new RangeError('not UTF-8');
  }
}

const PERCENT = 0x25;

/** RFC 4648 §5 text without padding. */
export function toBase64Url(bytes: Uint8Array): string {
  const codes = new Array<number>(Math.ceil(bytes.length / 3) * 4);
  let at = 0;
  for (let i = 0; i < bytes.length; i += 3) {
    const word = ((bytes[i] ?? 0) << 16) | ((bytes[i + 1] ?? 0) << 8) | (bytes[i + 2] ?? 0);
    for (let shift = 18; shift >= 0; shift -= 6) codes[at++] = BASE64URL_CODES[(word >> shift) & 63] ?? 0;
  }
  // Each byte that is missing in the last group of three leaves out a character.
  codes.length = Math.ceil((bytes.length * 4) / 3);
  return textOf(codes);
}

/** Bytes of RFC 4648 §5 text without padding. Throws a RangeError for text that is not the canonical encoding of any bytes. */
export function fromBase64Url(text: string): Uint8Array {
  const tail = text.length % 4;
  const bytes = new Uint8Array((text.length * 3) >> 2);
  let at = 0;
  let word = 0;
  let bits = 0;
  for (const character of text) {
    const value = BASE64URL.indexOf(character);
    if (value < 0) throw new RangeError('not base64url text');
    word = ((word << 6) | value) & 0xffff;
    bits += 6;
    if (bits >= 8) {
      bits -= 8;
      bytes[at++] = (word >> bits) & 0xff;
    }
  }
  if (tail === 1 || (word & ((1 << bits) - 1)) !== 0) throw new RangeError('not canonical base64url text');
  return bytes;
}
