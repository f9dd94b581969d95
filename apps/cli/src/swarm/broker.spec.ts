import { BusRequestError, connectBus } from '@concordat/nats';
import { EXIT } from '../errors';
import { eventually } from '../testing/eventually';
import { startTestBroker } from '../testing/nats';
import { startBroker, useBroker, type BrokerEnd } from './broker';

const guardOf = (watched: Set<number>) => ({
  watch: (pid: number) => void watched.add(pid),
  forget: (pid: number) => void watched.delete(pid),
  close: () => undefined,
});

describe('the broker of a local swarm', () => {
  it('comes back on the same port after kill -9, and is guarded all the time', async () => {
    const watched = new Set<number>();
    const ends: BrokerEnd[] = [];
    const onEnd = (end: BrokerEnd): void => void ends.push(end);
    const broker = await startBroker({ env: process.env, anyPort: true, guard: guardOf(watched), onEnd });
    const [pid = 0] = watched;
    process.kill(pid, 'SIGKILL');
    const next = await eventually('a new nats-server', () => [...watched].find((other) => other !== pid));
    expect(ends).toEqual([{ restartInMs: 1_000 }]);
    const bus = await connectBus({ url: broker.url, name: 'test', waitOnFirstConnectMs: 5_000 });
    await expect(bus.request('void', new Uint8Array(0), { timeoutMs: 1_000 })).rejects.toThrow(BusRequestError);
    await bus.close();
    await broker.stop();
    expect(watched.has(next)).toBe(false);
    expect(ends).toHaveLength(1);
  });

  it('says what to do where there is no nats-server', async () => {
    const env = { NATS_SERVER_BIN: '/does/not/exist' };
    const starting = startBroker({ env, anyPort: true, guard: guardOf(new Set()), onEnd: () => undefined });
    await expect(starting).rejects.toMatchObject({ code: 'NO_NATS_SERVER', exitCode: EXIT.no });
  });

  it('uses a running server, and leaves it running', async () => {
    const server = await startTestBroker();
    const broker = await useBroker(server.url);
    await broker.stop();
    await (await connectBus({ url: server.url, name: 'test' })).close();
    await server.stop();
    await expect(useBroker(server.url)).rejects.toMatchObject({ code: 'NATS_UNREACHABLE', exitCode: EXIT.unreachable });
  });
});
