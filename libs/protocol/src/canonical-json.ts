/** A lone half of a surrogate pair: text that has no UTF-8 encoding. */
const LONE_SURROGATE = /[\ud800-\udfff]/u;

/**
 * The one JSON text of a value, after RFC 8785 (JCS): no white space, keys in the order of their UTF-16 code units, numbers
 * and strings as ECMAScript writes them. Throws a RangeError for what JSON cannot hold.
 */
export function canonicalJson(value: unknown): string {
  if (value === null || typeof value === 'boolean') return String(value);
  if (typeof value === 'string') return canonicalText(value);
  if (typeof value === 'number') {
    if (!Number.isFinite(value)) throw new RangeError(`JSON has no ${String(value)}`);
    return JSON.stringify(value);
  }
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`;
  if (typeof value !== 'object') throw new RangeError(`JSON has no ${typeof value}`);
  // The default order of sort() is that of UTF-16 code units.
  const members = Object.keys(value)
    .sort()
    .map((key) => `${canonicalText(key)}:${canonicalJson((value as Readonly<Record<string, unknown>>)[key])}`);
  return `{${members.join(',')}}`;
}

function canonicalText(text: string): string {
  if (LONE_SURROGATE.test(text)) throw new RangeError('text with half of a surrogate pair');
  return JSON.stringify(text);
}
