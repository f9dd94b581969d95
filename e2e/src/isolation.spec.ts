import { join } from 'node:path';
import { nativeHash, readKeyFile, signatureSuite } from '@concordat/crypto';
import { connectBus, type NatsBus } from '@concordat/nats';
import { subjectsOf } from '@concordat/protocol';
import { Changes } from './testing/changes';
import { concordat } from './testing/command-line';
import { Liar } from './testing/liar';
import { metric } from './testing/metrics';
import { type MemberProcess, Swarm } from './testing/swarm';
import { epochsOf } from './testing/swarm-checks';
import { until } from './testing/until';
import { VotingLiar } from './testing/voting-liar';

interface Entry {
  readonly id: string;
  readonly node_id: string;
  readonly epoch: number;
}

const LIAR = 'node-3';
const OTHER_LIAR = 'node-2';
const VOTERS = ['node-0', 'node-1', 'node-2'];
const primitives = {
  hash: nativeHash,
  verifySignature: (...signed: [Uint8Array, Uint8Array, Uint8Array]) => signatureSuite('ed25519').verify(...signed),
};
const committersOf = (body: Record<string, unknown>): string[] =>
  (body['certificate'] as { commits: { node_id: string }[] }).commits.map(({ node_id: node }) => node);

describe('isolation of members that were proven to lie', () => {
  let swarm: Swarm;
  let changes: Changes;
  let bus: NatsBus;
  const liars: { close(): Promise<void> }[] = [];
  let cli: (...args: string[]) => ReturnType<typeof concordat>;

  beforeAll(async () => {
    // A leader that stands still for less than three heartbeats is given up; for longer, and the others lack a quorum.
    swarm = await Swarm.start({ checkpointInterval: 8, environment: { STATUS_INTERVAL_MS: '2000' } });
    changes = new Changes(swarm);
    bus = await connectBus({ url: swarm.nats.url, name: 'e2e' });
    const where = ['--genesis', join(swarm.folder, 'genesis.json'), '--server', swarm.member(0).url];
    cli = (...args) => concordat(...args, ...where);
  });

  afterAll(async () => {
    for (const liar of liars) await liar.close();
    await bus.close();
    await swarm.stop();
  });

  const keyOf = (name: string) => readKeyFile(join(swarm.folder, name, 'key.json'));
  const proofsAt = async (member: MemberProcess, query = ''): Promise<Entry[]> =>
    (await member.get(`/api/v1/evidence${query}`)).body['evidence'] as Entry[];

  /** Has a member's key contradict itself in the epoch of now, and waits until everybody else can prove it. */
  async function lie(name: string): Promise<number> {
    const epochs = await epochsOf(swarm, swarm.member(0), primitives);
    const { epoch } = epochs.newest;
    const liar = await Liar.connect(swarm, name, keyOf(name));
    liars.push(liar);
    const { body } = await swarm.member(0).get('/api/v1/cluster/status');
    liar.equivocate(epochs.newest, Number(body['executed_sequence']) + 4, 1);
    await until(`${name} is proven to lie in epoch ${String(epoch)}`, 20_000, async () => {
      const found = await Promise.all([0, 1].map((index) => proofsAt(swarm.member(index), `?node_id=${name}`)));
      return found.every((proofs) => proofs.some((proof) => proof.epoch === epoch)) ? true : undefined;
    });
    return epoch;
  }

  async function isInForce(epoch: number, isolated: readonly string[]): Promise<void> {
    for (const member of swarm.members)
      await until(`${member.name} is in epoch ${String(epoch)}`, 20_000, async () => {
        const { body } = await member.get('/api/v1/cluster/status');
        if (body['epoch'] !== epoch) return undefined;
        const nodes = body['node_statuses'] as { node_id: string; isolated: boolean }[];
        const shape = [body['total_nodes'], body['byzantine_threshold'], body['quorum']];
        expect(shape).toEqual([4, 1, 3]);
        expect(nodes.filter((node) => node.isolated).map(({ node_id: node }) => node)).toEqual(isolated);
        return true;
      });
  }

  it('a proof comes by REST and by NATS, byte for byte the same, and isolates; beyond f members nobody is isolated', async () => {
    await lie(LIAR);
    await lie(OTHER_LIAR);
    const [entry] = await proofsAt(swarm.member(0), `?node_id=${LIAR}`);
    const { body: found } = await swarm.member(0).get(`/api/v1/evidence/${String(entry?.id)}`);
    const payload = Buffer.from(JSON.stringify({ id: entry?.id }));
    const verb = `${subjectsOf('e2e').api('evidence')}.node-0`;
    const reply = await bus.request(verb, payload, { timeoutMs: 10_000 });
    expect(JSON.parse(Buffer.from(reply.bytes).toString('utf8'))).toEqual(found);
    const first = changes.ask(
      swarm.member(0),
      { kind: 'isolate', node_id: LIAR, proof: String(found['proof']) },
      '?wait=decision',
    );
    expect(await first).toMatchObject({ status: 200, body: { node_id: LIAR, quorum: 3, cluster_size: 4 } });
    const [other] = await proofsAt(swarm.member(1), `?node_id=${OTHER_LIAR}`);
    const { body: its } = await swarm.member(1).get(`/api/v1/evidence/${String(other?.id)}`);
    // Whether the first one is still to come or in force already: both together are more than f.
    const second = await changes.ask(swarm.member(1), {
      kind: 'isolate',
      node_id: OTHER_LIAR,
      proof: String(its['proof']),
    });
    expect(second).toMatchObject({ status: 409, body: { error: { code: 'CHANGE_REFUSED' } } });
    await isInForce(1, [LIAR]);
  });

  it('its votes count for nothing: with another one frozen nothing is decided, however it votes', async () => {
    const epochs = await epochsOf(swarm, swarm.member(0), primitives);
    expect((await swarm.named(LIAR).get('/api/v1/health')).body).toMatchObject({ votes: false, isolated: true });
    const liar = await VotingLiar.connect(swarm, LIAR, keyOf(LIAR), epochs.newest);
    liars.push(liar);
    // Its signature may stand in a certificate; it weighs nothing there.
    for (let n = 0; n < 3; n++)
      expect(committersOf(await swarm.member(0).decide(n))).toEqual(expect.arrayContaining(VOTERS));
    const leader = await swarm.leader();
    const others = [0, 1, 2].filter((index) => index !== leader);
    const [frozen = 0] = others;
    swarm.member(frozen).freeze();
    const { body } = await swarm.member(leader).post('/api/v1/propose', { value: 'who votes?' });
    const id = String(body['proposal_id']);
    await until('everybody has voted who can', 20_000, async () => {
      const { body: why } = await swarm.member(leader).get(`/api/v1/why?proposal_id=${id}`);
      const sequence = Number(why['sequence']);
      const { weight } = why['have'] as { weight: number };
      return sequence > 0 && liar.votedFor.has(sequence) && weight === 2 && why['need'] === 3 ? true : undefined;
    });
    expect((await swarm.member(leader).get(`/api/v1/consensus/${id}`)).body['status']).toBe('active');
    swarm.member(frozen).thaw();
    const decided = await until('it is decided with the third', 30_000, async () => {
      const { body: answer } = await swarm.member(leader).get(`/api/v1/consensus/${id}`);
      return answer['status'] === 'decided' ? answer : undefined;
    });
    expect(committersOf(decided)).toEqual(expect.arrayContaining(VOTERS));
    await liar.close();
  });

  it('it never leads: its turn is passed over, view after view', async () => {
    const leaders: string[] = [];
    const viewOf = async (): Promise<number> => metric(swarm.member(0), 'consensus_view');
    const from = await viewOf();
    while ((await viewOf()) < from + 4) {
      const leader = await swarm.leader();
      const witnesses = [0, 1, 2].filter((index) => index !== leader).map((index) => swarm.member(index));
      const left = (): Promise<number[]> =>
        Promise.all(witnesses.map((member) => metric(member, 'byzantine_view_changes')));
      const before = await left();
      swarm.member(leader).freeze();
      const asked = witnesses[0]?.post('/api/v1/propose', { value: 'lead me' });
      await until('the others leave the view', 30_000, async () =>
        (await left()).every((count, index) => count > (before[index] ?? 0)) ? true : undefined,
      );
      swarm.member(leader).thaw();
      expect(await asked).toMatchObject({ status: 200 });
      const seen = await until('a later view has a leader', 30_000, async () => {
        const { body } = await (witnesses[0] ?? swarm.member(0)).get('/api/v1/health');
        return body['current_phase'] === 'idle' && body['leader_node'] !== swarm.member(leader).name
          ? String(body['leader_node'])
          : undefined;
      });
      leaders.push(seen);
      await swarm.member(0).decide(seen);
    }
    expect(leaders).not.toContain(LIAR);
    expect(new Set(leaders).size).toBeGreaterThan(1);
  });

  it('the command line releases it, and it votes again; lists and checks a later proof, and isolates with it', async () => {
    expect(await cli('release', '--node-id', LIAR)).toMatchObject({
      exitCode: 0,
      body: { status: 'effective', effective_epoch: 2 },
    });
    await isInForce(2, []);
    await until('it is among those who commit', 20_000, async () =>
      committersOf(await swarm.named(LIAR).decide('count me')).includes(LIAR) ? true : undefined,
    );
    expect((await proofsAt(swarm.member(0), `?node_id=${LIAR}`)).map(({ epoch }) => epoch)).not.toContain(2);
    expect(await cli('isolate', '--node-id', LIAR)).toMatchObject({
      exitCode: 1,
      body: { error: { code: 'CHANGE_REFUSED' } },
    });
    await lie(LIAR);
    const { body: listed } = await cli('evidence', '--node-id', LIAR);
    const newest = (listed as unknown as Entry[]).find(({ epoch }) => epoch === 2);
    const proof = join(swarm.folder, 'proof');
    expect(await cli('evidence', String(newest?.id), '--out', proof)).toMatchObject({
      exitCode: 0,
      body: { holds: true, node_id: LIAR, epoch: 2 },
    });
    expect(await cli('isolate', '--node-id', LIAR, '--evidence', proof)).toMatchObject({
      exitCode: 0,
      body: { status: 'effective', effective_epoch: 3, quorum: 3 },
    });
    await isInForce(3, [LIAR]);
    expect(swarm.members.flatMap(({ unasked }) => unasked)).toEqual([]);
  });
});
