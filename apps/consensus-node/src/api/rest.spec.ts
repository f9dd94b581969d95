import 'reflect-metadata';
import { verifyDecision } from '@concordat/client';
import { nativeHash, signatureSuite } from '@concordat/crypto';
import { InvariantError, millis, reject } from '@concordat/protocol';
import { HostStoppedError } from '@concordat/replica-host';
import { createMetrics } from '@concordat/telemetry';
import { type NestFastifyApplication } from '@nestjs/platform-fastify';
import { createHttpApp } from '../http-app';
import { FakeMember } from '../testing/fake-member';

interface Answer {
  readonly status: number;
  readonly body: Record<string, unknown> & {
    readonly error?: { code: string; message: string; details?: { field: string }[] };
  };
  readonly type: string;
}

describe('the REST interface', () => {
  let member: FakeMember;
  let app: NestFastifyApplication;
  let logged: unknown[];
  let fatal: unknown[];

  beforeEach(async () => {
    member = new FakeMember();
    logged = [];
    fatal = [];
    app = await createHttpApp({
      member,
      metrics: createMetrics(undefined, { processMetrics: false }),
      logger: { error: (fields) => logged.push(fields) },
      onFatal: (error) => fatal.push(error),
    });
    await app.init();
    await app.getHttpAdapter().getInstance().ready();
  });
  afterEach(() => app.close());

  async function call(
    method: 'GET' | 'POST' | 'PUT',
    url: string,
    payload?: unknown,
    type = 'application/json',
  ): Promise<Answer> {
    const sent =
      payload === undefined
        ? {}
        : {
            payload: typeof payload === 'string' ? payload : JSON.stringify(payload),
            headers: { 'content-type': type },
          };
    const response = await app.inject({ method, url, ...sent });
    const contentType = String(response.headers['content-type']);
    const body = contentType.includes('json') ? response.json<Answer['body']>() : { text: response.body };
    return { status: response.statusCode, body, type: contentType };
  }
  const propose = (payload: unknown, query = ''): Promise<Answer> => call('POST', `/api/v1/propose${query}`, payload);

  it('accepts a proposal', async () => {
    const { status, body } = await propose({
      value: { action: 'x' },
      category: 'strategy_change',
      priority: 'high',
      proposer_id: 'me',
      timeout_ms: 1000,
      metadata: { a: 1 },
      require_unanimous: false,
    });
    expect(status).toBe(200);
    expect(body).toEqual({
      proposal_id: 'n1:2:1',
      current_view: 2,
      leader_node: 'n2',
      estimated_time_ms: 42,
      quorum_required: 3,
    });
  });

  it('answers when it is decided, with a certificate that holds', async () => {
    const { body } = await propose({ value: { action: 'x' } }, '?wait=true');
    expect(body).toMatchObject({
      proposal_id: 'n1:2:1',
      quorum_required: 3,
      status: 'decided',
      decided_value: { action: 'x' },
      duration_ms: 5,
      view: 2,
      votes_received: 3,
      byzantine_detected: [],
    });
    const suite = signatureSuite('ed25519');
    const verdict = verifyDecision(body['certificate'], member.genesis, {
      hash: nativeHash,
      verifySignature: (...args) => suite.verify(...args),
    });
    expect(verdict).toMatchObject({ holds: true, decided_value: { action: 'x' }, proposal_id: 'n1:2:1' });
    const { proposal_id, current_view, leader_node, estimated_time_ms, quorum_required, ...fate } = body;
    expect((await call('GET', '/api/v1/consensus/n1:2:1')).body).toEqual({ proposal_id, ...fate });
    expect([current_view, leader_node, estimated_time_ms, quorum_required]).toEqual([2, 'n2', 42, 3]);
  });

  it('tells of a proposal that is not decided yet', async () => {
    member.decidesAtOnce = false;
    await propose({ value: 1, proposer_id: 'me' });
    const active = {
      proposal_id: 'n1:2:1',
      status: 'active',
      current_phase: 'prepare',
      votes_by_phase: { 'pre-prepare': 1, prepare: 2, commit: 0 },
      view: 2,
      proposer: 'me',
    };
    expect((await call('GET', '/api/v1/consensus/n1:2:1')).body).toEqual(active);
    const waiting = propose({ value: 2 }, '?wait=true');
    while (member.proposals.waiters === 0) await new Promise((resolve) => setImmediate(resolve));
    member.proposals.sweep(millis(member.now() + 32_000));
    expect((await waiting).body).toMatchObject({ proposal_id: 'n1:2:2', status: 'active', proposer: 'n1' });
  });

  it('keeps values as they are', async () => {
    for (const value of [
      null,
      0,
      '',
      false,
      [],
      {},
      'ü\u0000\ud83d',
      JSON.parse('{"__proto__":{"a":1},"constructor":2}') as unknown,
      [[[1.5e-7]]],
    ]) {
      const text = JSON.stringify({ value });
      const { body } = await call('POST', '/api/v1/propose?wait=true', text);
      expect(JSON.stringify(body['decided_value'])).toBe(JSON.stringify(value));
    }
  });

  it('lists the history page by page', async () => {
    const empty = await call('GET', '/api/v1/history');
    expect(empty.body).toEqual({
      total_decisions: 0,
      success_rate: null,
      avg_duration_ms: null,
      decisions_per_view: {},
      recent_decisions: [],
      next_cursor: null,
    });
    for (const value of [1, 2, 3]) await propose({ value }, '?wait=true');
    const first = await call('GET', '/api/v1/history?limit=2');
    expect(first.body).toMatchObject({
      total_decisions: 3,
      success_rate: 1,
      avg_duration_ms: 5,
      decisions_per_view: { 2: 3 },
    });
    expect((first.body['recent_decisions'] as unknown[])[0]).toEqual({
      proposal_id: 'n1:2:3',
      decided_value: 3,
      view: 2,
      duration_ms: 5,
      vote_count: 3,
      byzantine_detected: [],
      timestamp: '2023-11-14T22:13:20.000Z',
    });
    const second = await call('GET', `/api/v1/history?cursor=${String(first.body['next_cursor'])}`);
    expect(second.body).toMatchObject({ recent_decisions: [{ proposal_id: 'n1:2:1' }], next_cursor: null });
  });

  it('says how the member and the swarm are', async () => {
    expect((await call('GET', '/api/v1/health')).body).toEqual({
      status: 'healthy',
      node_id: 'n1',
      current_view: 2,
      current_phase: 'idle',
      is_leader: false,
      leader_node: 'n2',
      byzantine_nodes: [],
      out_of_reach: [],
      total_nodes: 4,
      byzantine_threshold: 1,
      epoch: 0,
      epoch_ends_at: null,
      votes: true,
      isolated: false,
      reputation_score: 1,
      total_decisions: 0,
      consensus_history_size: 0,
    });
    member.heard = [0, 2];
    member.proven = [0];
    const { body } = await call('GET', '/api/v1/cluster/status');
    expect(body).toEqual({
      total_nodes: 4,
      healthy_nodes: 2,
      byzantine_nodes: 1,
      byzantine_threshold: 1,
      quorum: 3,
      can_tolerate_more_failures: false,
      consensus_possible: false,
      status: 'degraded',
      connectivity: {
        groups: [{ members: ['n0', 'n1', 'n2', 'n3'], weight: 4, quorum: true }],
        links_down: [{ from: 'n3', to: 'n1' }],
        one_way: [],
      },
      node_statuses: [
        {
          node_id: 'n0',
          state: 'byzantine',
          is_leader: false,
          reputation_score: 1,
          isolated: false,
          total_decisions: 0,
        },
        { node_id: 'n1', state: 'healthy', is_leader: false, reputation_score: 1, isolated: false, total_decisions: 0 },
        { node_id: 'n2', state: 'healthy', is_leader: true, reputation_score: 1, isolated: false, total_decisions: 0 },
        {
          node_id: 'n3',
          state: 'unreachable',
          is_leader: false,
          reputation_score: 1,
          isolated: false,
          total_decisions: null,
        },
      ],
      current_leader: 'n2',
      view_changes_count: 2,
      swarm: 'fake',
      swarm_id: member.swarmId,
      epoch: 0,
      epoch_ends_at: null,
      next_epoch: null,
      executed_sequence: 0,
      stable_sequence: 0,
    });
  });

  it('refuses proposals while it hears no quorum, and says so in health', async () => {
    member.heard = [0];
    expect(await propose({ value: 1 })).toMatchObject({
      status: 503,
      body: { error: { code: 'NO_QUORUM', details: { heard: 2, quorum: 3 } } },
    });
    expect(await call('GET', '/api/v1/health')).toMatchObject({
      status: 503,
      body: { status: 'partitioned', node_id: 'n1', out_of_reach: ['n2', 'n3'] },
    });
  });

  it('refuses proposals while a quorum does not hear it, and says so', async () => {
    member.missing = { 0: [1], 3: [1] };
    expect(await propose({ value: 1 })).toMatchObject({ status: 503, body: { error: { details: { heard: 2 } } } });
    const { body } = await call('GET', '/api/v1/cluster/status');
    expect(body).toMatchObject({
      status: 'partitioned',
      consensus_possible: true,
      connectivity: {
        groups: [{ members: ['n0', 'n1', 'n2', 'n3'], quorum: true }],
        one_way: [
          { from: 'n1', to: 'n0' },
          { from: 'n1', to: 'n3' },
        ],
      },
    });
  });

  it('says why a proposal is not decided, and what became of it', async () => {
    member.decidesAtOnce = false;
    member.heard = [2, 3];
    member.missing = { 2: [0], 3: [0] };
    await propose({ value: 1 });
    const { status, body } = await call('GET', '/api/v1/why?proposal_id=n1:2:1');
    expect(status).toBe(200);
    expect(body).toEqual({
      proposal_id: 'n1:2:1',
      status: 'active',
      phase: 'prepare',
      view: 2,
      leader: 'n2',
      sequence: 1,
      have: { members: ['n1', 'n2'], weight: 2 },
      need: 3,
      missing: [
        {
          node_id: 'n0',
          state: 'unreachable',
          why: 'nobody who is heard here hears it: it is down, or cut off from all of them',
        },
        { node_id: 'n3', state: 'healthy', why: 'it is heard, and has not voted yet' },
      ],
      links_down: [
        { from: 'n0', to: 'n2' },
        { from: 'n0', to: 'n3' },
        { from: 'n0', to: 'n1' },
      ],
      timer: null,
      reasons: ['Its sequence 1 lacks PREPARE of 1 member more, from among n0, n3.'],
      what_would_help: ['A vote of 1 member more decides the phase.'],
    });
    member.decide();
    expect((await call('GET', '/api/v1/why?proposal_id=n1:2:1')).body).toMatchObject({
      status: 'decided',
      sequence: 1,
      have: { weight: 3 },
      missing: [],
      reasons: ['It is decided, at sequence 1.'],
    });
  });

  it.each([
    ['pool_full', 429, 'POOL_FULL', undefined],
    ['deadline_out_of_bounds', 400, 'INVALID_FIELD', 'timeout_ms'],
    ['oversized', 413, 'PAYLOAD_TOO_LARGE', 'value'],
    ['nonce_used', 409, 'NONCE_USED', 'nonce'],
    ['redundant', 400, 'REDUNDANT', undefined],
  ] as const)('answers what the pool refuses as %s with %i', async (code, status, name, field) => {
    member.verdict = reject(code, 'because');
    const answer = await propose({ value: 1 });
    expect(answer).toMatchObject({ status, body: { error: { code: name, message: 'because' } } });
    expect(answer.body.error?.details?.[0]?.field).toBe(field);
  });

  it('lets only so many callers wait', async () => {
    member.decidesAtOnce = false;
    const waiting = [propose({ value: 1 }, '?wait=true'), propose({ value: 2 }, '?wait=true')];
    while (member.proposals.waiters < 2) await new Promise((resolve) => setImmediate(resolve));
    expect(await propose({ value: 3 }, '?wait=true')).toMatchObject({
      status: 429,
      body: { error: { code: 'POOL_FULL' } },
    });
    member.decide();
    for (const { body } of await Promise.all(waiting)) expect(body['status']).toBe('decided');
  });

  it('gives metrics as text', async () => {
    const { status, body, type } = await call('GET', '/metrics');
    expect([status, type]).toEqual([200, expect.stringContaining('text/plain')]);
    for (const name of [
      'byzantine_consensus_rounds',
      'byzantine_detections',
      'byzantine_view_changes',
      'consensus_latency_ms',
    ])
      expect(body['text']).toContain(name);
  });

  it('says nothing of its own errors, and stops for a broken invariant', async () => {
    const failWith = (error: Error): void => {
      member.gateway.propose = () => Promise.reject(error);
    };
    failWith(new Error('secret of the disk'));
    const answer = await propose({ value: 1 });
    expect(answer).toMatchObject({ status: 500, body: { error: { code: 'INTERNAL', message: 'internal error' } } });
    expect([logged.length, fatal.length]).toEqual([1, 0]);
    failWith(new InvariantError('broken'));
    await propose({ value: 1 });
    expect(fatal).toHaveLength(1);
    failWith(new HostStoppedError('stopped'));
    expect(await propose({ value: 1 })).toMatchObject({ status: 503, body: { error: { code: 'STOPPING' } } });
  });

  const deep = (levels: number): string => `{"value":${'['.repeat(levels)}${']'.repeat(levels)}}`;
  /** A row as it is, with its absent field said: it.each would pass a callback there. */
  const whole = <T extends readonly unknown[]>(rows: readonly T[], length: number): T[] =>
    rows.map((row) => Array.from({ length }, (_, index) => row[index]) as unknown as T);

  const badBodies: readonly [string, unknown, number, string, string?][] = [
    ['nothing', '', 400, 'MALFORMED_JSON', 'body'],
    ['half an object', '{"value":', 400, 'MALFORMED_JSON', 'body'],
    ['no JSON', 'value=1', 400, 'MALFORMED_JSON', 'body'],
    ['a list', [], 400, 'INVALID_FIELD', 'body'],
    ['text', '"x"', 400, 'INVALID_FIELD', 'body'],
    ['null', 'null', 400, 'INVALID_FIELD', 'body'],
    ['no value', {}, 400, 'INVALID_FIELD', 'value'],
    ['an unknown field', { value: 1, weight: 5 }, 400, 'INVALID_FIELD', 'weight'],
    ['a field of the prototype', '{"value":1,"__proto__":{"a":1}}', 400, 'INVALID_FIELD', '__proto__'],
    ['an unknown category', { value: 1, category: 'x' }, 400, 'INVALID_FIELD', 'category'],
    ['an unknown priority', { value: 1, priority: 3 }, 400, 'INVALID_FIELD', 'priority'],
    ['a proposer that is no id', { value: 1, proposer_id: 'a b' }, 400, 'INVALID_FIELD', 'proposer_id'],
    ['an empty proposer', { value: 1, proposer_id: '' }, 400, 'INVALID_FIELD', 'proposer_id'],
    ['a timeout that is too short', { value: 1, timeout_ms: 999 }, 400, 'INVALID_FIELD', 'timeout_ms'],
    ['a timeout that is too long', { value: 1, timeout_ms: 60_001 }, 400, 'INVALID_FIELD', 'timeout_ms'],
    ['a timeout in text', { value: 1, timeout_ms: '1000' }, 400, 'INVALID_FIELD', 'timeout_ms'],
    ['a broken timeout', { value: 1, timeout_ms: 1000.5 }, 400, 'INVALID_FIELD', 'timeout_ms'],
    ['metadata that is a list', { value: 1, metadata: [] }, 400, 'INVALID_FIELD', 'metadata'],
    ['too much metadata', { value: 1, metadata: { a: 'x'.repeat(9_000) } }, 400, 'INVALID_FIELD', 'metadata'],
    ['unanimity', { value: 1, require_unanimous: true }, 400, 'NOT_SUPPORTED', 'require_unanimous'],
    ['unanimity in text', { value: 1, require_unanimous: 'true' }, 400, 'INVALID_FIELD', 'require_unanimous'],
    ['a value that is too large', { value: 'x'.repeat(70_000) }, 400, 'INVALID_FIELD', 'value'],
    ['a value that is too large in UTF-8 only', { value: 'ü'.repeat(40_000) }, 400, 'INVALID_FIELD', 'value'],
    ['a body that is too large', { value: 'x'.repeat(1_000_000) }, 413, 'PAYLOAD_TOO_LARGE'],
    ['a value that is too deep', deep(65), 400, 'MALFORMED_JSON', 'body'],
    ['a value that is very deep', deep(50_000), 400, 'MALFORMED_JSON', 'body'],
    ['a number that is none', '{"value":1e999}', 400, 'INVALID_FIELD', 'value'],
  ];
  it.each(whole(badBodies, 5))('refuses a proposal with %s', async (_, payload, status, code, field) => {
    const answer = await propose(payload);
    expect(answer).toMatchObject({ status, body: { error: { code } } });
    expect(answer.body.error?.details?.[0]?.field).toBe(field);
    expect([logged, member.proposals.size]).toEqual([[], 0]);
  });

  it('takes a value as deep as it may be', async () => {
    expect(await call('POST', '/api/v1/propose', deep(64))).toMatchObject({ status: 200 });
  });

  const badCalls: readonly [string, 'GET' | 'POST' | 'PUT', string, number, string, string?][] = [
    ['an unknown route', 'GET', '/api/v1/nothing', 404, 'NOT_FOUND'],
    ['the root', 'GET', '/', 404, 'NOT_FOUND'],
    ['another method', 'PUT', '/api/v1/history', 404, 'NOT_FOUND'],
    ['a bad wait', 'POST', '/api/v1/propose?wait=yes', 400, 'INVALID_FIELD', 'wait'],
    ['an unknown parameter of propose', 'POST', '/api/v1/propose?x=1', 400, 'INVALID_FIELD', 'x'],
    ['a repeated parameter', 'POST', '/api/v1/propose?wait=true&wait=true', 400, 'INVALID_FIELD', 'wait'],
    ['an id that is none', 'GET', '/api/v1/consensus/abc', 400, 'INVALID_FIELD', 'proposal_id'],
    ['an id with a space', 'GET', '/api/v1/consensus/a%20b:0:1', 400, 'INVALID_FIELD', 'proposal_id'],
    [
      'an id with a number that is too large',
      'GET',
      '/api/v1/consensus/n1:0:99999999999999999999',
      400,
      'INVALID_FIELD',
      'proposal_id',
    ],
    ['an id that is very long', 'GET', `/api/v1/consensus/${'a'.repeat(300)}`, 414, 'URI_TOO_LONG'],
    ['a bad escape', 'GET', '/api/v1/consensus/%zz', 400, 'BAD_REQUEST'],
    ['an unknown id', 'GET', '/api/v1/consensus/n1:2:77', 404, 'UNKNOWN_PROPOSAL', 'proposal_id'],
    ['an unknown client', 'GET', `/api/v1/consensus/${'a'.repeat(43)}:1`, 404, 'UNKNOWN_PROPOSAL', 'proposal_id'],
    ['a limit of none', 'GET', '/api/v1/history?limit=0', 400, 'INVALID_FIELD', 'limit'],
    ['a limit that is too high', 'GET', '/api/v1/history?limit=101', 400, 'INVALID_FIELD', 'limit'],
    ['a limit in words', 'GET', '/api/v1/history?limit=ten', 400, 'INVALID_FIELD', 'limit'],
    ['a bad cursor', 'GET', '/api/v1/history?cursor=zz', 400, 'INVALID_FIELD', 'cursor'],
    ['an unknown parameter of history', 'GET', '/api/v1/history?page=2', 400, 'INVALID_FIELD', 'page'],
    ['why without a proposal', 'GET', '/api/v1/why', 400, 'INVALID_FIELD', 'proposal_id'],
    ['why of what nobody knows', 'GET', '/api/v1/why?proposal_id=n1:2:99', 404, 'UNKNOWN_PROPOSAL', 'proposal_id'],
    ['an unknown parameter of why', 'GET', '/api/v1/why?proposal_id=n1:2:9&x=1', 400, 'INVALID_FIELD', 'x'],
    ['an unknown parameter of health', 'GET', '/api/v1/health?x', 400, 'INVALID_FIELD', 'x'],
    ['an unknown parameter of the status', 'GET', '/api/v1/cluster/status?x=', 400, 'INVALID_FIELD', 'x'],
  ];
  it.each(whole(badCalls, 6))('refuses %s', async (_, method, url, status, code, field) => {
    const answer = await call(method, url, method === 'POST' ? { value: 1 } : undefined);
    expect(answer).toMatchObject({ status, body: { error: { code } } });
    expect(answer.body.error?.details?.[0]?.field).toBe(field);
    expect(logged).toEqual([]);
  });

  it.each(['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data', 'application/xml', 'nonsense'])(
    'refuses the content type %s',
    async (type) => {
      expect(await call('POST', '/api/v1/propose', '{"value":1}', type)).toMatchObject({
        status: 415,
        body: { error: { code: 'UNSUPPORTED_MEDIA_TYPE' } },
      });
    },
  );
});
