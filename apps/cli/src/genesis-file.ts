import { randomBytes } from 'node:crypto';
import { closeSync, fsyncSync, linkSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import {
  createEpochTable,
  digest,
  EpochTableError,
  genesisFromJson,
  genesisToJson,
  toHex,
  type EngineName,
  type Genesis,
  type LeaderElection,
  type MemberOptions,
  type SignatureScheme,
} from '@concordat/protocol';
import { messageOf, systemCode, usageError } from './errors';

/** Where `concordat up` keeps the genesis of its default swarm. */
export const DEFAULT_GENESIS = '.concordat/local/genesis.json';

/** A genesis with fresh randomness. Throws a CliError for members that no table can have. */
export function createGenesis(options: {
  readonly swarm: string;
  readonly members: readonly MemberOptions[];
  readonly scheme: SignatureScheme;
  readonly f?: number;
  /** Public keys of those who may ask for changes of the member table. */
  readonly operators?: readonly Uint8Array[];
  readonly leaderElection?: LeaderElection;
  readonly weightedVoting?: boolean;
  readonly engine?: EngineName;
}): Genesis {
  const { swarm, members, scheme, f, operators = [], engine = 'pbft' } = options;
  const { leaderElection = 'round-robin', weightedVoting = false } = options;
  try {
    const table = createEpochTable({
      engine,
      members,
      operators,
      signatureScheme: scheme,
      leaderElection,
      weightedVoting,
      ...(f === undefined ? {} : { f }),
    });
    return { swarm, random: digest(toHex(randomBytes(32))), table };
  } catch (thrown) {
    if (thrown instanceof EpochTableError) throw usageError(`${thrown.message}.`, { cause: thrown });
    throw thrown;
  }
}

/** A genesis as the text of its file. */
export const genesisText = (genesis: Genesis): string => `${JSON.stringify(genesisToJson(genesis), undefined, 2)}\n`;

/** Reads a genesis. Throws a CliError that names the file and what is wrong with it. */
export function readGenesisFile(path: string): Genesis {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (thrown) {
    const reason = systemCode(thrown) ?? messageOf(thrown);
    throw usageError(`the genesis ${path} cannot be read (${reason}).`, { cause: thrown });
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (thrown) {
    throw usageError(`the genesis ${path} is not JSON.`, { cause: thrown });
  }
  try {
    return genesisFromJson(value);
  } catch (thrown) {
    if (!(thrown instanceof EpochTableError)) throw thrown;
    throw usageError(`the genesis ${path} is refused: ${thrown.message}.`, { cause: thrown });
  }
}

/**
 * Writes a genesis to a file that does not exist yet: whole or not at all, and durable when it returns. Never replaces one,
 * because members of the old one would then vote for another swarm. Throws a CliError.
 */
export function writeGenesisFile(path: string, genesis: Genesis): void {
  const temporary = `${path}.${process.pid}.tmp`;
  try {
    const descriptor = openSync(temporary, 'wx', 0o644);
    try {
      writeFileSync(descriptor, genesisText(genesis));
      fsyncSync(descriptor);
    } finally {
      closeSync(descriptor);
    }
    linkSync(temporary, path);
  } catch (thrown) {
    const code = systemCode(thrown);
    if (code === 'EEXIST') throw usageError(`${path} exists already; a genesis is never replaced.`, { cause: thrown });
    throw usageError(`the genesis cannot be written to ${path} (${code ?? messageOf(thrown)}).`, { cause: thrown });
  } finally {
    rmSync(temporary, { force: true });
  }
}
