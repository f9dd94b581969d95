import 'reflect-metadata';
import { EPOCH_CHAIN_FORMAT, epochChainToJson } from '@concordat/client';
import { encodeSystemRequest, type Operation } from '@concordat/consensus';
import { nativeHash, signatureSuite, type KeyPair } from '@concordat/crypto';
import {
  canonicalJson,
  epoch,
  epochTableHash,
  genesisToJson,
  sequence,
  toBase64Url,
  Writer,
  ZERO_DIGEST,
  type EpochChange,
  type EpochTable,
} from '@concordat/protocol';
import { createMetrics } from '@concordat/telemetry';
import { type NestFastifyApplication } from '@nestjs/platform-fastify';
import { createHttpApp } from '../http-app';
import { approvalBy, proven, signedChange } from '../testing/changes';
import { FakeMember, MEMBER_KEYS, OPERATOR } from '../testing/fake-member';

interface Answer {
  readonly status: number;
  readonly body: Record<string, unknown> & {
    readonly error?: { code: string; message: string; details?: { field: string }[] };
  };
}

const suite = signatureSuite('ed25519');
const scoreOf = (nonce: number, score = 0.5): Operation => ({
  kind: 'reputation',
  nonce,
  node_id: 'n3',
  behavior_score: score,
  reason: 'late',
});

/** The next epoch with the same members; signed by nobody, since a member tells what it has taken in. */
function changeTo(ended: EpochTable): EpochChange {
  const boundary = sequence(ended.baseSequence + ended.windowSize);
  const table = { ...ended, epoch: epoch(ended.epoch + 1), baseSequence: boundary };
  const content = { stateDigest: ZERO_DIGEST, boundary, nextTableHash: epochTableHash(nativeHash, table) };
  return { table, certificate: { sequence: boundary, content, signatures: [] } };
}

/** What the member table is, as it stands in the state. */
function written({ membership }: FakeMember): Uint8Array {
  const writer = new Writer();
  membership.write(writer);
  return writer.bytes();
}

