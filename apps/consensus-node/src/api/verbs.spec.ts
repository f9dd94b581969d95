import 'reflect-metadata';
import { EPOCH_CHAIN_FORMAT, SIGNATURE_HEADER } from '@concordat/client';
import { NestFactory } from '@nestjs/core';
import { type CustomTransportStrategy, type MessageHandler, Server } from '@nestjs/microservices';
import { type INestMicroservice, type NestApplicationOptions } from '@nestjs/common';
import { ApiError, NATS_SERVICE, ServiceContext, ServiceErrorFilter, type VerbExtras } from '@concordat/nats';
import { type Operation } from '@concordat/consensus';
import { createClientSigner, nativeHash, signatureSuite } from '@concordat/crypto';
import { API_VERBS, asciiBytes, millis } from '@concordat/protocol';
import { createMetrics } from '@concordat/telemetry';
import { firstValueFrom, from, isObservable, mergeMap, of } from 'rxjs';
import { AppModule } from '../app.module';
import { proven, signedChange } from '../testing/changes';
import { FakeMember, OPERATOR } from '../testing/fake-member';
import { ANSWER_HEADER } from './verbs.controller';

/** Takes the handlers that Nest finds, and calls them as the NATS transport does. */
class Captured extends Server implements CustomTransportStrategy {
  override readonly transportId = NATS_SERVICE;

  listen(callback: () => void): void {
    callback();
  }

  close(): void {
    // Holds nothing.
  }

  on(event: string): never {
    throw new Error(event);
  }

  unwrap<T>(): T {
    throw new Error('nothing inside');
  }

  handlerOf(verb: string): MessageHandler<unknown, ServiceContext, unknown> {
    const handler: MessageHandler<unknown, ServiceContext, unknown> | undefined = this.messageHandlers.get(verb);
    if (handler === undefined) throw new Error(`no handler of ${verb}`);
    return handler;
  }

  async ask(verb: string, payload: unknown, headers: Readonly<Record<string, string>> = {}): Promise<unknown> {
    const context = new ServiceContext([`bft.fake.api.${verb}`, (name) => headers[name]]);
    const result = from(Promise.resolve(this.handlerOf(verb)(payload, context)));
    return firstValueFrom(result.pipe(mergeMap((value: unknown) => (isObservable(value) ? value : of(value)))));
  }
}

