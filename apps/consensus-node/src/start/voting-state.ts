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

/** A key and the file that it lies in. */
export interface KeyPlace {
  readonly publicKey: Uint8Array;
  readonly file: string;
}

/** Who votes, and where its votes are kept. */
export interface VotingIdentity {
  readonly swarmId: Digest;
  readonly nodeId: string;
  readonly key: KeyPlace;
  readonly dataDir: string;
}

const label = z.strictObject({
  format: z.literal('concordat.voting-state.v1'),
  swarm_id: z.string(),
  node_id: z.string(),
  /** The key that the folder was begun with. */
  public_key: z.string(),
  /** Keys that the member changed to since then. */
  further_keys: z.array(z.string()).optional(),
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

const keysOf = ({ public_key: first, further_keys: further = [] }: Label): readonly string[] => [first, ...further];

/** The copy beside a key; undefined for one that never ran. Throws a VotingStateError when it names another folder. */
function readCopy(file: string, nodeId: string, dataDir: string, inFolder: Label | undefined): Label | undefined {
  const copy = readLabel(`${file}.voting-state`);
  if (copy === undefined || copy.folder === inFolder?.folder) return copy;
  throw new VotingStateError(
    `the key of ${nodeId} has run before, but ${dataDir} does not hold its voting state: restore that folder, or give the member a new key`,
  );
}

/**
 * Ties a member's signing keys to the one data folder that holds its voting state (Spec §6).
 *
 * A label in the folder and its copy beside each key (`<key file>.voting-state`) name each other. A key whose copy exists
 * starts on that folder only: on an empty or another one it could sign against what it signed before. The copy is made
 * before the first vote, once the folder is durable. A folder takes a further key only together with one that it knows.
 */
export class VotingState {
  private constructor(
    private readonly dataDir: string,
    private readonly keyFile: string,
    private own: Label,
    /** This key has run before. */
    private readonly isBound: boolean,
  ) {}

  /** Checks key and folder against each other; labels a new folder. Throws a VotingStateError. */
  static check({ swarmId, nodeId, key, dataDir }: VotingIdentity): VotingState {
    const folderFile = join(dataDir, LABEL_FILE);
    const identity = { swarm_id: swarmId, node_id: nodeId, public_key: toBase64Url(key.publicKey) };
    const inFolder = readLabel(folderFile);
    const refuse = (field: string, value: string): never => {
      throw new VotingStateError(`data folder ${dataDir} belongs to another member: its ${field} is ${value}`);
    };
    if (inFolder !== undefined) {
      if (inFolder.swarm_id !== swarmId) refuse('swarm_id', inFolder.swarm_id);
      if (inFolder.node_id !== nodeId) refuse('node_id', inFolder.node_id);
      if (!keysOf(inFolder).includes(identity.public_key)) refuse('public_key', keysOf(inFolder).join(' or '));
    }
    const copy = readCopy(key.file, nodeId, dataDir, inFolder);
    const own = inFolder ?? {
      format: 'concordat.voting-state.v1',
      ...identity,
      folder: randomBytes(16).toString('hex'),
    };
    if (inFolder === undefined) {
      mkdirSync(dataDir, { recursive: true, mode: 0o700 });
      writeLabel(folderFile, own);
    }
    return new VotingState(dataDir, key.file, own, copy !== undefined);
  }

  /**
   * To be called once the folder is open and before anything is signed: `logIsNew` says that there was no vote log in it.
   * Throws a VotingStateError when the key has run before: then its log is lost.
   */
  bind(logIsNew: boolean): void {
    if (!this.isBound) {
      writeLabel(`${this.keyFile}.voting-state`, this.own);
      return;
    }
    if (!logIsNew) return;
    // Opening has begun a log there, which would pass for the real one at the next start.
    rmSync(join(this.dataDir, LABEL_FILE));
    throw new VotingStateError(
      `the key of ${this.own.node_id} has run before, but the vote log of its data folder is gone: restore the folder, or give the member a new key`,
    );
  }

  /**
   * Takes a further key of this member, before anything is signed with it. To be called once the folder is bound. Throws a
   * VotingStateError for a key that has run on another folder.
   */
  adopt({ publicKey, file }: KeyPlace): void {
    const { own, dataDir } = this;
    const copy = readCopy(file, own.node_id, dataDir, own);
    const key = toBase64Url(publicKey);
    if (!keysOf(own).includes(key)) {
      this.own = { ...own, further_keys: [...(own.further_keys ?? []), key] };
      writeLabel(join(dataDir, LABEL_FILE), this.own);
    }
    // Last: a key with a copy is one that its folder knows.
    if (copy === undefined) writeLabel(`${file}.voting-state`, this.own);
  }
}
