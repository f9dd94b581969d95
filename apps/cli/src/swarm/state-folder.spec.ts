import { mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createKeyFile } from '@concordat/crypto';
import { type EngineName } from '@concordat/protocol';
import { temporaryFolder } from '../testing/captured';
import { openSwarmState } from './state-folder';

describe('the state folder of a local swarm', () => {
  const temporary = temporaryFolder();
  let runs = 0;
  const fresh = (): string => join(temporary.path, `swarm-${runs++}`);
  afterAll(temporary.remove);

  it('is made once, with keys for their owner only, and then stands', () => {
    const folder = fresh();
    const made = openSwarmState({ folder, swarm: 'local' });
    expect(made.created).toBe(true);
    expect(made.members.map(({ nodeId }) => nodeId)).toEqual(['node-0', 'node-1', 'node-2', 'node-3']);
    for (const { keyFile } of made.members) expect(statSync(keyFile).mode & 0o777).toBe(0o600);
    const text = readFileSync(made.genesisFile, 'utf8');
    expect(openSwarmState({ folder, swarm: 'local', nodes: 4 })).toEqual({ ...made, created: false });
    expect(readFileSync(made.genesisFile, 'utf8')).toBe(text);
  });

  it('names the engine that was asked for, and whoever asks for none takes the one that is there', () => {
    const folder = fresh();
    const made = openSwarmState({ folder, swarm: 'local', engine: 'hotstuff' });
    expect(made.genesis.table.engine).toBe('hotstuff');
    for (const options of [{}, { engine: 'hotstuff' as const }])
      expect(openSwarmState({ folder, swarm: 'local', ...options })).toEqual({ ...made, created: false });
  });

  it('goes on where an interrupted run stopped before the genesis was written', () => {
    const folder = fresh();
    mkdirSync(join(folder, 'node-0'), { recursive: true });
    const { publicKey } = createKeyFile(join(folder, 'node-0', 'key.json'), 'ed25519');
    writeFileSync(join(folder, 'node-0', 'key.json.abc.tmp'), '');
    const { genesis } = openSwarmState({ folder, swarm: 'local' });
    expect(genesis.table.members[0]?.publicKey).toEqual(publicKey);
  });

  const refused: readonly {
    name: string;
    spoil: (folder: string) => void;
    nodes?: number;
    swarm?: string;
    engine?: EngineName;
    says: string;
  }[] = [
    {
      name: 'another number of members',
      spoil: () => undefined,
      nodes: 7,
      says: 'holds a swarm of 4 members, and --nodes asks for 7',
    },
    {
      name: 'another engine',
      spoil: () => undefined,
      engine: 'hotstuff',
      says: 'holds a swarm that runs pbft, and --protocol asks for hotstuff: choose another --data or --swarm, or delete',
    },
    { name: 'another swarm', spoil: () => undefined, swarm: 'other', says: 'holds swarm local, not other' },
    {
      name: 'a genesis that is no JSON',
      spoil: (folder) => writeFileSync(join(folder, 'genesis.json'), '{'),
      says: 'is not JSON',
    },
    {
      name: 'a missing key',
      spoil: (folder) => rmSync(join(folder, 'node-1', 'key.json')),
      says: 'key.json: does not exist',
    },
    {
      name: 'the key of somebody else',
      spoil: (folder) => {
        rmSync(join(folder, 'node-1', 'key.json'));
        createKeyFile(join(folder, 'node-1', 'key.json'), 'ed25519');
      },
      says: 'is not the key that the genesis names for node-1',
    },
    {
      name: 'members that have voted without their genesis',
      spoil: (folder) => {
        mkdirSync(join(folder, 'node-0', 'data'));
        rmSync(join(folder, 'genesis.json'));
      },
      says: 'holds a member of another swarm (data)',
    },
  ];
  it.each(refused)('refuses $name', ({ spoil, nodes, swarm = 'local', engine, says }) => {
    const folder = fresh();
    openSwarmState({ folder, swarm: 'local' });
    spoil(folder);
    const asked = { ...(nodes === undefined ? {} : { nodes }), ...(engine === undefined ? {} : { engine }) };
    expect(() => openSwarmState({ folder, swarm, ...asked })).toThrow(says);
  });
});
