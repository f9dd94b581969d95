import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { EXIT } from '../errors';
import { run, temporaryFolder } from '../testing/captured';
import { FakeServer, type FakeAnswer, type Routes } from '../testing/fake-server';

const accepted = {
  proposal_id: 'node-1:0:7',
  current_view: 0,
  leader_node: 'node-0',
  estimated_time_ms: 4,
  quorum_required: 3,
};
const decided = {
  proposal_id: 'node-1:0:7',
  status: 'decided',
  decided_value: { action: 'go' },
  duration_ms: 3.5,
  view: 0,
  votes_received: 3,
  byzantine_detected: [],
  certificate: { format: 'concordat.decision.v1' },
};
const active = {
  proposal_id: 'node-1:0:8',
  status: 'active',
  current_phase: 'PREPARE',
  votes_by_phase: { prepare: 2 },
  view: 0,
};
const clusterStatus = {
  epoch: 2,
  stable_sequence: 128,
  next_epoch: { epoch: 3, first_sequence: 321, table: '' },
  total_nodes: 2,
  healthy_nodes: 2,
  byzantine_nodes: 0,
  byzantine_threshold: 0,
  quorum: 2,
  can_tolerate_more_failures: false,
  consensus_possible: true,
  node_statuses: [
    { node_id: 'node-0', state: 'healthy', is_leader: true, reputation_score: 1, total_decisions: 9 },
    { node_id: 'node-1', state: 'healthy', is_leader: false, reputation_score: 1, total_decisions: 9 },
  ],
  current_leader: 'node-0',
  view_changes_count: 0,
};
const history = {
  total_decisions: 1,
  recent_decisions: [
    {
      proposal_id: 'node-1:0:7',
      decided_value: 'x\u001b[31m',
      view: 0,
      duration_ms: 2,
      vote_count: 3,
      timestamp: '2026-01-01T00:00:00.000Z',
    },
  ],
  success_rate: 1,
  avg_duration_ms: 2,
  next_cursor: null,
};

const why = {
  proposal_id: 'node-1:0:8',
  status: 'active',
  phase: 'prepare',
  view: 0,
  leader: 'node-0',
  sequence: 9,
  have: { members: ['node-0', 'node-1'], weight: 2 },
  need: 3,
  missing: [
    { node_id: 'node-2', state: 'unreachable', why: 'it is down' },
    { node_id: 'node-3', state: 'healthy', why: 'it is late' },
  ],
  links_down: [{ from: 'node-2', to: 'node-1' }],
  timer: {
    timer: 'progress',
    started_at: '2026-01-01T00:00:00.000Z',
    length_ms: 500,
    runs_out_in_ms: 120,
    is_own: false,
  },
  reasons: ['A vote is missing.', 'The leader is slow.'],
  what_would_help: ['Start node-2.'],
};

