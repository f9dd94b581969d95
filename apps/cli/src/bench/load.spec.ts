import { nativeHash, signatureSuite } from '@concordat/crypto';
import { type NatsServer } from '@concordat/nats';
import {
  decodeEnvelope,
  envelopeSigningBytes,
  swarmId,
  wireLimits,
  type Envelope,
  type Genesis,
} from '@concordat/protocol';
import { connect, type Msg, type NatsConnection } from 'nats';
import { createGenesis } from '../genesis-file';
import { localNodeId } from '../swarm/member-keys';
import { startTestBroker } from '../testing/nats';
import { runClosedLoop, type LoadClient } from './closed-loop';
import { createLoadClients } from './load-clients';
import { REQUEST_BYTES, SCENARIOS, valueText, type Scenario } from './scenarios';

describe('runClosedLoop', () => {
  /** A clock that only moves when a client works or pauses. */
  class WorkClock {
    now = 0;
    readonly nowMs = (): number => this.now;
    readonly pause = (ms: number): Promise<void> => {
      this.now += ms;
      return Promise.resolve();
    };
  }

  const client = (clock: WorkClock, latenciesMs: readonly number[], count: number): LoadClient => {
    let sent = 0;
    return {
      send: () => {
        clock.now += latenciesMs[sent++ % latenciesMs.length] ?? 0;
        return Promise.resolve(count);
      },
    };
  };

  it('counts the requests of envelopes that were decided within the run', async () => {
    const clock = new WorkClock();
    const result = await runClosedLoop([client(clock, [3], 100)], 10, clock);
    // The fourth answer comes at 12 ms.
    expect(result).toMatchObject({ decided: 300, elapsedMs: 10, failures: {} });
  });

  it('reports percentiles of the latencies', async () => {
    const clock = new WorkClock();
    const { p50Ms, p99Ms } = await runClosedLoop([client(clock, [...Array<number>(49).fill(2), 9], 1)], 10_000, clock);
    expect(p50Ms).toBeCloseTo(2, 1);
    expect(p99Ms).toBeCloseTo(9, 1);
  });

  it('counts what was refused by its reason, and tries again', async () => {
    const clock = new WorkClock();
    let sent = 0;
    const refused: LoadClient = {
      send: () => {
        clock.now += 1;
        return sent++ === 0 ? Promise.reject(new Error('pool full')) : Promise.resolve(1);
      },
    };
    expect(await runClosedLoop([refused], 30, clock)).toMatchObject({ decided: 9, failures: { 'pool full': 1 } });
  });
});

describe('the load', () => {
  it.each([0, 7, 511])('has values of exactly 200 bytes (%i)', (n) => {
    expect(Buffer.byteLength(valueText(n))).toBe(REQUEST_BYTES);
    expect(JSON.parse(valueText(n))).toMatchObject({ n });
  });

  it('has the three scenarios of the issue', () => {
    expect(SCENARIOS.map(({ name, signed, envelopeSize }) => ({ name, signed, envelopeSize }))).toEqual([
      { name: 'one-in-flight', signed: false, envelopeSize: 1 },
      { name: 'signed-clients', signed: true, envelopeSize: 1 },
      { name: 'envelopes', signed: true, envelopeSize: 100 },
    ]);
  });
});

describe('createLoadClients', () => {
  let broker: NatsServer;
  let connection: NatsConnection;
  let genesis: Genesis;
  let received: Msg[];
  const scenario = (changes: Partial<Scenario>): Scenario => ({
    name: 's',
    title: 's',
    signed: true,
    clients: 2,
    envelopeSize: 3,
    ...changes,
  });

  beforeAll(async () => {
    broker = await startTestBroker();
    connection = await connect({ servers: broker.url });
    const members = Array.from({ length: 4 }, (_, i) => ({
      nodeId: localNodeId(i),
      publicKey: signatureSuite('ed25519').generate().publicKey,
    }));
    genesis = createGenesis({ swarm: 'bench', members, scheme: 'ed25519' });
    connection.subscribe('bft.bench.api.*', {
      callback: (_, message) => {
        received.push(message);
        message.respond('{"status":"decided"}');
      },
    });
  });
  beforeEach(() => {
    received = [];
  });
  afterAll(async () => {
    await connection.close();
    await broker.stop();
  });

  it('sends raw envelopes that each client signed, with nonces that go on', async () => {
    const clients = createLoadClients(scenario({}), genesis, connection);
    for (const client of clients) expect(await client.send()).toBe(3);
    expect(await clients[0]?.send()).toBe(3);
    const envelopes = received.map(({ data }): Envelope => decodeEnvelope(nativeHash, data, wireLimits(genesis.table)));
    expect(envelopes.map(({ firstNonce }) => firstNonce)).toEqual([1n, 1n, 4n]);
    expect(new Set(envelopes.map(({ signerKey }) => signerKey)).size).toBe(2);
    for (const { signer, bodyHash, signature } of envelopes) {
      const key = signer.kind === 'client' ? signer.publicKey : new Uint8Array(32);
      const signed = envelopeSigningBytes(swarmId(nativeHash, genesis), bodyHash);
      expect(signatureSuite('ed25519').verify(key, signed, signature)).toBe(true);
    }
    expect(received.every(({ subject }) => subject === 'bft.bench.api.submit')).toBe(true);
  });

  it('proposes JSON through a gateway where it has no key', async () => {
    const [client] = createLoadClients(scenario({ signed: false, clients: 1, envelopeSize: 1 }), genesis, connection);
    expect(await client?.send()).toBe(1);
    expect(received.map((message) => [message.subject, message.json()])).toEqual([
      ['bft.bench.api.propose', { value: JSON.parse(valueText(0)) as unknown, wait: true }],
    ]);
  });
});
