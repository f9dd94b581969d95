import { InvariantError } from '@concordat/protocol';
import { Controller, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Ctx, EventPattern, MessagePattern, Payload } from '@nestjs/microservices';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { headers } from 'nats';
import { of, throwError } from 'rxjs';
import { ApiError } from './api-error';
import { connectBus } from './connect-bus';
import { NatsServiceStrategy } from './nats-service-strategy';
import { ServiceContext } from './service-context';
import { connectNatsService } from './service-error-filter';
import { eventually } from './testing/eventually';
import { type Answer, ServiceSwarm } from './testing/service-swarm';

type Propose = { readonly kind?: string };

const held: (() => void)[] = [];
const release = (): void => held.splice(0).forEach((go) => go());

@Controller()
class Api {
  @MessagePattern('propose')
  propose(@Payload() payload: Propose, @Ctx() context: ServiceContext): unknown {
    switch (payload.kind) {
      case 'promise':
        return Promise.resolve({ from: 'promise' });
      case 'observable':
        return of({ from: 'first' }, { from: 'second' });
      case 'nothing':
        return undefined;
      case 'context':
        return { subject: context.subject, header: context.header('X-Trace') };
      case 'refused':
        throw new ApiError(429, 'POOL_FULL', 'no room:\r\ntry again', { retryAfterMs: 50 });
      case 'refused later':
        return throwError(() => new ApiError(404, 'NOT_FOUND', 'no such proposal'));
      case 'odd details':
        throw new ApiError(400, 'ODD', 'details are no JSON', { amount: 1n });
      case 'large details':
        throw new ApiError(400, 'LARGE', 'details are large', 'x'.repeat(2_000_000));
      case 'failed':
        throw new Error('password of the database is hunter2');
      case 'bug':
        throw new InvariantError('two digests');
      case 'no json':
        return { amount: 1n };
      case 'large':
        return 'x'.repeat(2_000_000);
      default:
        return { echo: payload };
    }
  }

  @MessagePattern('submit', { raw: true, payloadBytesMax: 1_000 })
  submit(@Payload() bytes: Uint8Array): unknown {
    return { bytes: Buffer.from(bytes).toString('hex'), isBytes: bytes instanceof Uint8Array };
  }

  @MessagePattern('cluster.status')
  async status(): Promise<unknown> {
    await new Promise<void>((resolve) => held.push(resolve));
    return { ok: true };
  }
}

const named = (name: string): new () => object => {
  class Named {
    health(): string {
      return name;
    }
  }
  const descriptor = Object.getOwnPropertyDescriptor(Named.prototype, 'health') as PropertyDescriptor;
  MessagePattern('health')(Named.prototype, 'health', descriptor);
  Controller()(Named);
  return Named;
};

let swarm: ServiceSwarm;
beforeAll(async () => {
  swarm = await ServiceSwarm.start();
});
afterEach(async () => {
  release();
  await swarm.closeMembers();
});
afterAll(() => swarm.close());

const refusal = (status: number, code: string, message: string, details?: unknown): Answer => ({
  body: { error: { code, message, ...(details === undefined ? {} : { details }) } },
  code: String(status),
  message: message.replace(/\s+/g, ' '),
});

describe('plain JSON', () => {
  beforeEach(async () => {
    await swarm.member(Api);
  });

  it.each([
    { name: 'JSON in, JSON out', payload: '{"a":[1,"é"]}', body: { echo: { a: [1, 'é'] } } },
    { name: 'an empty payload as {}', payload: '', body: { echo: {} } },
    { name: 'a promise', payload: '{"kind":"promise"}', body: { from: 'promise' } },
    { name: "an observable's first value", payload: '{"kind":"observable"}', body: { from: 'first' } },
    { name: 'nothing as null', payload: '{"kind":"nothing"}', body: null },
  ])('answers: $name', async ({ payload, body }) => {
    expect(await swarm.ask('bft.s1.api.propose', payload)).toEqual({ body, code: undefined, message: undefined });
  });

  it('answers on its own subject too, and tells the handler subject and headers', async () => {
    const extra = headers();
    extra.set('X-Trace', 't1');
    const answer = await swarm.ask('bft.s1.api.propose.n1', '{"kind":"context"}', { timeout: 5_000, headers: extra });
    expect(answer.body).toEqual({ subject: 'bft.s1.api.propose.n1', header: 't1' });
    expect((await swarm.ask('bft.s1.api.propose', '{"kind":"context"}')).body).toEqual({
      subject: 'bft.s1.api.propose',
    });
  });

  it('hands raw bytes to a handler that takes them', async () => {
    const { body } = await swarm.ask('bft.s1.api.submit', Uint8Array.of(0, 0xff, 0x7b));
    expect(body).toEqual({ bytes: '00ff7b', isBytes: true });
    expect((await swarm.ask('bft.s1.api.submit')).body).toEqual({ bytes: '', isBytes: true });
  });
});

