import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { weightsByReputation } from '@concordat/consensus';
import { readKeyFile, signatureSuite } from '@concordat/crypto';
import { genesisFromJson, toBase64Url, type Genesis } from '@concordat/protocol';
import { EXIT } from '../errors';
import { run, temporaryFolder } from '../testing/captured';

const parsed = (text: string): Genesis => genesisFromJson(JSON.parse(text));

describe('concordat genesis', () => {
  const folder = temporaryFolder();
  afterAll(folder.remove);

  const memberArgs = (count: number): string[] =>
    Array.from({ length: count }, (_, i) => {
      const { publicKey } = signatureSuite('ed25519').generate();
      return ['--member', `m${i}=${toBase64Url(publicKey)}`];
    }).flat();

  it('writes keys where asked, for their owner only, and a genesis that names them', async () => {
    const keys = join(folder.path, 'keys');
    const out = join(folder.path, 'genesis.json');
    const { exitCode, out: said } = await run([
      'genesis',
      '--nodes',
      '4',
      '--keys',
      keys,
      '--swarm',
      'mine',
      '--out',
      out,
      '--json',
    ]);
    expect(exitCode).toBe(EXIT.done);
    const genesis = parsed(readFileSync(out, 'utf8'));
    expect(JSON.parse(said)).toMatchObject({ file: out, swarm: 'mine', nodes: 4, f: 1 });
    expect(genesis.table.members.map(({ nodeId }) => nodeId)).toEqual(['node-0', 'node-1', 'node-2', 'node-3']);
    for (const { nodeId, publicKey } of genesis.table.members) {
      const file = join(keys, nodeId, 'key.json');
      expect(statSync(file).mode & 0o777).toBe(0o600);
      expect(readKeyFile(file).publicKey).toEqual(publicKey);
    }
  });

  it('takes public keys of others, and then makes no key', async () => {
    const { exitCode, out } = await run(['genesis', ...memberArgs(7), '--f', '1']);
    expect(exitCode).toBe(EXIT.done);
    const { swarm, table } = parsed(out);
    expect({ swarm, f: table.f, n: table.members.length }).toEqual({ swarm: 'local', f: 1, n: 7 });
  });

  it('names operators: a key that it makes for its owner only, and those of others', async () => {
    const file = join(folder.path, 'operator.json');
    const other = toBase64Url(signatureSuite('ed25519').generate().publicKey);
    const { out } = await run(['genesis', ...memberArgs(1), '--operator', other, '--operator-key-out', file]);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(parsed(out).table.operators.map(toBase64Url)).toEqual([other, toBase64Url(readKeyFile(file).publicKey)]);
    const again = await run(['genesis', ...memberArgs(1), '--operator-key-out', file]);
    expect(again.exitCode).toBe(EXIT.usage);
    expect(again.err).toContain('exists already');
  });

  it('takes weights, reputations and how leaders are found', async () => {
    const args = memberArgs(5);
    const more = [
      '--weighted-voting',
      '--weight',
      'm0=3',
      '--weight',
      'm4=2',
      '--reputation',
      'm1=0.25',
      '--reputation',
      'm2=0',
    ];
    const { exitCode, out } = await run(['genesis', ...args, '--f', '0', '--leader-election', 'reputation', ...more]);
    expect(exitCode).toBe(EXIT.done);
    const { table } = parsed(out);
    expect(table).toMatchObject({ leaderElection: 'reputation', weightedVoting: true });
    expect(table.members.map(({ weight }) => weight)).toEqual([3, 1, 1, 1, 2]);
    expect(table.members.map(({ reputation }) => reputation)).toEqual([1_000_000, 250_000, 0, 1_000_000, 1_000_000]);
  });

  it('weighs members by their reputations when no weights are given', async () => {
    const args = ['genesis', ...memberArgs(5), '--weighted-voting', '--reputation', 'm1=0.25', '--reputation', 'm2=0'];
    const { table } = parsed((await run(args)).out);
    expect(table.members.map(({ weight }) => weight)).toEqual(
      weightsByReputation([1_000_000, 250_000, 0, 1_000_000, 1_000_000], 1),
    );
    expect(new Set(table.members.map(({ weight }) => weight)).size).toBeGreaterThan(2);
    const unweighted = parsed((await run(args.filter((arg) => arg !== '--weighted-voting'))).out);
    expect(unweighted.table.members.map(({ weight }) => weight)).toEqual([1, 1, 1, 1, 1]);
  });

  it.each([
    ['pbft', []],
    ['pbft', ['--protocol', 'pbft']],
    ['hotstuff', ['--protocol', 'hotstuff']],
  ] as const)('names the engine %s with %j', async (engine, more) => {
    const { exitCode, out } = await run(['genesis', ...memberArgs(4), ...more]);
    expect(exitCode).toBe(EXIT.done);
    expect(parsed(out).table.engine).toBe(engine);
  });

  it('leads in turn, each member alike, unless said otherwise', async () => {
    const { out } = await run(['genesis', ...memberArgs(4)]);
    expect(parsed(out).table).toMatchObject({ leaderElection: 'round-robin', weightedVoting: false });
  });

  it('makes RSA keys for a swarm that wants them', async () => {
    const { out } = await run([
      'genesis',
      '--nodes',
      '1',
      '--keys',
      join(folder.path, 'rsa'),
      '--scheme',
      'rsa-pss-2048',
    ]);
    expect(parsed(out).table.signatureScheme).toBe('rsa-pss-2048');
    expect(readKeyFile(join(folder.path, 'rsa', 'node-0', 'key.json')).scheme).toBe('rsa-pss-2048');
  });

  it('never makes one genesis twice', async () => {
    const args = ['genesis', ...memberArgs(4)];
    const [first, second] = [await run(args), await run(args)];
    expect(parsed(first.out).random).not.toBe(parsed(second.out).random);
  });

  it('never replaces a file', async () => {
    const out = join(folder.path, 'there.json');
    writeFileSync(out, 'precious');
    const { exitCode, err } = await run(['genesis', ...memberArgs(4), '--out', out]);
    expect(exitCode).toBe(EXIT.usage);
    expect(err).toContain('exists already');
    expect(readFileSync(out, 'utf8')).toBe('precious');
    expect(readdirSync(folder.path).filter((name) => name.endsWith('.tmp'))).toEqual([]);
  });

  it('does not take the key of a member that has run', async () => {
    const keys = join(folder.path, 'used');
    await run(['genesis', '--nodes', '1', '--keys', keys]);
    writeFileSync(join(keys, 'node-0', 'member.log'), '');
    const { exitCode, err } = await run(['genesis', '--nodes', '1', '--keys', keys]);
    expect(exitCode).toBe(EXIT.usage);
    expect(err).toContain('holds a member of another swarm');
  });

  const [key] = memberArgs(1).slice(1);
  const refused = [
    { name: 'neither nodes nor members', args: [], says: 'either --nodes or --member' },
    { name: 'nodes and members', args: ['--nodes', '4', '--member', key ?? ''], says: 'either --nodes or --member' },
    { name: 'nodes without a place for keys', args: ['--nodes', '4'], says: '--keys' },
    { name: 'a key that is none', args: ['--member', 'a=!!'], says: 'must be base64url' },
    { name: 'a key of another length', args: ['--member', 'a=AAAA'], says: 'members[0].public_key' },
    { name: 'one member twice', args: ['--member', key ?? '', '--member', key ?? ''], says: 'stands twice' },
    { name: 'a weight where none counts', args: [...memberArgs(4), '--weight', 'm0=2'], says: '--weighted-voting' },
    {
      name: 'a weight of nobody',
      args: [...memberArgs(4), '--weighted-voting', '--weight', 'm9=2'],
      says: 'no such member',
    },
    {
      name: 'two reputations of one member',
      args: [...memberArgs(4), '--reputation', 'm0=1', '--reputation', 'm0=0.5'],
      says: 'names a member twice',
    },
    { name: 'a reputation above 1', args: [...memberArgs(4), '--reputation', 'm0=1.5'], says: 'from 0 to 1' },
    { name: 'a weight of 0', args: [...memberArgs(4), '--weight', 'm0=0'], says: 'from 1 to' },
    { name: 'a weight without a member', args: [...memberArgs(4), '--weight', '2'], says: '<id>=<value>' },
    {
      name: 'one member that weighs too much to be missed',
      args: [...memberArgs(5), '--weighted-voting', '--weight', 'm0=3'],
      says: '3F < W does not hold for F = 3, W = 7',
    },
    {
      name: 'a way to find leaders that is none',
      args: [...memberArgs(4), '--leader-election', 'vote'],
      says: 'Allowed choices',
    },
    {
      name: 'more faults than members can bear',
      args: [...memberArgs(4), '--f', '2'],
      says: 'f: must be an integer from 0 to 1',
    },
  ];
  it.each(refused)('refuses $name', async ({ args, says }) => {
    const { exitCode, err } = await run(['genesis', ...args]);
    expect(exitCode).toBe(EXIT.usage);
    expect(err).toContain(says);
  });
});
