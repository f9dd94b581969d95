import { nkeys } from 'nats';
import { type BusStatus } from './bus';
import { BusConnectError, BusUnavailableError } from './bus-errors';
import { connectBus } from './connect-bus';
import { type NatsBus } from './nats-bus';
import { type NatsBusOptions } from './bus-options';
import { type NatsServer } from './nats-server';
import { startBroker } from './testing/broker';
import { eventually } from './testing/eventually';

const bytesOf = (value: string): Uint8Array => Buffer.from(value);
const open: { close?(): Promise<void>; stop?(signal?: NodeJS.Signals): Promise<void> }[] = [];

async function broker(options: Parameters<typeof startBroker>[0] = {}): Promise<NatsServer> {
  const started = await startBroker(options);
  open.push({ stop: () => started.stop('SIGKILL') });
  return started;
}

async function connected(url: string, options: Partial<NatsBusOptions> = {}): Promise<NatsBus> {
  const delays = { reconnectDelayMinMs: 5, reconnectDelayMaxMs: 20 };
  const bus = await connectBus({ url, name: 'test', ...delays, ...options });
  open.push({ close: () => bus.close() });
  return bus;
}

afterEach(async () => {
  for (const resource of open.splice(0).reverse()) await (resource.close ?? resource.stop)?.();
});

describe('a broker that dies and comes back', () => {
  it('drops and counts meanwhile, and delivers to the old subscriptions afterwards', async () => {
    const first = await broker();
    const events: string[] = [];
    const bus = await connected(first.url, { onStatus: ({ kind }) => events.push(kind) });
    const got: string[] = [];
    bus.subscribe('t.x', (bytes) => got.push(Buffer.from(bytes).toString()));
    bus.publish('t.x', bytesOf('before'));
    await eventually('the first message', () => got.length === 1);

    await first.stop('SIGKILL');
    await eventually('the loss to be seen', () => bus.status() === 'disconnected');
    for (let count = 0; count < 1_000; count += 1) expect(bus.publish('t.x', bytesOf('lost'))).toBe(false);
    await expect(bus.flush()).rejects.toThrow(BusUnavailableError);
    await expect(bus.request('t.x', bytesOf(''), { timeoutMs: 1_000 })).rejects.toMatchObject({ code: 'unavailable' });
    const whileDown: string[] = [];
    bus.subscribe('t.y', (bytes) => whileDown.push(Buffer.from(bytes).toString()));

    await broker({ port: first.port, maxPayloadBytes: 2_048 });
    await eventually('the reconnect', () => bus.status() === 'connected');
    for (const subject of ['t.x', 't.y']) expect(bus.publish(subject, bytesOf('after'))).toBe(true);
    await eventually('both messages', () => got.length === 2 && whileDown.length === 1);
    expect(got).toEqual(['before', 'after']);
    expect(bus.stats()).toMatchObject({ sentMessages: 3, droppedDisconnected: 1_000, droppedOverflow: 0 });
    expect(bus.maxPayloadBytes).toBe(2_048);
    expect(events).toEqual(['connected', 'disconnected', 'connected']);
  });

  it('closes while there is no broker', async () => {
    const gone = await broker();
    const bus = await connected(gone.url, { reconnectDelayMinMs: 600, reconnectDelayMaxMs: 600 });
    await gone.stop('SIGKILL');
    await eventually('the loss to be seen', () => bus.status() === 'disconnected');
    const startMs = performance.now();
    await bus.close();
    expect(bus.status()).toBe('closed');
    expect(performance.now() - startMs).toBeLessThan(200);
  });

  it('hears of a broker that is about to go', async () => {
    const leaving = await broker();
    const events: BusStatus[] = [];
    await connected(leaving.url, { onStatus: (status) => events.push(status) });
    process.kill(leaving.pid, 'SIGUSR2');
    await eventually('the lame duck', () => events.some(({ kind }) => kind === 'lameDuck'));
  });
});

describe('a broker that accepts and does not read', () => {
  it('bounds what waits for it, and recovers', async () => {
    const stalled = await broker();
    const bus = await connected(stalled.url, { outboundBytesMax: 1_000_000 });
    const got: number[] = [];
    bus.subscribe('t.x', (bytes) => got.push(bytes.length));
    await bus.flush();
    process.kill(stalled.pid, 'SIGSTOP');
    try {
      const taken = Array.from({ length: 100 }, () => bus.publish('t.x', new Uint8Array(100_000))).filter(Boolean);
      expect(taken).toHaveLength(10);
      expect(bus.stats()).toMatchObject({ sentMessages: 10, droppedOverflow: 90, droppedDisconnected: 0 });
    } finally {
      process.kill(stalled.pid, 'SIGCONT');
    }
    await eventually('what was taken', () => got.length === 10);
    await eventually('room again', () => bus.publish('t.x', new Uint8Array(100_000)));
  });
});