describe('the verbs', () => {
  let member: FakeMember;
  let api: Captured;
  let app: INestMicroservice;

  beforeEach(async () => {
    member = new FakeMember();
    api = new Captured();
    const module = AppModule.of(member, createMetrics(undefined, { processMetrics: false }));
    const options: Pick<NestApplicationOptions, 'logger'> & { strategy: Captured } = {
      strategy: api,
      logger: false,
    };
    app = await NestFactory.createMicroservice(module, options);
    app.useGlobalFilters(new ServiceErrorFilter());
    await app.listen();
  });
  afterEach(() => app.close());

  const suite = signatureSuite('ed25519');
  const { privateKey } = suite.generate();
  const envelopeOf = (nonce: bigint, ...values: readonly string[]): Uint8Array =>
    createClientSigner({ suite, privateKey, hash: nativeHash, swarmId: member.swarmId }).signEnvelope({
      firstNonce: nonce,
      requests: values.map((value) => ({
        value: asciiBytes(value),
        category: 'general' as const,
        priority: 'normal' as const,
        proposer: '',
        metadata: new Uint8Array(0),
        expiresAt: millis(member.now() + 5_000),
      })),
    }).bytes;

  it('are all there, and submit takes bytes', () => {
    for (const verb of API_VERBS)
      expect((api.handlerOf(verb).extras as VerbExtras).raw ?? false).toBe(verb === 'submit');
  });

  it('a proof comes by its id, else the list of them', async () => {
    member.proofs.push(member.equivocation(3, 'commit', 7));
    const list = (await api.ask('evidence', { node_id: 'n3' })) as { evidence: { id: string }[] };
    expect(list).toMatchObject({ evidence: [{ node_id: 'n3', message: 'commit', sequence: 7 }], next: null });
    const [entry] = list.evidence;
    expect(await api.ask('evidence', { id: entry?.id })).toMatchObject({ ...entry, swarm_id: member.swarmId });
    expect(await api.ask('evidence', { after: entry?.id })).toEqual({ evidence: [], next: null });
  });

  it('answer what REST answers', async () => {
    expect(await api.ask('propose', { value: 1 })).toMatchObject({ proposal_id: 'n1:2:1', quorum_required: 3 });
    expect(await api.ask('propose', { value: 2, wait: true })).toMatchObject({ status: 'decided', decided_value: 2 });
    expect(await api.ask('consensus', { proposal_id: 'n1:2:2' })).toMatchObject({ status: 'decided', view: 2 });
    expect(await api.ask('why', { proposal_id: 'n1:2:2' })).toMatchObject({ status: 'decided', need: 3 });
    expect(await api.ask('history', { limit: 1 })).toMatchObject({
      total_decisions: 2,
      recent_decisions: [{ proposal_id: 'n1:2:2' }],
    });
    expect(await api.ask('cluster.status', {})).toMatchObject({ total_nodes: 4, current_leader: 'n2' });
    expect(await api.ask('health', {})).toMatchObject({ status: 'healthy', node_id: 'n1' });
  });

  it("take a client's envelope and answer when it is decided", async () => {
    const answer = await api.ask('submit', envelopeOf(7n, '1', '"two"'));
    expect(answer).toMatchObject({
      first_proposal_id: expect.stringMatching(/^[\w-]{43}:7$/) as string,
      last_proposal_id: expect.stringMatching(/:8$/) as string,
      requests: 2,
      status: 'decided',
      sequence: 1,
      view: 2,
      duration_ms: 5,
      outcomes: { decided: 2, duplicate: 0, expired: 0, refused: 0 },
      quorum_required: 3,
    });
  });

  it('answer at once when the header asks for it', async () => {
    member.decidesAtOnce = false;
    const answer = await api.ask('submit', envelopeOf(7n, '1'), { [ANSWER_HEADER]: 'accepted' });
    expect(answer).toMatchObject({ requests: 1, status: 'active', leader_node: 'n2' });
    expect(answer).not.toHaveProperty('outcomes');
  });

  it('change the member table as REST does, with the same header', async () => {
    const key = suite.generate();
    const join = { kind: 'join', nonce: 1, ...proven(member.swarmId, 'n4', key) } as const;
    const { body, header } = signedChange(member.swarmId, join, OPERATOR);
    const headers = { [SIGNATURE_HEADER]: header };
    expect(await api.ask('cluster.join', { ...body, wait: 'epoch', timeout_ms: 2000 }, headers)).toMatchObject({
      status: 'effective',
      cluster_size: 5,
      effective_epoch: 1,
      connection_params: { swarm_id: member.swarmId },
    });
    await expect(api.ask('cluster.join', body)).rejects.toMatchObject({ status: 403, code: 'UNAUTHORISED' });
    const changes: readonly [verb: string, operation: Operation][] = [
      ['cluster.isolate', { kind: 'isolate', nonce: 2, node_id: 'n0', proof: 'AQ' }],
      ['cluster.release', { kind: 'release', nonce: 3, node_id: 'n0' }],
      ['cluster.rotate', { kind: 'rotate', nonce: 4, ...proven(member.swarmId, 'n0', suite.generate()) }],
      ['reputation.update', { kind: 'reputation', nonce: 5, node_id: 'n0', behavior_score: 1, reason: '' }],
      ['cluster.leave', { kind: 'leave', nonce: 6, node_id: 'n4' }],
    ];
    for (const [verb, operation] of changes) {
      const signed = signedChange(member.swarmId, operation, OPERATOR);
      expect(await api.ask(verb, signed.body, { [SIGNATURE_HEADER]: signed.header })).toMatchObject({
        status: 'accepted',
        node_id: operation.node_id,
      });
    }
    expect(await api.ask('cluster.epochs', {})).toEqual({
      format: EPOCH_CHAIN_FORMAT,
      swarm_id: member.swarmId,
      changes: [],
    });
  });

  const bad: readonly [string, unknown, number, string, string?][] = [
    ...API_VERBS.filter((verb) => verb !== 'submit').flatMap((verb): [string, unknown, number, string, string?][] => [
      [verb, null, 400, 'INVALID_FIELD', 'body'],
      [verb, 7, 400, 'INVALID_FIELD', 'body'],
      [verb, 'text', 400, 'INVALID_FIELD', 'body'],
      [verb, [], 400, 'INVALID_FIELD', 'body'],
    ]),
    ['propose', {}, 400, 'INVALID_FIELD', 'value'],
    ['evidence', { id: 'x' }, 400, 'INVALID_FIELD', 'id'],
    ['evidence', { limit: 101 }, 400, 'INVALID_FIELD', 'limit'],
    ['evidence', { id: '0'.repeat(64) }, 404, 'UNKNOWN_EVIDENCE', 'id'],
    ['propose', { value: 1, wait: 'true' }, 400, 'INVALID_FIELD', 'wait'],
    ['propose', { value: 1, require_unanimous: true }, 400, 'NOT_SUPPORTED', 'require_unanimous'],
    ['consensus', {}, 400, 'INVALID_FIELD', 'proposal_id'],
    ['consensus', { proposal_id: 7 }, 400, 'INVALID_FIELD', 'proposal_id'],
    ['consensus', { proposal_id: 'n1:2:9' }, 404, 'UNKNOWN_PROPOSAL', 'proposal_id'],
    ['why', {}, 400, 'INVALID_FIELD', 'proposal_id'],
    ['why', { proposal_id: 'n1:2:9' }, 404, 'UNKNOWN_PROPOSAL', 'proposal_id'],
    ['history', { limit: '10' }, 400, 'INVALID_FIELD', 'limit'],
    ['history', { limit: 1.5 }, 400, 'INVALID_FIELD', 'limit'],
    ['history', { cursor: 1 }, 400, 'INVALID_FIELD', 'cursor'],
    ['cluster.status', { verbose: true }, 400, 'INVALID_FIELD', 'verbose'],
    ['cluster.epochs', { after: -1 }, 400, 'INVALID_FIELD', 'after'],
    ['cluster.leave', { nonce: 1, node_id: 'n0', wait: true }, 400, 'INVALID_FIELD', 'wait'],
    ['health', { verbose: true }, 400, 'INVALID_FIELD', 'verbose'],
    ['submit', new Uint8Array(0), 400, 'MALFORMED_ENVELOPE', 'envelope'],
    ['submit', asciiBytes('{"value":1}'), 400, 'MALFORMED_ENVELOPE', 'envelope'],
    ['submit', new Uint8Array(600_000), 413, 'PAYLOAD_TOO_LARGE', 'value'],
  ];
  it.each(bad.map((row, index) => ({ index, row })))('refuse bad input: row $index', async ({ row }) => {
    const [verb, payload, status, code, field] = row;
    const thrown = await api.ask(verb, payload).catch((error: unknown) => error);
    if (!(thrown instanceof ApiError)) throw new Error(`${verb} answered ${JSON.stringify(thrown)}`);
    expect([thrown.status, thrown.code]).toEqual([status, code]);
    expect((thrown.details as { field: string }[])[0]?.field).toBe(field);
  });

  it('refuse a value that is too deep, without a stack overflow', async () => {
    let value: unknown = 1;
    for (let level = 0; level < 50_000; level++) value = [value];
    await expect(api.ask('propose', { value })).rejects.toMatchObject({ code: 'INVALID_FIELD' });
  });

  it('refuse an envelope of which a byte was changed', async () => {
    const envelope = envelopeOf(9n, '1');
    for (const at of [0, 40, envelope.length - 70, envelope.length - 1]) {
      const changed = envelope.slice();
      changed[at] = (changed[at] ?? 0) ^ 1;
      await expect(api.ask('submit', changed)).rejects.toMatchObject({ status: 400 });
    }
  });

  it('refuse a header that they do not know', async () => {
    const asked = api.ask('submit', envelopeOf(1n, '1'), { [ANSWER_HEADER]: 'soon' });
    await expect(asked).rejects.toMatchObject({ code: 'INVALID_FIELD', details: [{ field: ANSWER_HEADER }] });
  });
});