describe('errors', () => {
  it.each([
    {
      name: 'an ApiError',
      kind: 'refused',
      answer: refusal(429, 'POOL_FULL', 'no room:\r\ntry again', { retryAfterMs: 50 }),
    },
    { name: 'one that comes later', kind: 'refused later', answer: refusal(404, 'NOT_FOUND', 'no such proposal') },
    { name: 'details that are no JSON', kind: 'odd details', answer: refusal(400, 'ODD', 'details are no JSON') },
    { name: 'details that do not fit', kind: 'large details', answer: refusal(400, 'LARGE', 'details are large') },
    {
      name: 'an answer that does not fit',
      kind: 'large',
      answer: refusal(500, 'REPLY_TOO_LARGE', 'the answer has 2000002 bytes, the broker carries 1048576'),
    },
  ])('tells the caller of $name', async ({ kind, answer }) => {
    const { logged } = await swarm.member(Api);
    expect(await swarm.ask('bft.s1.api.propose', JSON.stringify({ kind }))).toEqual(answer);
    expect(logged).toEqual([]);
  });

  it.each([
    { kind: 'failed', log: 'Error: password of the database is hunter2 | handler failed' },
    { kind: 'no json', log: 'TypeError: Do not know how to serialize a BigInt | handler failed' },
  ])('tells the caller nothing of anything else, and logs it: $kind', async ({ kind, log }) => {
    const { logged } = await swarm.member(Api);
    expect(await swarm.ask('bft.s1.api.propose', JSON.stringify({ kind }))).toEqual(
      refusal(500, 'INTERNAL', 'internal error'),
    );
    expect(logged).toEqual([log]);
  });

  it('tells the owner of an InvariantError', async () => {
    const fatal: string[] = [];
    await swarm.member(Api, { onFatal: (error) => fatal.push(error.message) });
    expect(await swarm.ask('bft.s1.api.propose', '{"kind":"bug"}')).toEqual(refusal(500, 'INTERNAL', 'internal error'));
    expect(fatal).toEqual(['two digests']);
  });

  it.each([
    { name: 'no JSON', payload: '{"a":', status: 400, code: 'MALFORMED_JSON' },
    { name: 'text', payload: 'hello', status: 400, code: 'MALFORMED_JSON' },
    { name: 'no UTF-8', payload: Uint8Array.of(0x22, 0xff, 0x22), status: 400, code: 'MALFORMED_JSON' },
    { name: 'too much', payload: JSON.stringify('x'.repeat(600)), status: 413, code: 'PAYLOAD_TOO_LARGE' },
  ])('refuses a request that is $name, and answers the next', async ({ payload, status, code }) => {
    const { logged } = await swarm.member(Api, { payloadBytesMax: 500 });
    const answer = await swarm.ask('bft.s1.api.propose', payload);
    expect(answer).toMatchObject({ code: String(status), body: { error: { code } } });
    expect((await swarm.ask('bft.s1.api.propose', '{}')).body).toEqual({ echo: {} });
    expect(logged).toEqual([]);
  });

  it("keeps a verb's own limit", async () => {
    await swarm.member(Api, { payloadBytesMax: 500 });
    expect((await swarm.ask('bft.s1.api.submit', new Uint8Array(1_000))).code).toBeUndefined();
    expect((await swarm.ask('bft.s1.api.submit', new Uint8Array(1_001))).code).toBe('413');
  });

  it('refuses at once what is above its bound, and takes more when there is room', async () => {
    await swarm.member(Api, { inFlightMax: 2 });
    const waiting = [1, 2].map(() => swarm.ask('bft.s1.api.cluster.status'));
    await eventually('two requests', () => held.length === 2);
    expect(await swarm.ask('bft.s1.api.cluster.status.n1')).toEqual(
      refusal(503, 'OVERLOADED', '2 requests are being worked on'),
    );
    expect((await swarm.ask('bft.s1.api.propose', '{}')).code).toBeUndefined();
    release();
    expect((await Promise.all(waiting)).map(({ body }) => body)).toEqual([{ ok: true }, { ok: true }]);
    const next = swarm.ask('bft.s1.api.cluster.status');
    await eventually('another request', () => held.length === 1);
    release();
    expect((await next).body).toEqual({ ok: true });
  });

  it('does nothing for a message that wants no answer', async () => {
    const { bus } = await swarm.member(Api);
    swarm.client.publish('bft.s1.api.cluster.status', '{}');
    await swarm.client.flush();
    await bus.flush();
    expect(held).toHaveLength(0);
  });
});

