import { type NatsServer } from '@concordat/nats';
import { connect, headers, type NatsConnection } from 'nats';
import { EXIT } from '../errors';
import { run } from '../testing/captured';
import { startTestBroker } from '../testing/nats';

describe('concordat req', () => {
  let broker: NatsServer;
  let connection: NatsConnection;

  beforeAll(async () => {
    broker = await startTestBroker();
    connection = await connect({ servers: broker.url });
    connection.subscribe('echo', { callback: (_, message) => void message.respond(message.data) });
    connection.subscribe('refuse', {
      callback: (_, message) => {
        const header = headers();
        header.set('Nats-Service-Error-Code', '404');
        header.set('Nats-Service-Error', 'no such proposal');
        message.respond('{"error":{"code":"NOT_FOUND"}}', { headers: header });
      },
    });
    connection.subscribe('silence', { callback: () => undefined });
    await connection.flush();
  });
  afterAll(async () => {
    await connection.close();
    await broker.stop();
  });

  const req = (...args: string[]): ReturnType<typeof run> => run(['req', ...args], { NATS_URL: broker.url });

  it.each(['{"value":1}', '', 'no JSON at all'])('sends %j as it is, and prints the reply', async (payload) => {
    expect(await req('echo', payload)).toEqual({ exitCode: EXIT.done, out: `${payload}\n`, err: '' });
  });

  it('prints the reply of a service error, and ends with 1', async () => {
    expect(await req('refuse')).toEqual({
      exitCode: EXIT.no,
      out: '{"error":{"code":"NOT_FOUND"}}\n',
      err: 'concordat: refuse answered 404: no such proposal\n',
    });
  });

  it.each([
    ['nobody listens', ['void'], EXIT.unreachable, 'NO_RESPONDERS'],
    ['nobody answers', ['silence', '{}', '--timeout-ms', '50'], EXIT.unreachable, 'TIMEOUT'],
    ['there is no server', ['echo', '{}', '--nats', 'nats://127.0.0.1:1'], EXIT.unreachable, 'UNREACHABLE'],
    ['the subject is none', ['a b'], EXIT.usage, 'USAGE'],
    ['the address is none', ['echo', '{}', '--nats', 'nats://'], EXIT.usage, 'USAGE'],
  ])('ends as documented when %s', async (_, args, exitCode, code) => {
    const answer = await req(...args, '--json');
    expect({ exitCode: answer.exitCode, out: answer.out }).toEqual({ exitCode, out: '' });
    expect(JSON.parse(answer.err)).toMatchObject({ error: { code } });
  });
});
