import { connectBus, type NatsBus } from '@concordat/nats';
import { SUBJECT_KINDS, subjectsOf } from '@concordat/protocol';
import { Swarm } from './testing/swarm';
import { leakedKeys } from './testing/swarm-checks';
import { until } from './testing/until';

const json = (bytes: Uint8Array): Record<string, unknown> =>
  JSON.parse(Buffer.from(bytes).toString('utf8')) as Record<string, unknown>;
const text = (value: unknown): Uint8Array => Buffer.from(JSON.stringify(value));

/** The view in which the first proposal of a swarm is ordered, and who leads after some. */
const ENGINES = [
  { engine: 'pbft', first: 0, leader: /^node-0$/ },
  { engine: 'hotstuff', first: 1, leader: /^node-[0-3]$/ },
] as const;

describe.each(ENGINES)('what a running swarm answers, with $engine', ({ engine, first, leader }) => {
  let swarm: Swarm;
  let bus: NatsBus;

  beforeAll(async () => {
    swarm = await Swarm.start({ engine });
    bus = await connectBus({ url: swarm.nats.url, name: 'e2e' });
  });

  afterAll(async () => {
    await bus.close();
    await swarm.stop();
  });

  const ask = async (subject: string, body: unknown): Promise<Record<string, unknown>> =>
    json((await bus.request(subject, text(body), { timeoutMs: 10_000 })).bytes);

  it('propose, and any member answers for the proposal', async () => {
    const value = { action: 'update_strategy', parameters: { algorithm: 'advanced_planning' } };
    const { status, body } = await swarm
      .member(1)
      .post('/api/v1/propose', { value, category: 'strategy_change', priority: 'high' });
    expect(status).toBe(200);
    expect(body).toMatchObject({ current_view: first, leader_node: 'node-0', quorum_required: 3 });
    expect(body['proposal_id']).toMatch(new RegExp(`^node-1:${String(first)}:\\d+$`));
    expect(typeof body['estimated_time_ms']).toBe('number');
    for (const member of swarm.members) {
      const decided = await until('decided everywhere', 5_000, async () => {
        const answer = await member.get(`/api/v1/consensus/${String(body['proposal_id'])}`);
        return answer.body['status'] === 'decided' ? answer.body : undefined;
      });
      expect(decided).toMatchObject({
        proposal_id: body['proposal_id'],
        decided_value: value,
        view: first,
        byzantine_detected: [],
      });
      expect(decided['votes_received']).toBeGreaterThanOrEqual(3);
      expect(decided['certificate']).toMatchObject({ format: 'concordat.decision.v1' });
    }
  });

  it('history, cluster status, health and metrics', async () => {
    await swarm.member(0).decide('for the history');
    const history = (await swarm.member(0).get('/api/v1/history?limit=1')).body;
    expect(history).toMatchObject({ success_rate: 1 });
    expect(history['recent_decisions']).toHaveLength(1);
    const cluster = (await swarm.member(0).get('/api/v1/cluster/status')).body;
    expect(cluster).toMatchObject({
      total_nodes: 4,
      healthy_nodes: 4,
      byzantine_nodes: 0,
      quorum: 3,
      current_leader: expect.stringMatching(leader) as string,
      view_changes_count: 0,
    });
    expect(cluster['node_statuses']).toHaveLength(4);
    const health = (await swarm.member(2).get('/api/v1/health')).body;
    expect(health).toMatchObject({
      status: 'healthy',
      node_id: 'node-2',
      is_leader: false,
      byzantine_nodes: [],
      byzantine_threshold: 1,
    });
    const metrics = await (await fetch(`${swarm.member(0).url}/metrics`)).text();
    for (const name of [
      'byzantine_consensus_rounds',
      'byzantine_detections',
      'byzantine_view_changes',
      'consensus_latency_ms',
    ])
      expect(metrics).toContain(name);
  });

  it('the same verbs over NATS, by any member and by the named one', async () => {
    const subjects = subjectsOf('e2e');
    const proposed = await ask(subjects.api('propose'), { value: 7, wait: true });
    expect(proposed).toMatchObject({ status: 'decided', decided_value: 7 });
    expect(await ask(subjects.api('health', 'node-3'), {})).toMatchObject({ node_id: 'node-3' });
    expect(await ask(subjects.api('consensus'), { proposal_id: proposed['proposal_id'] })).toMatchObject({
      status: 'decided',
    });
    expect(await ask(subjects.api('why'), { proposal_id: proposed['proposal_id'] })).toMatchObject({
      need: 3,
      missing: [],
    });
    expect(await ask(subjects.api('cluster.status'), {})).toMatchObject({ total_nodes: 4 });
  });

  it.each([
    ['POST', '/api/v1/propose', '{"value":', 400],
    ['POST', '/api/v1/propose', '{}', 400],
    ['POST', '/api/v1/propose', '{"value":1,"category":"nonsense"}', 400],
    ['POST', '/api/v1/propose', '{"value":1,"priority":7}', 400],
    ['POST', '/api/v1/propose', '{"value":1,"timeout_ms":1}', 400],
    ['POST', '/api/v1/propose', '{"value":1,"require_unanimous":true}', 400],
    ['POST', '/api/v1/propose', '{"value":1,"surprise":true}', 400],
    ['GET', '/api/v1/consensus/node-0:0:999999999', undefined, 404],
    ['GET', '/api/v1/nowhere', undefined, 404],
    ['GET', '/api/v1/history?limit=minus', undefined, 400],
  ])('%s %s %s is refused with %i and says what is wrong', async (method, path, body, status) => {
    const init = body === undefined ? { method } : { method, body, headers: { 'content-type': 'application/json' } };
    const response = await fetch(`${swarm.member(0).url}${path}`, init);
    expect(response.status).toBe(status);
    const { error } = (await response.json()) as { error: { code: string; message: string } };
    expect(error.code).toMatch(/^[A-Z_]+$/);
    expect(error.message.length).toBeGreaterThan(5);
  });

  it('malformed bytes on every subject are counted and dropped', async () => {
    const subjects = [
      ...SUBJECT_KINDS.map((kind) => `bft.e2e.consensus.node-3.${kind}`),
      ...SUBJECT_KINDS.map((kind) => `bft.e2e.direct.node-0.node-3.${kind}`),
    ];
    const payloads = [
      new Uint8Array(0),
      new Uint8Array([1]),
      new Uint8Array(100).fill(255),
      Buffer.from('{"json":true}'),
      new Uint8Array(500_000).fill(1),
    ];
    for (const subject of subjects) for (const payload of payloads) bus.publish(subject, payload);
    const counted = await until('refusals are counted', 10_000, async () => {
      const metrics = await (await fetch(`${swarm.member(0).url}/metrics`)).text();
      const total = metrics
        .split('\n')
        .filter((line) => /rejections?.*\{.*(malformed|unsupported_version|unknown_kind)/.test(line))
        .reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0);
      return total >= subjects.length * payloads.length ? total : undefined;
    });
    expect(counted).toBeGreaterThanOrEqual(subjects.length * payloads.length);
    await swarm.member(0).decide('still alive');
  });

  it('keys and secrets stand in no log', async () => {
    await swarm.member(0).decide('something to log');
    expect(leakedKeys(swarm)).toEqual([]);
  });
});
