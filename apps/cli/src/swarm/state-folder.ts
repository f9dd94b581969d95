import { existsSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { type StoredKey } from '@concordat/crypto';
import { equalBytes, isId, type EngineName, type Genesis } from '@concordat/protocol';
import { messageOf, systemCode, usageError } from '../errors';
import { createGenesis, readGenesisFile, writeGenesisFile } from '../genesis-file';
import { createMemberKeys, keyFileOf, makeKey, OPERATOR_KEY, readMemberKey } from './member-keys';

/** Where one member of a local swarm keeps what is its own. */
export interface MemberPlace {
  readonly nodeId: string;
  readonly keyFile: string;
  /** Where its next key will lie, if it changes it. */
  readonly nextKeyFile: string;
  /** The genesis does not name it, or not with this key: it joined later, or changed its key. */
  readonly joined: boolean;
  readonly dataDir: string;
  readonly logFile: string;
}

/** The state of a local swarm on disk: `genesis.json` and a folder per member. */
export interface SwarmState {
  readonly genesis: Genesis;
  readonly genesisFile: string;
  /** Those of the genesis, then those that were added. */
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
  /** Undefined: the one that its genesis names, else PBFT. */
  readonly engine?: EngineName;
}): SwarmState {
  const { folder, swarm, nodes, engine } = options;
  const genesisFile = join(folder, 'genesis.json');
  const created = !existsSync(genesisFile);
  if (created) createState(folder, genesisFile, { swarm, nodes: nodes ?? DEFAULT_NODES, engine: engine ?? 'pbft' });
  const genesis = readGenesisFile(genesisFile);
  const count = genesis.table.members.length;
  const way = 'choose another --data or --swarm, or delete the folder to start anew';
  if (genesis.swarm !== swarm) throw usageError(`${folder} holds swarm ${genesis.swarm}, not ${swarm}: ${way}.`);
  if (nodes !== undefined && nodes !== count) {
    throw usageError(`${folder} holds a swarm of ${count} members, and --nodes asks for ${nodes}: ${way}.`);
  }
  if (engine !== undefined && engine !== genesis.table.engine)
    throw usageError(
      `${folder} holds a swarm that runs ${genesis.table.engine}, and --protocol asks for ${engine}: ${way}.`,
    );
  return {
    genesis,
    genesisFile,
    members: [
      ...genesis.table.members.map(({ nodeId }) => placeOf(folder, genesis, nodeId)),
      ...added(folder, genesis),
    ],
    created,
  };
}

/** The genesis comes last: a folder without one never was a swarm. */
function createState(
  folder: string,
  genesisFile: string,
  { swarm, nodes, engine }: { readonly swarm: string; readonly nodes: number; readonly engine: EngineName },
): void {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
  } catch (thrown) {
    throw usageError(`the folder ${folder} cannot be made (${systemCode(thrown) ?? messageOf(thrown)}).`, {
      cause: thrown,
    });
  }
  const members = createMemberKeys(folder, nodes, 'ed25519');
  const operators = [operatorKey(folder).publicKey];
  writeGenesisFile(genesisFile, createGenesis({ swarm, members, operators, scheme: 'ed25519', engine }));
}

/** Key of this swarm's operator; that of an interrupted run is used again. */
function operatorKey(folder: string): StoredKey {
  const file = join(folder, OPERATOR_KEY);
  return existsSync(file) ? readMemberKey(file) : makeKey(file, 'ed25519');
}

function placeOf(folder: string, { table }: Genesis, node: string): MemberPlace {
  const keyFile = keyFileOf(folder, node);
  const publicKey = table.members.find(({ nodeId }) => nodeId === node)?.publicKey;
  const named = publicKey !== undefined && equalBytes(readMemberKey(keyFile).publicKey, publicKey);
  const place = placeIn(folder, node, !named);
  // A key that has run in this folder was changed to; the node itself checks that they belong together.
  if (!named && !existsSync(`${keyFile}.voting-state`)) {
    throw usageError(
      `${keyFile} is not the key that the genesis names for ${node}: restore it, or delete ${folder} to start anew.`,
    );
  }
  return place;
}

/** Where a node of a local swarm keeps what is its own. */
export function placeIn(folder: string, node: string, joined: boolean): MemberPlace {
  const own = join(folder, node);
  return {
    nodeId: node,
    keyFile: keyFileOf(folder, node),
    nextKeyFile: join(own, 'next-key.json'),
    joined,
    dataDir: join(own, 'data'),
    logFile: join(own, 'member.log'),
  };
}

/** Nodes that the genesis does not name and that have run here: `concordat add-node` made them. */
function added(folder: string, { table }: Genesis): MemberPlace[] {
  const named = new Set<string>(table.members.map(({ nodeId }) => nodeId));
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && isId(entry.name) && !named.has(entry.name))
    .map(({ name }) => placeIn(folder, name, true))
    .filter(({ keyFile }) => existsSync(`${keyFile}.voting-state`))
    .sort((a, b) => a.nodeId.localeCompare(b.nodeId, 'en', { numeric: true }));
}
