import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { digest } from '@concordat/protocol';
import { type VotingIdentity, VotingState, VotingStateError } from './voting-state';

describe('a signing key and its voting state', () => {
  let folder: string;
  let identity: VotingIdentity;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'concordat-voting-'));
    mkdirSync(join(folder, 'keys'));
    identity = {
      swarmId: digest('a'.repeat(64)),
      nodeId: 'n1',
      publicKey: new Uint8Array(32).fill(7),
      keyFile: join(folder, 'keys', 'key.json'),
      dataDir: join(folder, 'data'),
    };
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  const check = (change: Partial<VotingIdentity> = {}): VotingState => VotingState.check({ ...identity, ...change });
  const refusal = (change: Partial<VotingIdentity> = {}): string => {
    try {
      check(change);
    } catch (error) {
      if (error instanceof VotingStateError) return error.message;
      throw error;
    }
    return 'granted';
  };
  const begin = (): void => check().bind(true);

  it('begin together, readable by their owner only', () => {
    begin();
    const bound = `${identity.keyFile}.voting-state`;
    expect(statSync(bound).mode & 0o077).toBe(0);
    expect(statSync(identity.dataDir).mode & 0o077).toBe(0);
    expect(readdirSync(identity.dataDir)).toEqual(['member.json']);
  });

  it('go on together', () => {
    begin();
    expect(() => check().bind(false)).not.toThrow();
  });

  it('may begin again when a start ended before anything was signed', () => {
    check();
    expect(() => check().bind(true)).not.toThrow();
    expect(() => check().bind(false)).not.toThrow();
  });

  it.each([
    [
      'an empty folder',
      () => rmSync(identity.dataDir, { recursive: true }),
      /has run before, but .* does not hold its voting state/,
    ],
    [
      'a label that is damaged',
      () => writeFileSync(join(identity.dataDir, 'member.json'), '{"format":1}'),
      /is damaged/,
    ],
    ['a label that is torn', () => writeFileSync(join(identity.dataDir, 'member.json'), '{"for'), /cannot be read/],
    ['a copy that is damaged', () => writeFileSync(`${identity.keyFile}.voting-state`, '[]'), /is damaged/],
  ])('refuse %s', (_, damage, message) => {
    begin();
    damage();
    expect(refusal()).toMatch(message);
    expect(refusal()).toMatch(message);
  });

  it('refuse a folder of the same name that was begun anew', () => {
    begin();
    rmSync(identity.dataDir, { recursive: true });
    rmSync(`${identity.keyFile}.voting-state`);
    const otherKey = { keyFile: join(folder, 'keys', 'copy.json') };
    check(otherKey).bind(true);
    check();
    rmSync(identity.dataDir, { recursive: true });
    check({ keyFile: join(folder, 'keys', 'third.json') });
    expect(refusal(otherKey)).toMatch(/does not hold its voting state/);
  });

  it.each([
    ['swarm_id', { swarmId: digest('b'.repeat(64)) }],
    ['node_id', { nodeId: 'n2' }],
    ['public_key', { publicKey: new Uint8Array(32) }],
  ])('refuse the folder of another member: its %s differs', (field, change) => {
    begin();
    expect(refusal(change)).toContain(`belongs to another member: its ${field}`);
  });

  it('refuse a folder without its vote log, at the next start too', () => {
    begin();
    expect(() => check().bind(true)).toThrow(/vote log of its data folder is gone/);
    expect(refusal()).toMatch(/does not hold its voting state/);
  });
});
