import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { EPOCH_CHAIN_FORMAT } from '@concordat/client';
import { encodeSystemRequest, Membership, parseApprovalsText, type Operation } from '@concordat/consensus';
import { nativeHash, signatureSuite } from '@concordat/crypto';
import { encodeEpochTable, sequence, swarmId, toBase64Url, type Genesis } from '@concordat/protocol';
import { EXIT, type ExitCode } from '../errors';
import { readGenesisFile } from '../genesis-file';
import { readMemberKey } from '../swarm/member-keys';
import { run, temporaryFolder, type Captured } from '../testing/captured';
import { chainOf } from '../testing/decision';
import { FakeServer, type FakeRequest } from '../testing/fake-server';

const suite = signatureSuite('ed25519');

describe('commands that change the member table', () => {
  const folder = temporaryFolder();
  const file = (name: string): string => join(folder.path, name);
  let genesis: Genesis;
  let membership: Membership;
  let server: FakeServer;
  let status = 'effective';

  /** Judges what came as members do: operation, approvals, and the proof of a new key. */
  const judge =
    (kind: Operation['kind']) =>
    ({ body, signature = '' }: FakeRequest) => {
      const operation = { kind, ...(body as object) } as Operation;
      const approvals = parseApprovalsText(signature);
      if ('refused' in approvals) throw new Error(approvals.refused);
      const result = membership.execute(sequence(7), encodeSystemRequest({ operation, approvals }));
      if (!result.accepted) return { status: 409, body: { error: { code: 'CHANGE_REFUSED', message: result.reason } } };
      const answer = { status, proposal_id: 'node-0:0:1', node_id: operation.node_id, effective_epoch: 1 };
      return { body: { ...answer, first_sequence: result.boundary + 1 } };
    };

  const entry = (digit: number, epoch: number) => ({
    id: String(digit).repeat(64),
    ...{ node_id: 'node-3', kind: 'equivocation', message: 'commit', epoch, view: 0, sequence: 1 },
  });

  beforeAll(async () => {
    const made = await run([
      ...['genesis', '--nodes', '4', '--keys', folder.path, '--out', file('genesis.json')],
      ...['--operator-key-out', file('operator.json')],
    ]);
    if (made.exitCode !== EXIT.done) throw new Error(made.err);
    genesis = readGenesisFile(file('genesis.json'));
    const keys = genesis.table.members.map(({ nodeId }) => readMemberKey(key(nodeId)));
    const { chain } = chainOf(genesis, keys);
    const cluster = {
      total_nodes: 4,
      healthy_nodes: 4,
      consensus_possible: true,
      node_statuses: [],
      epoch: 0,
      stable_sequence: 5,
    };
    server = await FakeServer.listen({
      'GET /api/v1/cluster/status': () => {
        const { next } = membership;
        const pending = next && { epoch: 1, first_sequence: 49, table: toBase64Url(encodeEpochTable(next)) };
        return { body: { ...cluster, next_epoch: pending ?? null } };
      },
      'GET /api/v1/cluster/epochs': ({ url }) => ({
        body: url.endsWith('?after=0') ? chain : { ...chain, changes: [] },
      }),
      'GET /api/v1/evidence': ({ url }) => ({
        body: {
          evidence: url.includes('node_id=node-3') ? [entry(1, 0), entry(2, 1)] : [],
          next: null,
        },
      }),
      [`GET /api/v1/evidence/${'2'.repeat(64)}`]: () => ({ body: { proof: 'Cf8A' } }),
      'POST /api/v1/cluster/join': judge('join'),
      'POST /api/v1/cluster/leave': judge('leave'),
      'POST /api/v1/cluster/rotate': judge('rotate'),
      'POST /api/v1/cluster/isolate': judge('isolate'),
      'POST /api/v1/cluster/release': judge('release'),
      'POST /api/v1/reputation/update': judge('reputation'),
    });
    for (const name of ['new.json', 'next.json', 'stranger.json'])
      expect((await run(['key', file(name)])).exitCode).toBe(EXIT.done);
    writeFileSync(file('proof'), Uint8Array.of(9, 255, 0));
  });
  beforeEach(() => {
    status = 'effective';
    membership = new Membership({
      hash: nativeHash,
      swarmId: swarmId(nativeHash, genesis),
      table: genesis.table,
      verify: (...signed) => suite.verify(...signed),
      proves: (proof, accused) => toBase64Url(proof) === 'Cf8A' && accused === 'node-3',
    });
  });
  afterAll(async () => {
    await server.close();
    folder.remove();
  });

  const ask = (...args: string[]): Promise<Captured> =>
    run([...args, '--genesis', file('genesis.json'), '--server', server.url]);
  const what = (...args: string[]): Promise<Captured> => ask('what-if', ...args);
  const key = (node: string): string => join(folder.path, node, 'key.json');

  it('join and rotate prove the new key; the operator beside the genesis signs; all that they say arrives', async () => {
    const more = ['--capability', 'planning', '--capability', 'vision', '--initial-reputation', '0.25', '--f', '1'];
    const joined = await ask('join', '--node-id', 'node-4', '--key', file('new.json'), ...more);
    expect(joined).toMatchObject({
      exitCode: EXIT.done,
      out: expect.stringContaining('epoch 1 (sequence 49 and on)') as string,
    });
    expect(membership.next?.members[4]).toMatchObject({
      nodeId: 'node-4',
      reputation: 250_000,
      capabilities: ['planning', 'vision'],
    });
    const before = membership.next?.members[1]?.publicKey;
    expect((await ask('rotate', '--node-id', 'node-1', '--key', file('next.json'))).exitCode).toBe(EXIT.done);
    expect(membership.next?.members[1]?.publicKey).not.toEqual(before);
    expect(server.requests.at(-1)?.url).toBe('/api/v1/cluster/rotate?wait=epoch&timeout_ms=30000');
  });

  it('leave, reputation, isolate and release', async () => {
    const rows: readonly (readonly string[])[] = [
      ['reputation', '--node-id', 'node-2', '--score', '0', '--reason', 'säumig'],
      ['isolate', '--node-id', 'node-3', '--evidence', file('proof')],
      ['release', '--node-id', 'node-3'],
      ['leave', '--node-id', 'node-0', '--f', '0'],
    ];
    for (const row of rows) expect((await ask(...row)).err.replace(/^waiting.*\n/, '')).toBe('');
    expect(membership.next?.members.map(({ nodeId, reputation }) => [nodeId, reputation])).toEqual([
      ['node-1', 1_000_000],
      ['node-2', 700_000],
      ['node-3', 1_000_000],
    ]);
  });

  it('isolate takes the newest proof of the asked member when none is named', async () => {
    expect((await ask('isolate', '--node-id', 'node-3')).exitCode).toBe(EXIT.done);
    expect(server.requests.some(({ url }) => url === `/api/v1/evidence/${'2'.repeat(64)}`)).toBe(true);
    expect(await ask('isolate', '--node-id', 'node-2')).toMatchObject({
      exitCode: EXIT.no,
      err: expect.stringContaining('has no proof against node-2') as string,
    });
  });

  it('a quorum of members may sign instead', async () => {
    const keys = (...nodes: string[]): string[] => nodes.flatMap((node) => ['--member-key', key(node)]);
    expect((await ask('leave', '--node-id', 'node-3', '--f', '0', ...keys('node-0', 'node-1'))).exitCode).toBe(EXIT.no);
    expect(membership.next).toBeUndefined();
    const enough = await ask('leave', '--node-id', 'node-3', '--f', '0', ...keys('node-0', 'node-1', 'node-2'));
    expect(enough.exitCode).toBe(EXIT.done);
  });

  const failures: readonly [name: string, args: () => string[], exitCode: ExitCode, says: string][] = [
    [
      'a stranger',
      () => ['release', '--node-id', 'node-1', '--operator-key', file('stranger.json')],
      EXIT.no,
      'approved neither',
    ],
    ['what the rules forbid', () => ['leave', '--node-id', 'node-9'], EXIT.no, 'node-9 is no member'],
    [
      'both sorts of keys',
      () => ['release', '--node-id', 'node-1', '--operator-key', file('operator.json'), '--member-key', key('node-0')],
      EXIT.usage,
      'one of the two',
    ],
    [
      'a score that is none',
      () => ['reputation', '--node-id', 'node-1', '--score', '2'],
      EXIT.usage,
      'behavior_score: must be a number from 0 to 1',
    ],
    [
      'a number that is none',
      () => ['reputation', '--node-id', 'node-1', '--score', 'bad'],
      EXIT.usage,
      'It must be a number',
    ],
    [
      'evidence that is not there',
      () => ['isolate', '--node-id', 'node-1', '--evidence', file('none')],
      EXIT.usage,
      'cannot be read (ENOENT)',
    ],
    [
      'a key that is not there',
      () => ['join', '--node-id', 'node-4', '--key', file('none')],
      EXIT.usage,
      'does not exist',
    ],
  ];
  it.each(failures.map(([name, args, exitCode, says]) => ({ name, args, exitCode, says })))(
    'refuses $name',
    async ({ args, exitCode, says }) => {
      const said = await ask(...args());
      expect(said.err).toContain(says);
      expect(said.exitCode).toBe(exitCode);
      expect(membership.next).toBeUndefined();
    },
  );

  it('ends with 1 when the wait was too short, unless it was told not to wait', async () => {
    status = 'accepted';
    const args = ['reputation', '--node-id', 'node-1', '--score', '1'];
    expect((await ask(...args)).exitCode).toBe(EXIT.no);
    expect((await ask(...args, '--no-wait')).exitCode).toBe(EXIT.done);
    status = 'pending';
    expect((await ask(...args, '--no-wait')).exitCode).toBe(EXIT.no);
  });

  it('what-if shows the margin before and after, and asks for nothing', async () => {
    const { exitCode, out } = await what('join', '--node-id', 'node-4');
    expect(exitCode).toBe(EXIT.done);
    expect(out).toMatchInlineSnapshot(`
      "join node-4:
      ┌─────────────────────────────────┬───────────┬───────────┐
      │                                 │ before    │ after     │
      ├─────────────────────────────────┼───────────┼───────────┤
      │ members (n)                     │ 4         │ 5         │
      │ Byzantine members tolerated (f) │ 1         │ 1         │
      │ quorum (Q)                      │ 3         │ 4         │
      │ weight bound (3F < W)           │ 3 * 1 < 4 │ 3 * 1 < 5 │
      │ may fail, whichever they are    │ 1         │ 1         │
      └─────────────────────────────────┴───────────┴───────────┘
      "
    `);
    const machine = JSON.parse((await what('leave', '--node-id', 'node-3', '--f', '0', '--json')).out) as unknown;
    expect(machine).toEqual({
      operation: 'leave',
      node_id: 'node-3',
      pending: false,
      before: { n: 4, f: 1, quorum: 3, total_weight: 4, heaviest_f: 1, may_fail: 1 },
      after: { n: 3, f: 0, quorum: 2, total_weight: 3, heaviest_f: 0, may_fail: 1 },
    });
    expect(membership.next).toBeUndefined();
  });

  it('what-if goes on from what is decided already, and says why not', async () => {
    await ask('join', '--node-id', 'node-4', '--key', file('new.json'));
    const { out } = await what('leave', '--node-id', 'node-4', '--json');
    expect(JSON.parse(out)).toMatchObject({ pending: true, before: { n: 5, quorum: 4 }, after: { n: 4, quorum: 3 } });
    expect(await what('leave', '--node-id', 'node-9')).toMatchObject({
      exitCode: EXIT.no,
      err: 'concordat: node-9 is no member.\n',
    });
    for (const args of [
      ['reputation', '--node-id', 'node-1', '--score', '0'],
      ['isolate', '--node-id', 'node-1'],
    ])
      expect((await what(...args)).exitCode).toBe(EXIT.done);
  });

  it('epochs shows the chain that it verified, and writes it down', async () => {
    const said = await ask('epochs', '--out', file('epochs.json'));
    expect(said.exitCode).toBe(EXIT.done);
    expect(said.out).toMatch(/^│ 0 +│ 1 +│ 4 │ 1 │ 3 +│ node-0, node-1, node-2, node-3 │$/m);
    expect(said.out).toMatch(/^│ 1 +│ \d+ +│ 4 │ 1 │ 3 +│ node-0, node-1, node-2, node-3 │$/m);
    expect(JSON.parse(readFileSync(file('epochs.json'), 'utf8'))).toMatchObject({
      format: EPOCH_CHAIN_FORMAT,
      changes: [{ table: { epoch: 1 } }],
    });
    expect(await ask('epochs', '--max-epoch-age', '0')).toMatchObject({
      exitCode: EXIT.no,
      err: expect.stringContaining('at most 0 may be') as string,
    });
    const other = await run(['genesis', '--nodes', '4', '--keys', file('other'), '--out', file('other.json')]);
    expect(other.exitCode).toBe(EXIT.done);
    const refused = await run(['epochs', '--genesis', file('other.json'), '--server', server.url]);
    expect(refused).toMatchObject({
      exitCode: EXIT.no,
      err: expect.stringContaining('not that of the genesis') as string,
    });
  });
});
