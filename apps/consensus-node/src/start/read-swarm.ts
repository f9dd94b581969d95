import { readFileSync } from 'node:fs';
import { KeyFileError, nativeHash, readKeyFile, type StoredKey } from '@concordat/crypto';
import {
  type Digest,
  EpochTableError,
  equalBytes,
  type Genesis,
  genesisFromJson,
  nodeId,
  type NodeId,
  swarmId,
} from '@concordat/protocol';
import { MemberKeys } from './member-keys';
import { type LoadedSettings, type SettingProblem } from '../config/load-settings';

/** Who this member is, and in which swarm. */
export interface SwarmIdentity {
  readonly genesis: Genesis;
  readonly swarmId: Digest;
  readonly nodeId: NodeId;
  readonly keys: MemberKeys;
}

/** What the files of a member say; what is missing is among `problems`. */
export interface ReadSwarm {
  readonly genesis: Genesis | undefined;
  readonly identity: SwarmIdentity | undefined;
  readonly problems: readonly SettingProblem[];
}

function readGenesis(path: string, problems: SettingProblem[]): Genesis | undefined {
  try {
    return genesisFromJson(JSON.parse(readFileSync(path, 'utf8')));
  } catch (error) {
    problems.push({ key: 'GENESIS_FILE', message: whyNoGenesis(path, error) });
    return undefined;
  }
}

function whyNoGenesis(path: string, error: unknown): string {
  if (error instanceof SyntaxError) return `is no JSON: ${path}`;
  if (error instanceof EpochTableError) return `is refused: ${error.message} (${path})`;
  // What is left comes from the file system.
  return `cannot be read: ${error instanceof Error ? error.message : String(error)}`;
}

function readKey(path: string, problems: SettingProblem[]): StoredKey | undefined {
  try {
    return readKeyFile(path);
  } catch (error) {
    if (!(error instanceof KeyFileError)) throw error;
    problems.push({ key: 'KEY_FILE', message: `cannot be used: ${error.message}` });
    return undefined;
  }
}

/** Reads genesis and key, as far as the settings name them, and checks that the key is this member's. Never throws for what the files hold. */
export function readSwarm({ settings }: LoadedSettings): ReadSwarm {
  const { NODE_ID, GENESIS_FILE, KEY_FILE, NEXT_KEY_FILE, JOIN } = settings;
  const problems: SettingProblem[] = [];
  const genesis = GENESIS_FILE === undefined ? undefined : readGenesis(GENESIS_FILE, problems);
  const key = KEY_FILE === undefined ? undefined : readKey(KEY_FILE, problems);
  if (genesis === undefined || NODE_ID === undefined) return { genesis, identity: undefined, problems };
  const member = genesis.table.members.find(({ nodeId }) => nodeId === NODE_ID);
  if (member === undefined && JOIN !== true) {
    const message = `is no member of the genesis: ${NODE_ID}; a node that joined later needs JOIN=true`;
    problems.push({ key: 'NODE_ID', message });
    return { genesis, identity: undefined, problems };
  }
  if (key === undefined || KEY_FILE === undefined) return { genesis, identity: undefined, problems };
  if (key.scheme !== genesis.table.signatureScheme)
    problems.push({
      key: 'KEY_FILE',
      message: `is for ${key.scheme}, the genesis says ${genesis.table.signatureScheme}`,
    });
  else if (JOIN !== true && member !== undefined && !equalBytes(key.publicKey, member.publicKey)) {
    const message = `is not the key that the genesis has for ${NODE_ID}; a member whose key was rotated needs JOIN=true`;
    problems.push({ key: 'KEY_FILE', message });
  }
  const id = swarmId(nativeHash, genesis);
  const keys = new MemberKeys(nodeId(NODE_ID), key, KEY_FILE, NEXT_KEY_FILE || undefined);
  return { genesis, identity: { genesis, swarmId: id, nodeId: keys.nodeId, keys }, problems };
}