describe('changes of the member table over REST', () => {
  let member: FakeMember;
  let app: NestFastifyApplication;

  beforeEach(async () => {
    member = new FakeMember();
    app = await createHttpApp({
      member,
      metrics: createMetrics(undefined, { processMetrics: false }),
      logger: { error: (fields) => expect(fields).toBeUndefined() },
      onFatal: (error) => expect(error).toBeUndefined(),
    });
    await app.init();
    await app.getHttpAdapter().getInstance().ready();
  });
  afterEach(() => app.close());

  async function call(method: 'GET' | 'POST', url: string, payload?: unknown, header?: string): Promise<Answer> {
    const headers = {
      'content-type': 'application/json',
      ...(header === undefined ? {} : { 'Concordat-Signature': header }),
    };
    const sent = payload === undefined ? {} : { payload: JSON.stringify(payload), headers };
    const response = await app.inject({ method, url: `/api/v1/${url}`, ...sent });
    return { status: response.statusCode, body: response.json<Answer['body']>() };
  }
  const pathOf = ({ kind }: Operation): string => (kind === 'reputation' ? 'reputation/update' : `cluster/${kind}`);
  function ask(operation: Operation, keys: readonly KeyPair[] = [OPERATOR], query = ''): Promise<Answer> {
    const { body, header } = signedChange(member.swarmId, operation, ...keys);
    return call('POST', `${pathOf(operation)}${query}`, body, header);
  }
  const join = (nonce = 1, node = 'n4', key = suite.generate()): Operation => ({
    kind: 'join',
    nonce,
    ...proven(member.swarmId, node, key),
    capabilities: ['planning'],
    initial_reputation: 7,
  });

  it('a join is answered with the swarm that it makes, and with what the new node needs', async () => {
    const { status, body } = await ask(join());
    expect(status).toBe(200);
    expect(body).toEqual({
      status: 'accepted',
      proposal_id: 'n1:2:1',
      node_id: 'n4',
      sequence: 1,
      effective_epoch: 1,
      first_sequence: 49,
      cluster_size: 5,
      byzantine_threshold: 1,
      quorum: 4,
      current_nodes: ['n0', 'n1', 'n2', 'n3', 'n4'],
      connection_params: {
        swarm: 'fake',
        swarm_id: member.swarmId,
        subjects: 'bft.fake.>',
        settings: { NODE_ID: 'n4', JOIN: 'true' },
        genesis: genesisToJson(member.genesis),
      },
    });
    expect(member.membership.next?.members[4]).toMatchObject({ reputation: 1_000_000, capabilities: ['planning'] });
    expect((await call('GET', 'cluster/status')).body).toMatchObject({
      epoch: 0,
      epoch_ends_at: 48,
      next_epoch: { epoch: 1, first_sequence: 49, total_nodes: 5, byzantine_threshold: 1 },
    });
    expect((await call('GET', 'health')).body).toMatchObject({ epoch: 0, epoch_ends_at: 48, votes: true });
  });

  it('leave, rotation, isolation and release', async () => {
    const key = suite.generate();
    expect((await ask({ kind: 'leave', nonce: 1, node_id: 'n0', f: 0 })).body).toMatchObject({
      cluster_size: 3,
      byzantine_threshold: 0,
      current_nodes: ['n1', 'n2', 'n3'],
    });
    expect((await ask({ kind: 'rotate', nonce: 2, ...proven(member.swarmId, 'n2', key) })).status).toBe(200);
    expect(member.membership.next?.members[1]?.publicKey).toEqual(key.publicKey);
    const isolate: Operation = { kind: 'isolate', nonce: 3, node_id: 'n3', proof: 'AQ' };
    expect((await ask(isolate)).body).toMatchObject({ error: { code: 'CHANGE_REFUSED' } });
    expect(
      (await ask({ kind: 'join', nonce: 4, ...proven(member.swarmId, 'n4', suite.generate()), f: 1 })).status,
    ).toBe(200);
    expect((await ask({ ...isolate, nonce: 5 })).status).toBe(200);
    expect(member.membership.next?.members.map(({ isolated }) => isolated)).toEqual([false, false, true, false]);
    expect((await ask({ kind: 'release', nonce: 6, node_id: 'n3' })).body).toMatchObject({ node_id: 'n3' });
    expect(member.membership.next?.members[2]?.isolated).toBe(false);
  });

  it('a score is answered with the reputation that it makes, and convicts nobody', async () => {
    const answer = { proposal_id: 'n1:2:1', node_id: 'n3', sequence: 1, effective_epoch: 1, first_sequence: 49 };
    expect((await ask(scoreOf(1, 0))).body).toEqual({
      ...answer,
      status: 'accepted',
      new_reputation: 0.7,
      is_byzantine: false,
    });
    member.proven = [3];
    expect((await ask(scoreOf(2, 1))).body).toMatchObject({ new_reputation: 0.79, is_byzantine: true });
  });

  it('a quorum of members may ask too; signatures in any order, over any layout of the same JSON', async () => {
    const operation = scoreOf(9);
    const { body, header } = signedChange(member.swarmId, operation, ...MEMBER_KEYS.slice(1));
    const turned = Object.fromEntries(Object.entries(body).reverse());
    const items = header.split(', ').reverse().join(',  ').replaceAll(';', '; ');
    expect((await call('POST', 'reputation/update', turned, items)).status).toBe(200);
    expect((await ask(scoreOf(10), MEMBER_KEYS.slice(2))).body).toMatchObject({ error: { code: 'UNAUTHORISED' } });
  });

  it('wait=epoch answers when the epoch has begun, or with 202 when it has not in time', async () => {
    expect(await ask(scoreOf(1), [OPERATOR], '?wait=epoch')).toMatchObject({
      status: 200,
      body: { status: 'effective' },
    });
    member.begins = false;
    expect(await ask(scoreOf(2), [OPERATOR], '?wait=epoch&timeout_ms=1000')).toMatchObject({
      status: 202,
      body: { status: 'accepted', effective_epoch: 1 },
    });
  });

  it('a wait that ends before the decision is answered with 202 and the proposal to ask for', async () => {
    member.decidesAtOnce = false;
    const waiting = ask(scoreOf(1));
    while (member.proposals.waiters === 0) await new Promise((resolve) => setImmediate(resolve));
    member.proposals.sweep((member.now() + 31_999) as ReturnType<FakeMember['now']>);
    expect(member.proposals.waiters).toBe(1);
    member.proposals.sweep((member.now() + 32_000) as ReturnType<FakeMember['now']>);
    const { status, body } = await waiting;
    expect({ status, body }).toEqual({
      status: 202,
      body: { status: 'pending', proposal_id: 'n1:2:1', node_id: 'n3' },
    });
    member.decide();
    expect((await call('GET', 'consensus/n1:2:1')).body).toMatchObject({ status: 'decided' });
  });

  const outsider = suite.generate();
  const refused: readonly [string, () => Promise<Answer>, number, string, RegExp][] = [
    ['no header', () => call('POST', 'cluster/leave', { nonce: 1, node_id: 'n0' }), 403, 'UNAUTHORISED', /is missing/],
    ['a stranger', () => ask(scoreOf(1), [outsider]), 403, 'UNAUTHORISED', /neither by one operator nor by a quorum/],
    ['two authorities', () => ask(scoreOf(1), [OPERATOR, ...MEMBER_KEYS]), 403, 'UNAUTHORISED', /neither by one/],
    [
      'another operation than was signed',
      () =>
        call(
          'POST',
          'reputation/update',
          signedChange(member.swarmId, scoreOf(2)).body,
          signedChange(member.swarmId, scoreOf(1), OPERATOR).header,
        ),
      403,
      'UNAUTHORISED',
      /neither by one/,
    ],
    [
      'a header of another form',
      () => call('POST', 'cluster/release', { nonce: 1, node_id: 'n0' }, 'key=A'),
      400,
      'INVALID_FIELD',
      /item 1 must be/,
    ],
    [
      'a field too few',
      () => call('POST', 'cluster/leave', { nonce: 1 }, 'key=AQ;signature=AQ'),
      400,
      'INVALID_FIELD',
      /^node_id is missing/,
    ],
    [
      'a field too many',
      () => call('POST', 'cluster/leave', { nonce: 1, node_id: 'a', x: 1 }, 'key=AQ;signature=AQ'),
      400,
      'INVALID_FIELD',
      /x is not known/,
    ],
    [
      'a nonce of another kind',
      () => call('POST', 'cluster/leave', { nonce: '1', node_id: 'a' }, 'key=AQ;signature=AQ'),
      400,
      'INVALID_FIELD',
      /^nonce must be/,
    ],
    [
      'a kind in the body',
      () => call('POST', 'cluster/leave', { kind: 'leave', nonce: 1, node_id: 'a' }, 'key=AQ;signature=AQ'),
      400,
      'INVALID_FIELD',
      /given by the address/,
    ],
    [
      'no object',
      () => call('POST', 'cluster/leave', [1], 'key=AQ;signature=AQ'),
      400,
      'INVALID_FIELD',
      /must be a JSON object/,
    ],
    [
      'a key twice',
      () => call('POST', 'cluster/release', { nonce: 1, node_id: 'n0' }, 'key=AQ;signature=AQ, key=AQ;signature=AQ'),
      400,
      'INVALID_FIELD',
      /stands twice/,
    ],
    [
      'a wait for something else',
      () => ask(scoreOf(1), [OPERATOR], '?wait=true'),
      400,
      'INVALID_FIELD',
      /must be decision or epoch/,
    ],
    ['an unknown kind', () => call('POST', 'cluster/grow', {}), 404, 'NOT_FOUND', /cluster\/grow/],
    [
      'a proof that is too large',
      () => ask({ kind: 'isolate', nonce: 1, node_id: 'n3', proof: toBase64Url(new Uint8Array(60_000)) }),
      413,
      'PAYLOAD_TOO_LARGE',
      /at most 65536/,
    ],
    ['no member', () => ask({ kind: 'leave', nonce: 1, node_id: 'x' }), 409, 'CHANGE_REFUSED', /^x is no member$/],
    [
      'a leave that says nothing of f',
      () => ask({ kind: 'leave', nonce: 1, node_id: 'n3' }),
      409,
      'CHANGE_REFUSED',
      /the operation must say f/,
    ],
  ];
  it.each(refused.map(([name, act, ...row]) => ({ name, act, row })))('refuses $name', async ({ act, row }) => {
    const [status, code, says] = row;
    const { status: answered, body } = await act();
    expect([answered, body.error?.code]).toEqual([status, code]);
    expect(body.error?.message).toMatch(says);
    expect(member.membership.next).toBeUndefined();
  });

  it('refuses what was executed once: its nonce is used', async () => {
    await ask(scoreOf(5, 0));
    const before = written(member);
    for (const nonce of [5, 4])
      expect(await ask(scoreOf(nonce, 0))).toMatchObject({ status: 409, body: { error: { code: 'NONCE_USED' } } });
    expect(written(member)).toEqual(before);
  });

  it('refuses while it hears no quorum', async () => {
    member.heard = [0];
    expect(await ask(scoreOf(1))).toMatchObject({ status: 503, body: { error: { code: 'NO_QUORUM' } } });
  });

  it('category system is for changes alone: a bare proposal of it is refused, one with approvals is ordered', async () => {
    const bare = await call('POST', 'propose', { value: { add: 'n9' }, category: 'system' });
    expect([bare.status, bare.body.error?.code]).toEqual([403, 'UNAUTHORISED']);
    expect(bare.body.error?.message).toMatch(/use \/api\/v1\/cluster\/join/);
    const operation = scoreOf(1);
    const request = encodeSystemRequest({ operation, approvals: [approvalBy(member.swarmId, operation, OPERATOR)] });
    const value = JSON.parse(Buffer.from(request).toString('utf8')) as unknown;
    expect((await call('POST', 'propose?wait=true', { value, category: 'system' })).body).toMatchObject({
      status: 'decided',
    });
    const again = await call('POST', 'propose?wait=true', { value, category: 'system' });
    expect(again.body).toMatchObject({ status: 'rejected' });
    expect(canonicalJson(value)).toBe(Buffer.from(request).toString('utf8'));
  });

  it('tells the chain of epochs', async () => {
    const { epochs, swarmId } = member;
    const none = { format: EPOCH_CHAIN_FORMAT, swarm_id: swarmId, changes: [] };
    expect((await call('GET', 'cluster/epochs')).body).toEqual(none);
    for (let at = 1; at <= 18; at++) epochs.add(changeTo(epochs.newest.table));
    const pages = await Promise.all(
      ['', '?after=16', '?after=2&limit=3', '?after=18'].map((query) => call('GET', `cluster/epochs${query}`)),
    );
    const begun = pages.map(({ body }) =>
      (body['changes'] as { table: { epoch: number } }[]).map((c) => c.table.epoch),
    );
    expect(begun).toEqual([Array.from({ length: 16 }, (_, index) => index + 1), [17, 18], [3, 4, 5], []]);
    expect(pages.map(({ body }) => body)).toEqual([
      epochChainToJson(epochs, swarmId, epoch(0), 16),
      epochChainToJson(epochs, swarmId, epoch(16), 16),
      epochChainToJson(epochs, swarmId, epoch(2), 3),
      none,
    ]);
    expect((await call('GET', 'cluster/epochs?after=x')).status).toBe(400);
    expect((await call('GET', 'cluster/epochs?limit=17')).status).toBe(400);
  });
});
