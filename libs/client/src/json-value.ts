import { toBase64Url } from '@concordat/protocol';

/** Levels of lists and objects that a value or metadata may be nested in: what every JSON reader and writer can take. */
export const JSON_DEPTH_MAX = 64;

/** What bytes say as JSON, or why they say nothing. */
export type JsonReading =
  { readonly ok: true; readonly value: unknown } | { readonly ok: false; readonly reason: string };

const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/**
 * True when no place in the JSON text is nested more deeply than `depthMax`. Looks at brackets outside of strings only,
 * so that it is cheap and safe before anything is parsed.
 */
export function isShallowJson(bytes: Uint8Array, depthMax = JSON_DEPTH_MAX): boolean {
  let depth = 0;
  let inString = false;
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i] ?? 0;
    if (inString) {
      if (byte === BACKSLASH) i++;
      else if (byte === QUOTE) inString = false;
    } else if (byte === QUOTE) inString = true;
    else if (byte === 0x5b || byte === 0x7b) {
      if (++depth > depthMax) return false;
    } else if (byte === 0x5d || byte === 0x7d) depth--;
  }
  return true;
}

/** Reads JSON text in UTF-8, nested at most `depthMax` levels deep. Never throws. */
export function readJson(bytes: Uint8Array, depthMax = JSON_DEPTH_MAX): JsonReading {
  if (!isShallowJson(bytes, depthMax)) return { ok: false, reason: `nested more than ${String(depthMax)} levels deep` };
  try {
    return { ok: true, value: JSON.parse(UTF8.decode(bytes)) };
  } catch {
    return { ok: false, reason: 'not JSON text in UTF-8' };
  }
}

/**
 * A request's value as people are shown it. Ordering does not look inside values, so a signer may have put other bytes
 * there: they are shown as `{"$base64url": "..."}`.
 */
export function presentJson(bytes: Uint8Array): unknown {
  const reading = readJson(bytes);
  return reading.ok ? reading.value : { $base64url: toBase64Url(bytes) };
}

function sameObject(a: Readonly<Record<string, unknown>>, b: Readonly<Record<string, unknown>>): boolean {
  const keys = Object.keys(a);
  return (
    keys.length === Object.keys(b).length && keys.every((key) => Object.hasOwn(b, key) && sameJson(a[key], b[key]))
  );
}

/** True when two JSON values are the same; the order of an object's keys does not count. */
export function sameJson(a: unknown, b: unknown): boolean {
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return Object.is(a, b);
  if (Array.isArray(a) || Array.isArray(b)) {
    if (!Array.isArray(a) || !Array.isArray(b) || a.length !== b.length) return false;
    return a.every((item, index) => sameJson(item, b[index]));
  }
  return sameObject(a as Readonly<Record<string, unknown>>, b as Readonly<Record<string, unknown>>);
}
