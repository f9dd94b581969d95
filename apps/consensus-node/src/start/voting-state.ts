import { randomBytes } from 'node:crypto';
import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { type Digest, toBase64Url } from '@concordat/protocol';
import { z } from 'zod';

/** Why a member may not start on a data folder. */
export class VotingStateError extends Error {
  override readonly name = 'VotingStateError';
}

/** Who votes, and where its votes are kept. */
export interface VotingIdentity {
  readonly swarmId: Digest;
  readonly nodeId: string;
  readonly publicKey: Uint8Array;
  readonly keyFile: string;
  readonly dataDir: string;
}

const label = z.strictObject({
  format: z.literal('concordat.voting-state.v1'),
  swarm_id: z.string(),
  node_id: z.string(),
  public_key: z.string(),
  /** Drawn when the folder was begun: ties the key to this folder and no other. */
  folder: z.string(),
});
type Label = z.infer<typeof label>;

const LABEL_FILE = 'member.json';

function readLabel(path: string): Label | undefined {
  if (!existsSync(path)) return undefined;
  let value: unknown;
  try {
    value = JSON.parse(readFileSync(path, 'utf8'));
  } catch (cause) {
    throw new VotingStateError(`${path} cannot be read: ${(cause as Error).message}`, { cause });
  }
  const { success, data } = label.safeParse(value);
  if (!success) throw new VotingStateError(`${path} is damaged`);
  return data;
}

function syncFolder(folder: string): void {
  const descriptor = openSync(folder, 'r');
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

function writeLabel(path: string, value: Label): void {
  const temporary = `${path}.tmp`;
  const descriptor = openSync(temporary, 'w', 0o600);
  try {
    writeFileSync(descriptor, `${JSON.stringify(value, undefined, 2)}\n`);
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
  renameSync(temporary, path);
  syncFolder(dirname(resolve(path)));
}

/**
 * Ties a signing key to the one data folder that holds its voting state (Spec §6).
 *
 * A label in the folder and its copy beside the key (`<key file>.voting-state`) name each other. A key whose copy exists
 * starts on that folder only: on an empty or another one it could sign against what it signed before. The copy is made
 * before the first vote, once the folder is durable.
 */
export class VotingState {
  private constructor(
    private readonly folderFile: string,
    private readonly keyFile: string,
    private readonly own: Label,
    /** This key has run before. */
    private readonly isBound: boolean,
  ) {}

  /** Checks key and folder against each other; labels a new folder. Throws a VotingStateError. */
  static check({ swarmId, nodeId, publicKey, keyFile, dataDir }: VotingIdentity): VotingState {
    const folderFile = join(dataDir, LABEL_FILE);
    const boundFile = `${keyFile}.voting-state`;
    const identity = { swarm_id: swarmId, node_id: nodeId, public_key: toBase64Url(publicKey) };
    const inFolder = readLabel(folderFile);
    const besideKey = readLabel(boundFile);
    for (const field of ['swarm_id', 'node_id', 'public_key'] as const) {
      if (inFolder !== undefined && inFolder[field] !== identity[field])
        throw new VotingStateError(
          `data folder ${dataDir} belongs to another member: its ${field} is ${inFolder[field]}`,
        );
    }
    if (besideKey !== undefined && besideKey.folder !== inFolder?.folder) {
      throw new VotingStateError(
        `the key of ${nodeId} has run before, but ${dataDir} does not hold its voting state: restore that folder, or give the member a new key`,
      );
    }
    const own = inFolder ?? {
      format: 'concordat.voting-state.v1',
      ...identity,
      folder: randomBytes(16).toString('hex'),
    };
    if (inFolder === undefined) {
      mkdirSync(dataDir, { recursive: true, mode: 0o700 });
      writeLabel(folderFile, own);
    }
    return new VotingState(folderFile, boundFile, own, besideKey !== undefined);
  }

  /**
   * To be called once the folder is open and before anything is signed: `logIsNew` says that there was no vote log in it.
   * Throws a VotingStateError when the key has run before: then its log is lost.
   */
  bind(logIsNew: boolean): void {
    if (!this.isBound) {
      writeLabel(this.keyFile, this.own);
      return;
    }
    if (!logIsNew) return;
    // Opening has begun a log there, which would pass for the real one at the next start.
    rmSync(this.folderFile);
    throw new VotingStateError(
      `the key of ${this.own.node_id} has run before, but the vote log of its data folder is gone: restore the folder, or give the member a new key`,
    );
  }
}
