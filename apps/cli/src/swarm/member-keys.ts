import { existsSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { createKeyFile, KeyFileError, readKeyFile, type StoredKey } from '@concordat/crypto';
import { nodeId, type MemberOptions, type NodeId, type SignatureScheme } from '@concordat/protocol';
import { usageError } from '../errors';

/** Name of member `index` of a local swarm. */
export const localNodeId = (index: number): NodeId => nodeId(`node-${index}`);

/** Name of the operator's key beside the genesis of a local swarm. */
export const OPERATOR_KEY = 'operator.json';

/** The member's private key in a folder that holds a folder per member. */
export const keyFileOf = (folder: string, node: string): string => join(folder, node, 'key.json');

/**
 * Makes the keys of members node-0 to node-(count-1) in `folder`, readable by their owner only, and returns the public halves.
 * A key that an interrupted run left, and that nothing else was made with, is used again. Throws a CliError.
 */
export function createMemberKeys(folder: string, count: number, scheme: SignatureScheme): MemberOptions[] {
  return Array.from({ length: count }, (_, index) => {
    const node = localNodeId(index);
    const { publicKey } = freshKey(folder, node, scheme);
    return { nodeId: node, publicKey };
  });
}

function freshKey(folder: string, node: NodeId, scheme: SignatureScheme): StoredKey {
  const own = join(folder, node);
  const path = keyFileOf(folder, node);
  mkdirSync(own, { recursive: true, mode: 0o700 });
  if (!existsSync(path)) return createKeyFile(path, scheme);
  // Beside anything else it is the key of a member that has voted, and a new swarm must not take it over.
  const others = readdirSync(own).filter((name) => name !== 'key.json' && !name.endsWith('.tmp'));
  if (others.length > 0) {
    throw usageError(
      `${own} holds a member of another swarm (${others.join(', ')}): choose another folder, or delete it.`,
    );
  }
  const key = readMemberKey(path);
  if (key.scheme !== scheme)
    throw usageError(`${path} is a key for ${key.scheme}, not ${scheme}: choose another folder, or delete it.`);
  return key;
}

/** Reads a member's key. Throws a CliError. */
export function readMemberKey(path: string): StoredKey {
  try {
    return readKeyFile(path);
  } catch (thrown) {
    if (thrown instanceof KeyFileError) throw usageError(`${thrown.message}.`, { cause: thrown });
    throw thrown;
  }
}

/** Writes a fresh key. Throws a CliError. */
export function makeKey(file: string, scheme: SignatureScheme): StoredKey {
  try {
    return createKeyFile(file, scheme);
  } catch (thrown) {
    if (thrown instanceof KeyFileError) throw usageError(`${thrown.message}.`, { cause: thrown });
    throw thrown;
  }
}
