import { existsSync } from 'node:fs';
import { KeyFileError, readKeyFile, type StoredKey } from '@concordat/crypto';
import { type Committee, equalBytes, type NodeId } from '@concordat/protocol';
import { type KeyPlace } from './voting-state';

/** Keys of one member: the one that it has, and the one that it changes to, whose file may come while it runs. */
export class MemberKeys {
  private next: StoredKey | undefined;
  private adopt: ((place: KeyPlace) => void) | undefined;

  constructor(
    readonly nodeId: NodeId,
    readonly key: StoredKey,
    readonly keyFile: string,
    private readonly nextKeyFile?: string,
  ) {}

  /**
   * Names who ties a further key to the voting state before it signs, and reads the next key if its file is there. Throws
   * what `adopt` throws, and a KeyFileError for a file that is no key of this swarm.
   */
  useWith(adopt: (place: KeyPlace) => void): void {
    this.adopt = adopt;
    this.look();
  }

  /** The key that a table names for this member; undefined for none of its own. */
  in(committee: Committee): StoredKey | undefined {
    const index = committee.indexOf(this.nodeId);
    const named = index === undefined ? undefined : committee.member(index)?.publicKey;
    const isNamed = (key: StoredKey | undefined): key is StoredKey =>
      key !== undefined && named !== undefined && equalBytes(key.publicKey, named);
    return [this.key, this.next].find(isNamed);
  }

  /** Reads the next key when its file has come. Throws as `useWith` does. */
  look(): void {
    const { adopt, key, nextKeyFile: file } = this;
    if (this.next !== undefined || file === undefined || adopt === undefined || !existsSync(file)) return;
    const next = readKeyFile(file);
    if (next.scheme !== key.scheme)
      throw new KeyFileError('wrong_format', file, `is for ${next.scheme}, not ${key.scheme}`);
    // The key has taken its place, and its file was left behind.
    if (equalBytes(next.publicKey, key.publicKey)) return;
    adopt({ publicKey: next.publicKey, file });
    this.next = next;
  }
}
