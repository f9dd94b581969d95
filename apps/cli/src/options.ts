import { EPOCH_AGE_MAX } from '@concordat/client';
import { ENGINES, isId } from '@concordat/protocol';
import { InvalidArgumentError, Option } from 'commander';

/** Parser of an integer option from `min` to `max`. */
export const integer =
  (min: number, max: number) =>
  (text: string): number => {
    const value = Number(text);
    if (!/^\d+$/.test(text) || value < min || value > max) {
      throw new InvalidArgumentError(`It must be a whole number from ${min} to ${max}.`);
    }
    return value;
  };

/** The option that bounds how far a chain of epochs may lead. */
export const maxEpochAgeOption = (): Option =>
  new Option('--max-epoch-age <epochs>', 'epochs that the chain may lead beyond the genesis')
    .argParser(integer(0, 1_000_000))
    .default(EPOCH_AGE_MAX);

/** Parser of a positive number option, at most `max`. */
export const positive =
  (max: number) =>
  (text: string): number => {
    const value = Number(text);
    if (!/^\d+(\.\d+)?$/.test(text) || value <= 0 || value > max) {
      throw new InvalidArgumentError(`It must be a number above 0, at most ${max}.`);
    }
    return value;
  };

/** Parser of a name that is part of a NATS subject. */
export function subjectToken(text: string): string {
  if (!isId(text)) throw new InvalidArgumentError('It must be 1 to 63 of A-Z a-z 0-9 _ -.');
  return text;
}

/** Parser of an HTTP address. */
export function httpUrl(text: string): string {
  if (!/^https?:\/\//.test(text) || !URL.canParse(text)) {
    throw new InvalidArgumentError('It must be an address such as http://127.0.0.1:8002.');
  }
  return text.replace(/\/+$/, '');
}

/** Parser of one or more NATS addresses with commas between them. */
export function natsUrl(text: string): string {
  const isAddress = (part: string): boolean => {
    const url = part.includes('://') ? part : `nats://${part}`;
    return URL.canParse(url) && new URL(url).host !== '';
  };
  if (!text.split(',').every((part) => isAddress(part.trim()))) {
    throw new InvalidArgumentError('It must be an address such as nats://127.0.0.1:4222.');
  }
  return text;
}

/** How members agree. */
export const protocolOption = (): Option =>
  new Option('--protocol <engine>', 'how members agree: pbft in few steps, hotstuff with few messages').choices(
    Object.keys(ENGINES),
  );

/** A value on the command line: JSON, else the text itself. */
export function jsonOrText(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}
