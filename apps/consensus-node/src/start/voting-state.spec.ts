import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { digest } from '@concordat/protocol';
import { type KeyPlace, type VotingIdentity, VotingState, VotingStateError } from './voting-state';

describe('a signing key and its voting state', () => {
  let folder: string;
  let identity: VotingIdentity;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'concordat-voting-'));
    mkdirSync(join(folder, 'keys'));
    identity = {
      swarmId: digest('a'.repeat(64)),
      nodeId: 'n1',
      key: { publicKey: new Uint8Array(32).fill(7), file: join(folder, 'keys', 'key.json') },
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
    const bound = `${identity.key.file}.voting-state`;
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
    ['a copy that is damaged', () => writeFileSync(`${identity.key.file}.voting-state`, '[]'), /is damaged/],
  ])('refuse %s', (_, damage, message) => {
    begin();
    damage();
    expect(refusal()).toMatch(message);
    expect(refusal()).toMatch(message);
  });

  it('refuse a folder of the same name that was begun anew', () => {
    begin();
    rmSync(identity.dataDir, { recursive: true });
    rmSync(`${identity.key.file}.voting-state`);
    const otherKey = { key: { ...identity.key, file: join(folder, 'keys', 'copy.json') } };
    check(otherKey).bind(true);
    check();
    rmSync(identity.dataDir, { recursive: true });
    check({ key: { ...identity.key, file: join(folder, 'keys', 'third.json') } });
    expect(refusal(otherKey)).toMatch(/does not hold its voting state/);
  });

  it.each([
    ['swarm_id', { swarmId: digest('b'.repeat(64)) }],
    ['node_id', { nodeId: 'n2' }],
    ['public_key', { key: { publicKey: new Uint8Array(32), file: '/nowhere/key.json' } }],
  ])('refuse the folder of another member: its %s differs', (field, change) => {
    begin();
    expect(refusal(change)).toContain(`belongs to another member: its ${field}`);
  });

  it('refuse a folder without its vote log, at the next start too', () => {
    begin();
    expect(() => check().bind(true)).toThrow(/vote log of its data folder is gone/);
    expect(refusal()).toMatch(/does not hold its voting state/);
  });

  describe('a further key', () => {
    const next = (): KeyPlace => ({ publicKey: new Uint8Array(32).fill(8), file: join(folder, 'keys', 'next.json') });
    const adopt = (change: Partial<VotingIdentity> = {}): void => {
      const state = check(change);
      state.bind(false);
      state.adopt(next());
    };
    const restarts = (key: KeyPlace): string => {
      const said = refusal({ key });
      if (said === 'granted') check({ key }).bind(false);
      return said;
    };

    it('is taken by the folder of the first one; each then goes on alone, and both together', () => {
      begin();
      expect(refusal({ key: next() })).toMatch(/belongs to another member: its public_key/);
      adopt();
      adopt();
      expect(statSync(`${next().file}.voting-state`).mode & 0o077).toBe(0);
      expect([restarts(next()), restarts(identity.key)]).toEqual(['granted', 'granted']);
      rmSync(`${identity.key.file}.voting-state`);
      expect(restarts(next())).toBe('granted');
    });

    it('is bound to that folder as the first one is', () => {
      begin();
      adopt();
      const elsewhere = { dataDir: join(folder, 'other') };
      expect(refusal({ key: next(), ...elsewhere })).toMatch(/does not hold its voting state/);
      rmSync(identity.dataDir, { recursive: true });
      expect(refusal({ key: next() })).toMatch(/does not hold its voting state/);
    });

    it('refuses to start without the vote log', () => {
      begin();
      adopt();
      expect(() => check({ key: next() }).bind(true)).toThrow(/vote log of its data folder is gone/);
    });

    it('that ran on another folder is not taken', () => {
      check({ key: next(), dataDir: join(folder, 'other') }).bind(true);
      begin();
      expect(() => adopt()).toThrow(/does not hold its voting state/);
      expect(refusal({ key: next() })).toMatch(/belongs to another member: its public_key/);
    });

    it('whose taking was cut short between folder and copy is taken again', () => {
      begin();
      adopt();
      rmSync(`${next().file}.voting-state`);
      adopt();
      expect(refusal({ key: next(), dataDir: join(folder, 'other') })).toMatch(/does not hold its voting state/);
    });
  });
});
