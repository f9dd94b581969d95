import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { Link } from './link';
import { until } from './until';

/** One end of a connection, and what came out of it. */
class End {
  text = '';
  ending: 'reset' | 'end' | undefined;

  constructor(readonly socket: Socket) {
    socket.setEncoding('utf8').on('data', (chunk: string) => (this.text += chunk));
    socket.on('error', () => (this.ending ??= 'reset'));
    socket.on('end', () => (this.ending ??= 'end'));
    socket.on('close', () => (this.ending ??= 'reset'));
  }

  receives(text: string): Promise<true> {
    return until(`'${text}' arrives`, 5_000, () => Promise.resolve(this.text === text ? true : undefined));
  }

  ends(): Promise<'reset' | 'end'> {
    return until('the connection ends', 5_000, () => Promise.resolve(this.ending));
  }
}

describe('Link', () => {
  let server: Server;
  let link: Link;
  const sockets: Socket[] = [];

  beforeEach(async () => {
    server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    server.on('connection', (socket) => {
      sockets.push(socket);
      // Tests that care look at the End; the others end somehow.
      socket.on('error', () => undefined);
    });
    link = await Link.open((server.address() as AddressInfo).port);
  });

  afterEach(async () => {
    for (const socket of sockets.splice(0)) socket.destroy();
    await link.close();
    await new Promise((closed) => server.close(closed));
  });

  async function join(): Promise<{ member: End; broker: End }> {
    const accepted = once(server, 'connection') as Promise<[Socket]>;
    const member = dial();
    const [socket] = await accepted;
    const ends = { member, broker: new End(socket) };
    await exchange(ends, 'hello');
    return ends;
  }

  function dial(): End {
    const socket = connect(Number(new URL(link.url).port), '127.0.0.1');
    sockets.push(socket);
    return new End(socket);
  }

  async function exchange({ member, broker }: { member: End; broker: End }, text: string): Promise<void> {
    const [out, back] = [broker.text + text, member.text + text];
    member.socket.write(text);
    broker.socket.write(text);
    await Promise.all([broker.receives(out), member.receives(back)]);
  }

  it('carries bytes both ways, and counts them', async () => {
    await join();
    expect(link.forwarded).toEqual({ in: 5, out: 5 });
    expect(link.connections).toBe(1);
  });

  it.each(['reset', 'end'] as const)(
    'cut with a %s: both sides see it, nobody comes through until it heals',
    async (style) => {
      const { member, broker } = await join();
      link.cut(style);
      expect(await member.ends()).toBe(style);
      expect(await broker.ends()).toBe(style);
      expect(link.broken).toBe(1);
      await dial().ends();
      expect(link.refused).toBe(1);
      link.heal();
      await join();
    },
  );

  it.each([
    ['out', 'member', 'broker'],
    ['in', 'broker', 'member'],
  ] as const)('swallows what goes %s, carries the other way, and delivers late once healed', async (way, from, to) => {
    const ends = await join();
    link.swallow([way]);
    ends[from].socket.write('late');
    ends[to].socket.write('!');
    await ends[from].receives('hello!');
    expect(ends[to].text).toBe('hello');
    expect(link.forwarded[way]).toBe(5);
    link.heal();
    await ends[to].receives('hellolate');
  });

  it('swallows on new connections too', async () => {
    link.swallow(['in', 'out']);
    const accepted = once(server, 'connection') as Promise<[Socket]>;
    const member = dial();
    const [socket] = await accepted;
    const broker = new End(socket);
    member.socket.write('a');
    broker.socket.write('b');
    // What is on its way when the second connection stands has had its time.
    const second = once(server, 'connection');
    dial();
    await second;
    expect(link.forwarded).toEqual({ in: 0, out: 0 });
    link.heal();
    await Promise.all([member.receives('b'), broker.receives('a')]);
  });

  it('drops what it swallowed, with the connection, when it heals with a reset', async () => {
    const { member, broker } = await join();
    link.swallow(['out']);
    member.socket.write('lost');
    link.heal('reset');
    expect(await member.ends()).toBe('reset');
    expect(await broker.ends()).toBe('reset');
    expect(broker.text).toBe('hello');
    await join();
  });

  it('ends both sides when one ends', async () => {
    const { member, broker } = await join();
    broker.socket.end();
    expect(await member.ends()).toBe('end');
    await until('it forgets them', 5_000, () => Promise.resolve(link.connections === 0 ? true : undefined));
  });
});
