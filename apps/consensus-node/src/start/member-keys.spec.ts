import { chmodSync, copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createKeyFile, KeyFileError, nativeHash, type StoredKey } from '@concordat/crypto';
import { Committee, createEpochTable, nodeId } from '@concordat/protocol';
import { MemberKeys } from './member-keys';
import { type KeyPlace } from './voting-state';

describe('the keys of a member', () => {
  let folder: string;
  let key: StoredKey;
  let nextFile: string;
  let adopted: KeyPlace[];

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'concordat-keys-'));
    key = createKeyFile(join(folder, 'key.json'), 'ed25519');
    nextFile = join(folder, 'next.json');
    adopted = [];
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  const keys = (): MemberKeys => new MemberKeys(nodeId('n1'), key, join(folder, 'key.json'), nextFile);
  const adopt = (place: KeyPlace): void => void adopted.push(place);
  const naming = (node: string, publicKey: Uint8Array): Committee =>
    new Committee(createEpochTable({ members: [{ nodeId: nodeId(node), publicKey }] }), nativeHash);

  it('the table says which one is used; a next key that comes later is adopted once, before it is used', () => {
    const both = keys();
    both.useWith(adopt);
    const next = createKeyFile(nextFile, 'ed25519');
    expect(both.in(naming('n1', next.publicKey))).toBeUndefined();
    both.look();
    both.look();
    expect(adopted).toEqual([{ publicKey: next.publicKey, file: nextFile }]);
    expect(both.in(naming('n1', next.publicKey))).toEqual(next);
    expect(both.in(naming('n1', key.publicKey))).toBe(key);
    expect(both.in(naming('n2', key.publicKey))).toBeUndefined();
  });

  it('a next key that is there at the start is adopted then', () => {
    createKeyFile(nextFile, 'ed25519');
    keys().useWith(adopt);
    expect(adopted).toHaveLength(1);
  });

  it('a next key that cannot be adopted is not used', () => {
    const next = createKeyFile(nextFile, 'ed25519');
    const both = keys();
    expect(() =>
      both.useWith(() => {
        throw new Error('of another folder');
      }),
    ).toThrow('of another folder');
    expect(both.in(naming('n1', next.publicKey))).toBeUndefined();
  });

  it('a next key that others may read, or of another scheme, is refused', () => {
    createKeyFile(nextFile, 'ed25519');
    chmodSync(nextFile, 0o644);
    expect(() => keys().useWith(adopt)).toThrow(KeyFileError);
    rmSync(nextFile);
    createKeyFile(nextFile, 'rsa-pss-2048');
    expect(() => keys().useWith(adopt)).toThrow(/is for rsa-pss-2048, not ed25519/);
    expect(adopted).toEqual([]);
  });

  it('a copy of the key itself is no next one', () => {
    copyFileSync(join(folder, 'key.json'), nextFile);
    keys().useWith(adopt);
    expect(adopted).toEqual([]);
  });
});
