import { IncomingMessage, ServerResponse } from 'node:http';
import { isNativeError } from 'node:util/types';
import { stdSerializers } from 'pino';

/** What stands in place of a secret. */
export const CENSORED = '[censored]';

const DEPTH_MAX = 6;
// A bare `key` may be a private one; `publicKey` and `proposalKey` say that they are not.
const SECRET =
  /^key$|secret|seed|passw|passphrase|token|authorization|credential|cookie|(?:private|signing|api|encryption)[-_]?key/i;

/** True for a field name whose value never goes to a log. */
export const isSecretName = (name: string): boolean => SECRET.test(name);

function censorFields(fields: object, depth: number): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(fields).map(([name, value]: [string, unknown]) => [
      name,
      isSecretName(name) ? CENSORED : censor(value, depth),
    ]),
  );
}

/**
 * A copy of `value` in which every field with a secret's name is censored. What is too deep to be looked at is left out.
 * Requests and responses of node:http stay as they are: pino-http writes a few fields of them, which createLogger redacts.
 */
export function censor(value: unknown, depth = 0): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (value instanceof IncomingMessage || value instanceof ServerResponse) return value;
  if (ArrayBuffer.isView(value)) return `${value.byteLength} bytes`;
  if (value instanceof Date) return value;
  if (depth >= DEPTH_MAX) return '[too deep]';
  if (Array.isArray(value)) return value.map((item) => censor(item, depth + 1));
  if (value instanceof Error || isNativeError(value)) return censorFields(stdSerializers.err(value), depth + 1);
  if (value instanceof Map) return censorFields(Object.fromEntries(value) as object, depth + 1);
  if (value instanceof Set) return [...value].map((item) => censor(item, depth + 1));
  return censorFields(value, depth + 1);
}
