import { JSON_DEPTH_MAX } from '@concordat/client';

const utf8 = new TextEncoder();

/** What keeps a parsed JSON value from being written again as it was; undefined when nothing does. */
function flaw(value: unknown, levelsLeft: number): string | undefined {
  if (typeof value === 'number') return Number.isFinite(value) ? undefined : 'holds a number that no one can write';
  if (typeof value !== 'object' || value === null) return undefined;
  if (levelsLeft === 0) return `is nested more than ${JSON_DEPTH_MAX} levels deep`;
  for (const item of Array.isArray(value) ? (value as unknown[]) : Object.values(value)) {
    const found = flaw(item, levelsLeft - 1);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** A parsed JSON value as bytes, or what is wrong with it, as the end of a sentence. Nothing recursive runs deeper than the bound. */
export function jsonBytes(value: unknown, bytesMax: number): Uint8Array | string {
  const found = flaw(value, JSON_DEPTH_MAX);
  if (found !== undefined) return found;
  const bytes = utf8.encode(JSON.stringify(value));
  return bytes.length > bytesMax ? `has ${bytes.length} bytes as JSON, at most ${bytesMax} are allowed` : bytes;
}