describe('the services API', () => {
  const control = async (subject: string): Promise<Record<string, unknown>> =>
    (await swarm.ask(subject)).body as Record<string, unknown>;
  const verbs = ['propose', 'submit', 'cluster-status'];

  it('answers $SRV.PING, INFO and STATS for ready members and for all', async () => {
    await swarm.member(Api);
    const identity = { version: '1.2.3', metadata: { swarm: 's1', node: 'n1' } };
    expect(await control('$SRV.PING.concordat')).toMatchObject({ ...identity, name: 'concordat' });
    expect(await control('$SRV.PING.concordat-member')).toMatchObject({ ...identity, name: 'concordat-member' });
    const info = (await control('$SRV.INFO.concordat'))['endpoints'] as {
      name: string;
      subject: string;
      queue_group: string;
    }[];
    expect(info.map(({ name }) => name)).toEqual(verbs);
    expect(info[2]).toMatchObject({ subject: 'bft.s1.api.cluster.status', queue_group: 'ready' });
    const own = (await control('$SRV.INFO.concordat-member'))['endpoints'] as { subject: string }[];
    expect(own[2]).toMatchObject({ subject: 'bft.s1.api.cluster.status.n1' });
  });

  it('counts requests and errors in the statistics', async () => {
    await swarm.member(Api);
    await swarm.ask('bft.s1.api.propose', '{}');
    await swarm.ask('bft.s1.api.propose.n1', '{"kind":"refused"}');
    const stats = (await control('$SRV.STATS.concordat'))['endpoints'] as {
      name: string;
      num_requests: number;
      data: object;
    }[];
    expect(stats[0]).toMatchObject({
      name: 'propose',
      num_requests: 1,
      data: { requests: 2, errors: 1, overloaded: 0, in_flight: 0 },
    });
    expect(stats[1]).toMatchObject({ name: 'submit', num_requests: 0, data: { requests: 0 } });
  });
});

describe('readiness', () => {
  const ask = async (subject: string): Promise<unknown> => (await swarm.ask(subject)).body;
  const answers = async (): Promise<unknown[]> =>
    Promise.all(Array.from({ length: 100 }, () => ask('bft.s1.api.health')));

  it('shares requests among ready members, and leaves out the others', async () => {
    await swarm.member(named('a'), { node: 'a' });
    const b = await swarm.member(named('b'), { node: 'b' });
    expect([...new Set(await answers())].sort()).toEqual(['a', 'b']);

    await b.strategy.setReady(false);
    expect([...new Set(await answers())]).toEqual(['a']);
    expect(await ask('bft.s1.api.health.b')).toBe('b');

    await b.strategy.setReady(true);
    expect([...new Set(await answers())].sort()).toEqual(['a', 'b']);
  });

  it('is not ready until it says so', async () => {
    const { strategy } = await swarm.member(named('a'), { ready: false });
    await expect(ask('bft.s1.api.health')).rejects.toMatchObject({ code: '503' });
    expect(await ask('bft.s1.api.health.n1')).toBe('a');
    await strategy.setReady(true);
    expect(await ask('bft.s1.api.health')).toBe('a');
  });

  it('ends where the last word was, however fast they follow', async () => {
    const { strategy } = await swarm.member(named('a'), { ready: false });
    await Promise.all([true, false, true, true, false].map((ready) => strategy.setReady(ready)));
    await expect(ask('bft.s1.api.health')).rejects.toMatchObject({ code: '503' });
    await Promise.all([true, true, false, true].map((ready) => strategy.setReady(ready)));
    expect(await answers()).toEqual(Array.from({ length: 100 }, () => 'a'));
    const { body } = await swarm.ask('$SRV.STATS.concordat');
    expect(body).toMatchObject({ endpoints: [{ num_requests: 100 }] });
  });

  it('answers what it has begun before it closes', async () => {
    const member = await swarm.member(Api);
    const waiting = swarm.ask('bft.s1.api.cluster.status');
    await eventually('the request', () => held.length === 1);
    const closing = member.close();
    const isAnswered = (): Promise<boolean> =>
      swarm.ask('bft.s1.api.propose.n1', '{}').then(
        () => true,
        () => false,
      );
    while (await isAnswered());
    release();
    expect((await waiting).body).toEqual({ ok: true });
    await closing;
  });
});

