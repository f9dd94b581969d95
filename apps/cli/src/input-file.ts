import { readFileSync, statSync } from 'node:fs';
import { CliError, messageOf, systemCode, usageError } from './errors';

/** Bytes of a file with a chain of epoch changes: more is refused before it is parsed. */
const CHAIN_BYTES_MAX = 256 * 1024 * 1024;

/** A file's bytes; `what` is how a person calls it. Throws a CliError. */
export function readBytes(file: string, what: string, bytesMax = Infinity): Buffer {
  try {
    const { size } = statSync(file);
    if (size > bytesMax) throw usageError(`the ${what} ${file} has ${size} bytes, at most ${bytesMax} are read.`);
    return readFileSync(file);
  } catch (thrown) {
    if (thrown instanceof CliError) throw thrown;
    throw usageError(`the ${what} ${file} cannot be read (${systemCode(thrown) ?? messageOf(thrown)}).`, {
      cause: thrown,
    });
  }
}

/** A file's text. Throws a CliError. */
export const readText = (file: string, what: string, bytesMax?: number): string =>
  readBytes(file, what, bytesMax).toString('utf8');

/** A chain of epochs, as `concordat epochs --out` writes it: nothing in it is verified. Throws a CliError. */
export function readChain(file: string): unknown {
  try {
    return JSON.parse(readText(file, 'chain of epochs', CHAIN_BYTES_MAX));
  } catch (thrown) {
    if (thrown instanceof CliError) throw thrown;
    throw usageError(`the chain of epochs ${file} is not JSON.`, { cause: thrown });
  }
}