describe('commands that ask a member', () => {
  const folder = temporaryFolder();
  let server: FakeServer;
  let proposeAnswer: FakeAnswer;
  let statusAnswer: FakeAnswer;
  const routes: Routes = {
    'POST /api/v1/propose': () => proposeAnswer,
    'GET /api/v1/consensus/node-1%3A0%3A7': () => ({ body: decided }),
    'GET /api/v1/consensus/node-1%3A0%3A8': () => ({ body: active }),
    'GET /api/v1/why': ({ url }) =>
      url.endsWith('%3A8')
        ? { body: why }
        : {
            body: {
              ...why,
              status: 'decided',
              reasons: ['It is decided, at sequence 9.'],
              missing: [],
              links_down: [],
              what_would_help: [],
              timer: null,
            },
          },
    'GET /api/v1/history': () => ({ body: history }),
    'GET /api/v1/cluster/status': () => statusAnswer,
  };

  beforeAll(async () => {
    server = await FakeServer.listen(routes);
  });
  beforeEach(() => {
    server.requests.length = 0;
    proposeAnswer = { body: accepted };
    statusAnswer = { body: clusterStatus };
  });
  afterAll(async () => {
    await server.close();
    folder.remove();
  });

  const ask = (...args: string[]): ReturnType<typeof run> => run(args, { CONCORDAT_URL: server.url });

  const values = [
    { text: '{"action":"go"}', value: { action: 'go' } },
    { text: '12', value: 12 },
    { text: 'null', value: null },
    { text: 'plain words', value: 'plain words' },
    { text: '{"action":', value: '{"action":' },
  ];
  it.each(values)('proposes $text', async ({ text, value }) => {
    const { exitCode, out } = await ask('propose', text, '--json');
    expect({ exitCode, out: JSON.parse(out) as unknown }).toEqual({ exitCode: EXIT.done, out: accepted });
    expect(server.requests).toEqual([{ method: 'POST', url: '/api/v1/propose', body: { value } }]);
  });

  it('passes every option of a proposal on', async () => {
    const options = ['--category', 'configuration', '--priority', 'high', '--proposer', 'me', '--timeout-ms', '2000'];
    await ask('propose', 'x', ...options);
    const expected = { value: 'x', category: 'configuration', priority: 'high', proposer_id: 'me', timeout_ms: 2000 };
    expect(server.requests.map(({ body }) => body)).toEqual([expected]);
  });

  it('waits for the decision, and shows it', async () => {
    proposeAnswer = { body: { ...accepted, ...decided } };
    const { exitCode, out } = await ask('propose', 'x', '--wait');
    expect(server.requests[0]?.url).toBe('/api/v1/propose?wait=true');
    expect(exitCode).toBe(EXIT.done);
    expect(out).toMatchInlineSnapshot(`
      "proposal          node-1:0:7
      status            decided
      value             {"action":"go"}
      view              0
      votes             3
      duration          3.5 ms
      proven Byzantine  none
      certificate       save it with --cert FILE
      "
    `);
  });

  it('writes the certificate of a decision to a file', async () => {
    proposeAnswer = { body: decided };
    const file = join(folder.path, 'decided.json');
    expect((await ask('propose', 'x', '--cert', file)).exitCode).toBe(EXIT.done);
    expect(readFileSync(file, 'utf8')).toBe(`${JSON.stringify(decided.certificate, null, 2)}\n`);
  });

  it('writes the certificate of an earlier decision to a file', async () => {
    const file = join(folder.path, 'earlier.json');
    const { out } = await ask('get', 'node-1:0:7', '--cert', file);
    expect(out).toContain(`certificate       ${file}`);
    expect(readFileSync(file, 'utf8')).toBe(`${JSON.stringify(decided.certificate, null, 2)}\n`);
  });

  it('says that the proposal is decided even when the file cannot be written', async () => {
    proposeAnswer = { body: decided };
    const { exitCode, err } = await ask('propose', 'x', '--cert', join(folder.path, 'missing', 'c.json'));
    expect(exitCode).toBe(EXIT.usage);
    expect(err).toContain('node-1:0:7 is decided, but its certificate cannot be written');
  });

  it('ends with 1, and writes nothing, when the proposal is not decided', async () => {
    proposeAnswer = { body: { ...decided, status: 'expired' } };
    const file = join(folder.path, 'expired.json');
    expect((await ask('propose', 'x', '--cert', file)).exitCode).toBe(EXIT.no);
    expect(existsSync(file)).toBe(false);
  });

  it.each([
    ['node-1:0:7', EXIT.done],
    ['node-1:0:8', EXIT.no],
    ['node-1:0:9', EXIT.no],
  ])('get %s ends with %i', async (id, exitCode) => {
    expect((await ask('get', id)).exitCode).toBe(exitCode);
  });

  it('explains why a proposal is not decided', async () => {
    const { exitCode, out } = await ask('why', 'node-1:0:8');
    expect(server.requests[0]?.url).toBe('/api/v1/why?proposal_id=node-1%3A0%3A8');
    expect(exitCode).toBe(EXIT.no);
    expect(out).toMatchInlineSnapshot(`
      "proposal    node-1:0:8
      status      active
      because     A vote is missing.
      and         The leader is slow.
      would help  Start node-2.
      phase       prepare
      sequence    9
      view        0, led by node-0
      have        2 of 3: node-0, node-1
      timer       the leader's time for an older request runs out in 120 ms
      links down  node-2 to node-1
      ┌─────────┬─────────────┬────────────┐
      │ missing │ state       │ why        │
      ├─────────┼─────────────┼────────────┤
      │ node-2  │ unreachable │ it is down │
      │ node-3  │ healthy     │ it is late │
      └─────────┴─────────────┴────────────┘
      "
    `);
    const asJson = await ask('why', 'node-1:0:8', '--json');
    expect(JSON.parse(asJson.out)).toEqual(why);
  });

  it('says of a decided proposal that it is, and ends with 0', async () => {
    const { exitCode, out } = await ask('why', 'node-1:0:7');
    expect(exitCode).toBe(EXIT.done);
    expect(out).toContain('It is decided, at sequence 9.');
    expect(out).not.toContain('missing');
  });

  it('shows which links are down', async () => {
    const connectivity = { links_down: [{ from: 'node-1', to: 'node-0' }] };
    statusAnswer = { body: { ...clusterStatus, status: 'partitioned', connectivity } };
    const { out } = await ask('status');
    expect(out).toContain('asked member       partitioned');
    expect(out).toContain('links down         node-1 to node-0');
  });

  it('shows the swarm, and ends with 1 when it cannot decide', async () => {
    const possible = await ask('status');
    expect(possible.exitCode).toBe(EXIT.done);
    expect(possible.out).toMatchInlineSnapshot(`
      "members            2 of 2 healthy
      decisions          possible
      quorum             2
      faults tolerated   0
      can lose one more  no
      leader             node-0
      epoch              2; 3 begins with sequence 321
      view changes       0
      proven Byzantine   0
      ┌────────┬─────────┬────────┬────────────┬──────────┬───────────┐
      │ node   │ state   │ role   │ reputation │ isolated │ decisions │
      ├────────┼─────────┼────────┼────────────┼──────────┼───────────┤
      │ node-0 │ healthy │ leader │ 1          │ no       │ 9         │
      │ node-1 │ healthy │ member │ 1          │ no       │ 9         │
      └────────┴─────────┴────────┴────────────┴──────────┴───────────┘
      "
    `);
    statusAnswer = { body: { ...clusterStatus, consensus_possible: false } };
    expect((await ask('status')).exitCode).toBe(EXIT.no);
  });

  it('lists decisions, and lets no value steer the terminal', async () => {
    const { exitCode, out } = await ask('history', '--limit', '3', '--cursor', 'c d');
    expect(server.requests[0]?.url).toBe('/api/v1/history?limit=3&cursor=c+d');
    expect(exitCode).toBe(EXIT.done);
    expect(out).toContain('x\\u001b[31m');
    expect(out).not.toContain('\u001b');
  });

  const failures = [
    { name: 'a bad request', status: 400, code: 'INVALID_VALUE', exitCode: EXIT.usage },
    { name: 'too large a request', status: 413, code: 'TOO_LARGE', exitCode: EXIT.usage },
    { name: 'something unknown', status: 404, code: 'NOT_FOUND', exitCode: EXIT.no },
    { name: 'a full pool', status: 429, code: 'POOL_FULL', exitCode: EXIT.no },
    { name: 'no quorum', status: 503, code: 'NO_QUORUM', exitCode: EXIT.no },
  ];
  it.each(failures)('maps $name ($status) to exit code $exitCode', async ({ status, code, exitCode }) => {
    proposeAnswer = { status, body: { error: { code, message: 'because' } } };
    const answer = await ask('propose', 'x', '--json');
    expect({ ...answer, err: JSON.parse(answer.err) as unknown }).toEqual({
      exitCode,
      out: '',
      err: { error: { code, message: `${server.url}: because` } },
    });
  });

  it('tells something else than a member from a member', async () => {
    for (const body of ['<html>', { hello: 'world' }]) {
      statusAnswer = { body };
      const { exitCode, err } = await ask('status');
      expect(exitCode).toBe(EXIT.unreachable);
      expect(err).toContain('does not answer as a Concordat member');
    }
  });

  it('says how to start a swarm when nobody answers', async () => {
    const gone = await FakeServer.listen({});
    const { url } = gone;
    await gone.close();
    const { exitCode, err } = await run(['status', '--server', url]);
    expect(exitCode).toBe(EXIT.unreachable);
    expect(err).toBe(
      `concordat: nobody answers at ${url} (ECONNREFUSED): start a swarm with \`npm start\`, or name another server with --server.\n`,
    );
  });
});
