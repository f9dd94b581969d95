import { connect, createServer, type Server, type Socket } from 'node:net';

/** Ways of bytes through a link, as its member sees them. */
export type Direction = 'in' | 'out';

/** How a link is cut: with a reset, or with an orderly end of both connections. */
export type CutStyle = 'reset' | 'end';

/** Both halves of one connection, each with the direction in which its bytes go. */
type Pair = readonly [member: Socket, broker: Socket];

const HOST = '127.0.0.1';

/**
 * The way between one member and the broker: a TCP proxy that can cut it, or swallow what goes in one direction or both.
 *
 * What a link swallows is not lost but late, as with TCP over a real network: it stays in the buffers and goes on when the
 * link is healed, also when its sender has long been killed; `heal('reset')` drops it instead.
 */
export class Link {
  /** Bytes that went through, by direction. */
  readonly forwarded: Record<Direction, number> = { in: 0, out: 0 };
  /** Connections that a cut ended. */
  broken = 0;
  /** Connections that were refused because the link was cut. */
  refused = 0;
  private readonly pairs = new Set<Pair>();
  private readonly swallowed = new Set<Direction>();
  private cutStyle: CutStyle | undefined;

  private constructor(
    private readonly server: Server,
    private readonly brokerPort: number,
  ) {
    server.on('connection', (member) => this.accept(member));
  }

  /** Begins to listen, on a free port. */
  static open(brokerPort: number): Promise<Link> {
    const server = createServer();
    return new Promise((resolve, reject) => {
      server.once('error', reject);
      server.listen(0, HOST, () => resolve(new Link(server, brokerPort)));
    });
  }

  /** What the member takes for the broker's address. */
  get url(): string {
    const address = this.server.address();
    if (address === null || typeof address === 'string') throw new Error('the link is closed');
    return `nats://${HOST}:${String(address.port)}`;
  }

  /** Connections that stand. */
  get connections(): number {
    return this.pairs.size;
  }

  /** Ends all connections at once; new ones end as soon as they are made. */
  cut(style: CutStyle): void {
    this.cutStyle = style;
    this.broken += this.pairs.size;
    this.endAll(style);
  }

  /** Lets nothing more through in these directions. Nobody is told; connections stay, and new ones are accepted. */
  swallow(directions: readonly Direction[]): void {
    for (const direction of directions) this.swallowed.add(direction);
    for (const pair of this.pairs) this.applySwallowing(pair);
  }

  /** All as it was: what was swallowed goes on, or is dropped with the connections that it was on. */
  heal(how: 'resume' | 'reset' = 'resume'): void {
    this.cutStyle = undefined;
    this.swallowed.clear();
    if (how === 'reset') this.endAll('reset');
    for (const pair of this.pairs) this.applySwallowing(pair);
  }

  /** Ends everything. */
  async close(): Promise<void> {
    this.endAll('reset');
    await new Promise((closed) => this.server.close(closed));
  }

  private accept(member: Socket): void {
    // An end that fails is an end.
    member.on('error', () => undefined);
    if (this.cutStyle !== undefined) {
      this.refused += 1;
      end(member, this.cutStyle);
      return;
    }
    const broker = connect(this.brokerPort, HOST);
    broker.on('error', () => member.resetAndDestroy());
    member.setNoDelay(true);
    broker.setNoDelay(true);
    const pair: Pair = [member, broker];
    this.pairs.add(pair);
    this.join('out', member, broker);
    this.join('in', broker, member);
    for (const socket of pair) socket.once('close', () => this.pairs.delete(pair));
    this.applySwallowing(pair);
  }

  /** Forwards what comes from one side, no faster than the other takes it. */
  private join(direction: Direction, from: Socket, to: Socket): void {
    from.on('data', (chunk) => {
      this.forwarded[direction] += chunk.length;
      if (!to.write(chunk)) from.pause();
    });
    to.on('drain', () => {
      if (!this.swallowed.has(direction)) from.resume();
    });
    from.once('close', () => to.destroySoon());
  }

  private applySwallowing([member, broker]: Pair): void {
    const sides = [
      ['out', member],
      ['in', broker],
    ] as const;
    for (const [direction, from] of sides) {
      if (this.swallowed.has(direction)) from.pause();
      else from.resume();
    }
  }

  private endAll(style: CutStyle): void {
    for (const pair of this.pairs) for (const socket of pair) end(socket, style);
    this.pairs.clear();
  }
}

function end(socket: Socket, style: CutStyle): void {
  if (style === 'reset') {
    socket.resetAndDestroy();
    return;
  }
  // Read on: an end with unread bytes would go out as a reset.
  socket.removeAllListeners('data').resume().end();
}