describe('a broker that goes or refuses', () => {
  it('answers again after a reconnect, in the state that was asked for meanwhile', async () => {
    const other = await ServiceSwarm.start();
    const { strategy, bus } = await other.member(named('a'), { ready: false });
    await other.broker.stop('SIGKILL');
    await eventually('the loss to be seen', () => bus.status() === 'disconnected');
    await strategy.setReady(true);
    const again = await ServiceSwarm.start({ port: other.broker.port });
    await eventually('the reconnect', () => bus.status() === 'connected');
    await bus.flush();
    const both = [await again.ask('bft.s1.api.health'), await again.ask('bft.s1.api.health.n1')];
    expect(both.map(({ body }) => body)).toEqual(['a', 'a']);
    await other.close();
    await again.close();
  });

  it('logs that the broker ended a service', async () => {
    const user = (permissions: string): string => `{ user: m, password: secret, permissions: ${permissions} }`;
    const denying = await ServiceSwarm.start({
      config: `authorization { users: [${user('{ subscribe: { deny: "bft.s1.api.health" } }')}, { user: any }] }
        no_auth_user: any`,
    });
    const { logged } = await denying.member(named('a'), { user: 'm' });
    await eventually('the log', () => logged.length === 1);
    expect(logged[0]).toMatch(/bft\.s1\.api\.health.* \| the broker ended a service/);
    expect((await denying.ask('bft.s1.api.health.n1')).body).toBe('a');
    await denying.close();
  });
});

describe('patterns that the API does not have', () => {
  it.each([
    {
      name: 'an unknown verb',
      decorate: MessagePattern('frobnicate'),
      says: "@MessagePattern('frobnicate') is no verb",
    },
    { name: 'an event', decorate: EventPattern('health'), says: "'health': the API has requests" },
  ])('does not start with $name', async ({ decorate, says }) => {
    class Odd {
      handle(): void {
        return;
      }
    }
    decorate(Odd.prototype, 'handle', Object.getOwnPropertyDescriptor(Odd.prototype, 'handle') as PropertyDescriptor);
    Controller()(Odd);
    await expect(swarm.member(Odd)).rejects.toThrow(says);
  });
});

describe('beside HTTP', () => {
  it('keeps codes and details when it is attached to an HTTP application', async () => {
    const bus = await connectBus({ url: swarm.broker.url, name: 'hybrid' });
    const logger = { error: () => undefined };
    const strategy = new NatsServiceStrategy({ bus, swarm: 's1', node: 'n1', version: '0.0.1', logger });
    const initialised: string[] = [];
    @Module({ controllers: [Api] })
    class Root {
      onModuleInit(): void {
        initialised.push('once');
      }
    }
    const app = await NestFactory.create(Root, new FastifyAdapter());
    try {
      connectNatsService(app, strategy);
      await app.init();
      await app.startAllMicroservices();
      const { body } = await swarm.ask('bft.s1.api.propose.n1', '{"kind":"refused"}');
      expect(body).toMatchObject({ error: { code: 'POOL_FULL', details: { retryAfterMs: 50 } } });
      expect(strategy.unwrap()).toBe(bus.connection);
      expect(initialised).toEqual(['once']);
    } finally {
      await app.close();
      await bus.close();
    }
    await expect(swarm.ask('bft.s1.api.propose.n1')).rejects.toMatchObject({ code: '503' });
  });
});