describe('the first connection', () => {
  it('fails at once, and says where, when nobody listens', async () => {
    const gone = await broker();
    await gone.stop();
    const failure = await connectBus({ url: `nats://someone:hunter2@127.0.0.1:${gone.port}`, name: 'test' }).catch(
      (e: unknown) => e,
    );
    expect(failure).toBeInstanceOf(BusConnectError);
    expect((failure as Error).message).toContain(`no connection to NATS at 127.0.0.1:${gone.port}: `);
    expect((failure as Error).message).not.toContain('hunter2');
    expect((failure as Error).cause).toBeInstanceOf(Error);
  });

  it('gives up at its deadline', async () => {
    const gone = await broker();
    await gone.stop();
    const options = { name: 'test', waitOnFirstConnectMs: 200, reconnectDelayMinMs: 5, reconnectDelayMaxMs: 20 };
    const startMs = performance.now();
    await expect(connectBus({ url: gone.url, ...options })).rejects.toThrow('within 200 ms');
    expect(performance.now() - startMs).toBeGreaterThan(150);
  });

  it('waits for a broker that comes up late', async () => {
    const early = await broker();
    await early.stop();
    const waiting = connected(early.url, { waitOnFirstConnectMs: 10_000 });
    await broker({ port: early.port });
    expect((await waiting).status()).toBe('connected');
  });
});

describe('credentials and permissions', () => {
  const users = (permissions: string): string =>
    `authorization { users: [{ user: m, password: right, permissions: ${permissions} }] }`;
  const anything = '{ publish: ">", subscribe: ">" }';

  it('takes user and password from the URL, an nkey, or a token', async () => {
    const key = (nkeys as { createUser(): { getPublicKey(): string; getSeed(): Uint8Array } }).createUser();
    const withUser = await broker({ config: users(anything) });
    const withNkey = await broker({ config: `authorization { users: [{ nkey: ${key.getPublicKey()} }] }` });
    const withToken = await broker({ config: 'authorization { token: abc }' });
    const buses = await Promise.all([
      connected(withUser.url.replace('//', '//m:right@')),
      connected(withNkey.url, { credentials: { kind: 'nkey', seed: key.getSeed() } }),
      connected(withToken.url, { credentials: { kind: 'token', token: 'abc' } }),
    ]);
    expect(buses.map((bus) => bus.status())).toEqual(['connected', 'connected', 'connected']);
  });

  it('names a refused user, and not the password', async () => {
    const { url } = await broker({ config: users(anything) });
    const failure = (await connected(url, { credentials: { kind: 'user', user: 'm', password: 'wrong' } }).catch(
      (error: unknown) => error,
    )) as Error;
    expect(failure).toBeInstanceOf(BusConnectError);
    expect(failure.message).toContain('Authorization Violation');
    expect(failure.message).not.toContain('wrong');
  });

  it('keeps trying when it is refused later, for as long as it takes', async () => {
    const first = await broker({ config: users(anything) });
    const events: BusStatus[] = [];
    const options = {
      credentials: { kind: 'user', user: 'm', password: 'right' },
      onStatus: (status: BusStatus) => events.push(status),
    } as const;
    const bus = await connected(first.url, options);
    await first.stop('SIGKILL');
    const refusing = await broker({ port: first.port, config: users(anything).replace('right', 'other') });
    const refusals = (): number =>
      events.filter((event) => event.kind === 'fault' && event.code === 'authentication_failed').length;
    await eventually('five refusals', () => refusals() >= 5);
    expect(bus.status()).toBe('disconnected');
    await refusing.stop('SIGKILL');
    await broker({ port: first.port, config: users(anything) });
    await eventually('the reconnect', () => bus.status() === 'connected');
  });

  it('reports what the broker refuses, and subscribes again when it may', async () => {
    const first = await broker({ config: users('{ publish: "t.ok", subscribe: "t.ok" }') });
    const faults: BusStatus[] = [];
    const onStatus = (status: BusStatus): void => {
      if (status.kind === 'fault') faults.push(status);
    };
    const bus = await connected(first.url.replace('//', '//m:right@'), { onStatus });
    const [got, ended]: [string[], string[]] = [[], []];
    bus.subscribe('t.no', (bytes) => got.push(Buffer.from(bytes).toString()));
    const given = bus.subscribe('t.never', (bytes) => ended.push(Buffer.from(bytes).toString()));
    bus.publish('t.no', bytesOf('x'));
    await bus.flush();
    await eventually('three refusals', () => faults.length === 3);
    expect(faults).toEqual(
      [
        ['subscription', 't.no'],
        ['subscription', 't.never'],
        ['publish', 't.no'],
      ].map(([operation, subject]) => ({
        kind: 'fault',
        code: 'permission_denied',
        reason: `the broker refuses ${operation} of ${subject}`,
        subject,
      })),
    );
    expect(bus.status()).toBe('connected');
    given.unsubscribe();

    await first.stop('SIGKILL');
    await eventually('the loss to be seen', () => bus.status() === 'disconnected');
    await broker({ port: first.port, config: users(anything) });
    await eventually('the reconnect', () => bus.status() === 'connected');
    for (const subject of ['t.never', 't.no']) bus.publish(subject, bytesOf('y'));
    await eventually('the message', () => got.length === 1);
    expect({ got, ended }).toEqual({ got: ['y'], ended: [] });
  });
});
