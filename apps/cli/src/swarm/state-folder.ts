import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { equalBytes, type Genesis } from '@concordat/protocol';
import { messageOf, systemCode, usageError } from '../errors';
import { createGenesis, readGenesisFile, writeGenesisFile } from '../genesis-file';
import { createMemberKeys, keyFileOf, readMemberKey } from './member-keys';

/** Where one member of a local swarm keeps what is its own. */
export interface MemberPlace {
  readonly nodeId: string;
  readonly keyFile: string;
  readonly dataDir: string;
  readonly logFile: string;
}

/** The state of a local swarm on disk: `genesis.json` and a folder per member. */
export interface SwarmState {
  readonly genesis: Genesis;
  readonly genesisFile: string;
  readonly members: readonly MemberPlace[];
  /** True when this run made it. */
  readonly created: boolean;
}

/** Members of a new swarm when nothing is said. */
export const DEFAULT_NODES = 4;

/**
 * Opens the folder of a local swarm, and makes genesis and keys where there is none. What is there stands: another number
 * of members or another swarm than its genesis is an error that says what to do. Throws a CliError.
 */
export function openSwarmState(options: {
  readonly folder: string;
  readonly swarm: string;
  /** Undefined: as many as its genesis has, else DEFAULT_NODES. */
  readonly nodes?: number;
}): SwarmState {
  const { folder, swarm, nodes } = options;
  const genesisFile = join(folder, 'genesis.json');
  const created = !existsSync(genesisFile);
  if (created) createState(folder, genesisFile, swarm, nodes ?? DEFAULT_NODES);
  const genesis = readGenesisFile(genesisFile);
  const count = genesis.table.members.length;
  const way = 'choose another --data or --swarm, or delete the folder to start anew';
  if (genesis.swarm !== swarm) throw usageError(`${folder} holds swarm ${genesis.swarm}, not ${swarm}: ${way}.`);
  if (nodes !== undefined && nodes !== count) {
    throw usageError(`${folder} holds a swarm of ${count} members, and --nodes asks for ${nodes}: ${way}.`);
  }
  return {
    genesis,
    genesisFile,
    members: genesis.table.members.map(({ nodeId }) => placeOf(folder, genesis, nodeId)),
    created,
  };
}

/** The genesis comes last: a folder without one never was a swarm. */
function createState(folder: string, genesisFile: string, swarm: string, nodes: number): void {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
  } catch (thrown) {
    throw usageError(`the folder ${folder} cannot be made (${systemCode(thrown) ?? messageOf(thrown)}).`, {
      cause: thrown,
    });
  }
  const members = createMemberKeys(folder, nodes, 'ed25519');
  writeGenesisFile(genesisFile, createGenesis({ swarm, members, scheme: 'ed25519' }));
}

function placeOf(folder: string, { table }: Genesis, node: string): MemberPlace {
  const keyFile = keyFileOf(folder, node);
  const publicKey = table.members.find(({ nodeId }) => nodeId === node)?.publicKey;
  if (publicKey === undefined || !equalBytes(readMemberKey(keyFile).publicKey, publicKey)) {
    throw usageError(
      `${keyFile} is not the key that the genesis names for ${node}: restore it, or delete ${folder} to start anew.`,
    );
  }
  const own = join(folder, node);
  return { nodeId: node, keyFile, dataDir: join(own, 'data'), logFile: join(own, 'member.log') };
}
