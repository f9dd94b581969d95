import { execFile, spawn } from 'node:child_process';
import { renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { approve, encodeSystemRequest } from '@concordat/consensus';
import { createClientSigner, createKeyFile, nativeHash, signatureSuite, type KeyPair } from '@concordat/crypto';
import { connectBus, type NatsBus } from '@concordat/nats';
import { millis, subjectsOf } from '@concordat/protocol';
import { Changes } from './testing/changes';
import { type MemberProcess, ROOT, Swarm } from './testing/swarm';
import { settledSequence } from './testing/swarm-checks';
import { until } from './testing/until';

const CLI = join(ROOT, 'dist/apps/cli/main.cjs');
const suite = signatureSuite('ed25519');
const json = (bytes: Uint8Array): Record<string, unknown> =>
  JSON.parse(Buffer.from(bytes).toString('utf8')) as Record<string, unknown>;

/** Waits until a node says of itself what is expected. */
const says = (member: MemberProcess, expected: Record<string, unknown>): Promise<true> =>
  until(`${member.name} says ${JSON.stringify(expected)}`, 20_000, async () => {
    const { body } = await member.get('/api/v1/health');
    return Object.entries(expected).every(([field, value]) => body[field] === value) ? true : undefined;
  });

/** Waits for a decision that carries the COMMIT of a member. */
const commits = (swarm: Swarm, name: string): Promise<true> =>
  until(`${name} is among those who commit`, 20_000, async () => {
    const { certificate } = await swarm.named(name).decide('count me');
    const { commits: signers } = certificate as { commits: { node_id: string }[] };
    return signers.some(({ node_id: node }) => node === name) ? true : undefined;
  });

describe('members through the epochs', () => {
  let swarm: Swarm;
  let changes: Changes;
  let bus: NatsBus;

  beforeAll(async () => {
    swarm = await Swarm.start({ checkpointInterval: 8 });
    changes = new Changes(swarm);
    bus = await connectBus({ url: swarm.nats.url, name: 'e2e' });
  });

  afterAll(async () => {
    await bus.close();
    await swarm.stop();
  });

  const epochAt = async (index: number): Promise<unknown> =>
    (await swarm.member(index).get('/api/v1/health')).body['epoch'];

  it('what nobody may ask for changes nothing, by whichever way it comes', async () => {
    const stranger: KeyPair = suite.generate();
    const wish = { kind: 'leave', node_id: 'node-3', f: 0 } as const;
    expect(await new Changes(swarm, [stranger]).ask(swarm.member(0), wish)).toMatchObject({ status: 403 });
    expect(await swarm.member(0).post('/api/v1/cluster/leave', { nonce: 1, node_id: 'node-3' })).toMatchObject({
      status: 403,
    });
    expect(await swarm.member(0).post('/api/v1/propose', { value: wish, category: 'system' })).toMatchObject({
      status: 403,
    });
    const operation = { ...wish, nonce: 5 };
    const signed = approve(changes.swarmId, operation, stranger.publicKey, (bytes) =>
      suite.sign(stranger.privateKey, bytes),
    );
    const client = createClientSigner({
      suite,
      privateKey: stranger.privateKey,
      hash: nativeHash,
      swarmId: changes.swarmId,
    });
    const envelope = client.signEnvelope({
      firstNonce: 1n,
      requests: [
        {
          value: encodeSystemRequest({ operation, approvals: [signed] }),
          category: 'system',
          priority: 'critical',
          proposer: '',
          metadata: new Uint8Array(0),
          expiresAt: millis(Date.now() + 10_000),
        },
      ],
    });
    const answer = json(
      (await bus.request(subjectsOf('e2e').api('submit'), envelope.bytes, { timeoutMs: 10_000 })).bytes,
    );
    expect(answer).toMatchObject({ status: 'rejected', outcomes: { invalid: 1 } });
    const { body } = await swarm.member(2).get('/api/v1/cluster/status');
    expect(body).toMatchObject({ epoch: 0, epoch_ends_at: null, next_epoch: null, total_nodes: 4 });
  });

  it('a score is in the next table; the same request a second time changes nothing', async () => {
    const operation = changes.next({ kind: 'reputation', node_id: 'node-2', behavior_score: 0, reason: 'late' });
    const { path, body, headers } = changes.request(operation);
    expect(await swarm.member(1).post(`${path}?wait=epoch`, body, headers)).toMatchObject({
      status: 200,
      body: { node_id: 'node-2', new_reputation: 0.7, is_byzantine: false, effective_epoch: 1, status: 'effective' },
    });
    for (const index of [0, 3])
      expect(await swarm.member(index).post(path, body, headers)).toMatchObject({
        status: 409,
        body: { error: { code: 'NONCE_USED' } },
      });
    for (const member of swarm.members) await says(member, { epoch: 1 });
    const { body: cluster } = await swarm.member(3).get('/api/v1/cluster/status');
    expect(cluster).toMatchObject({ epoch_ends_at: null });
    const scores = (cluster['node_statuses'] as { reputation_score: number }[]).map((node) => node.reputation_score);
    expect(scores).toEqual([1, 1, 0.7, 1]);
  });

  it('a node that never joins follows: it is not ready, votes nothing, and takes no proposals', async () => {
    const observer = await swarm.add('node-9');
    observer.start();
    await says(observer, { epoch: 1, votes: false });
    await settledSequence(swarm, 20_000);
    expect(await observer.post('/api/v1/propose', { value: 1 })).toMatchObject({
      status: 503,
      body: { error: { code: 'NOT_A_MEMBER' } },
    });
    const decided = await swarm.member(0).decide('seen by all');
    await until('the observer tells of it', 10_000, async () => {
      const { body } = await observer.get(`/api/v1/consensus/${String(decided['proposal_id'])}`);
      return body['status'] === 'decided' ? true : undefined;
    });
    const metrics = await (await fetch(`${observer.url}/metrics`)).text();
    const sent = (kind: string): number =>
      Number(new RegExp(`^consensus_messages_sent_total\\{kind="${kind}"\\} (\\d+)$`, 'm').exec(metrics)?.[1]);
    expect(['prePrepare', 'prepare', 'commit', 'checkpoint', 'viewChange', 'status'].map(sent)).toEqual([
      0, 0, 0, 0, 0, 0,
    ]);
    expect(sent('fetch')).toBeGreaterThan(0);
  });

  it('a node that starts before its join was decided, and one that starts after, vote from its epoch on', async () => {
    const before = await swarm.add('node-4');
    before.start();
    await says(before, { epoch: 1, votes: false });
    expect(await changes.join(swarm.member(0), before)).toMatchObject({
      status: 200,
      body: { cluster_size: 5, quorum: 4 },
    });
    await says(before, { epoch: 2, votes: true });
    await commits(swarm, 'node-4');
    const after = await swarm.add('node-5');
    expect(await changes.join(swarm.member(0), after)).toMatchObject({
      status: 200,
      body: { cluster_size: 6, quorum: 4 },
    });
    after.start();
    await says(after, { epoch: 3, votes: true });
    await commits(swarm, 'node-5');
  });

  it('a member that was down while epochs passed, and all of them at once, come back where the swarm is', async () => {
    await swarm.member(2).end('SIGKILL');
    for (const score of [0.5, 1])
      expect(
        await changes.ask(swarm.member(0), {
          kind: 'reputation',
          node_id: 'node-1',
          behavior_score: score,
          reason: '',
        }),
      ).toMatchObject({ status: 200 });
    swarm.member(2).start();
    await says(swarm.member(2), { epoch: 5, votes: true });
    await commits(swarm, 'node-2');
    await Promise.all(swarm.members.map((member) => member.end('SIGKILL')));
    for (const member of swarm.members) member.start();
    for (const member of swarm.members) await says(member, { epoch: 5, votes: member.name !== 'node-9' });
    await commits(swarm, 'node-1');
  });

  it('a member votes with its new key from the epoch on that names it, and goes on without the old one', async () => {
    const member = swarm.member(1);
    const own = join(swarm.folder, member.name);
    createKeyFile(join(own, 'next-key.json'), 'ed25519');
    const proof = await changes.proven(swarm.member(0), member.name, join(own, 'next-key.json'));
    expect(await changes.ask(swarm.member(0), { kind: 'rotate', ...proof })).toMatchObject({
      status: 200,
      body: { effective_epoch: 6 },
    });
    await says(member, { epoch: 6, votes: true });
    await commits(swarm, member.name);
    await member.end('SIGTERM');
    for (const name of ['key.json', 'key.json.voting-state']) rmSync(join(own, name));
    for (const name of ['', '.voting-state'])
      renameSync(join(own, `next-key.json${name}`), join(own, `key.json${name}`));
    member.start({ JOIN: 'true' });
    await says(member, { epoch: 6, votes: true });
    await commits(swarm, member.name);
    expect(await epochAt(0)).toBe(6);
    expect(swarm.members.flatMap(({ unasked }) => unasked)).toEqual([]);
  });

  it('the command line does the same', async () => {
    const offline = (...args: string[]): Promise<Record<string, unknown>> =>
      new Promise((done, fail) => {
        execFile(process.execPath, [CLI, ...args, '--json'], (error, out, err) => {
          if (error === null) done(JSON.parse(out) as Record<string, unknown>);
          else fail(new Error(`${args.join(' ')}: ${err}`, { cause: error }));
        });
      });
    const cli = (...args: string[]): ReturnType<typeof offline> => offline(...args, '--server', swarm.member(0).url);
    const genesis = ['--genesis', join(swarm.folder, 'genesis.json')];
    expect(await cli('what-if', 'leave', '--node-id', 'node-5', ...genesis)).toMatchObject({
      before: { n: 6, quorum: 4 },
      after: { n: 5, quorum: 4 },
    });
    expect(await cli('leave', '--node-id', 'node-5', ...genesis)).toMatchObject({
      status: 'effective',
      cluster_size: 5,
    });
    const epochs = await cli('epochs', ...genesis, '--out', join(swarm.folder, 'epochs.json'));
    expect(epochs['changes']).toHaveLength(7);
    const certificate = join(swarm.folder, 'decision.json');
    await cli('propose', '7', '--cert', certificate);
    const chain = ['--epochs', join(swarm.folder, 'epochs.json')];
    expect(await offline('verify', certificate, ...genesis, ...chain)).toMatchObject({ holds: true, epoch: 7 });
  });

  it('add-node makes a node of its own that joins, and stops it when it is told to', async () => {
    const words = [
      'add-node',
      '--json',
      '--data',
      swarm.folder,
      '--nats',
      swarm.nats.url,
      '--server',
      swarm.member(0).url,
    ];
    const child = spawn(process.execPath, [CLI, ...words], { stdio: ['ignore', 'pipe', 'inherit'] });
    try {
      let out = '';
      child.stdout.on('data', (bytes: Buffer) => (out += bytes.toString('utf8')));
      const ready = await until('the node votes', 40_000, () => {
        const line = out.split('\n').find((text) => text.includes('"ready"'));
        return Promise.resolve(line === undefined ? undefined : (JSON.parse(line) as { node_id: string; url: string }));
      });
      expect(ready.node_id).toBe('node-6');
      const health = (await (await fetch(`${ready.url}/api/v1/health`)).json()) as Record<string, unknown>;
      expect(health).toMatchObject({ node_id: 'node-6', epoch: 8, votes: true, total_nodes: 6 });
    } finally {
      const gone = new Promise((done) => child.once('exit', done));
      child.kill('SIGTERM');
      await gone;
    }
    expect(child.exitCode).toBe(0);
  });
});
