import { InvariantError } from '@concordat/protocol';
import { type Bus, type BusStatus } from '../bus';
import { BusClosedError, BusRequestError, InvalidSubjectError, PayloadTooLargeError } from '../bus-errors';
import { eventually } from './eventually';

/** What a bus under test tells its owner. */
export interface BusListeners {
  readonly onStatus?: (status: BusStatus) => void;
  readonly onError?: (error: Error, subject: string) => void;
  readonly onFatal?: (error: InvariantError) => void;
}

/** One broker, or what stands for it. Carries 1 MiB per message. */
export interface BusHarness {
  connect(listeners?: BusListeners): Promise<Bus>;
  /** Answers `subject` with what it gets. Resolves when it is there. */
  echo(subject: string): Promise<void>;
  close(): Promise<void>;
}

const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString();
const bytesOf = (value: string): Uint8Array => Buffer.from(value);

/** What every Bus keeps. Each adapter runs it. */
export function describeBus(name: string, start: () => Promise<BusHarness>): void {
  describe(name, () => {
    let harness: BusHarness;
    const buses: Bus[] = [];
    const connect = async (listeners: BusListeners = {}): Promise<Bus> => {
      const bus = await harness.connect(listeners);
      buses.push(bus);
      return bus;
    };
    /** Messages of `subject` as text, from the moment of the call. */
    const collect = async (bus: Bus, subject: string, queue?: string): Promise<string[]> => {
      const got: string[] = [];
      bus.subscribe(subject, (bytes) => got.push(text(bytes)), queue === undefined ? {} : { queue });
      await bus.flush();
      return got;
    };

    beforeAll(async () => {
      harness = await start();
    });
    afterEach(async () => {
      await Promise.all(buses.splice(0).map((bus) => bus.close()));
    });
    afterAll(() => harness.close());

    it('delivers the bytes and the subject, to every subscriber, its own included', async () => {
      const [a, b] = [await connect(), await connect()];
      const seen: string[] = [];
      for (const bus of [a, b]) {
        bus.subscribe('t.one.x', (bytes, subject) => seen.push(`${subject} ${Buffer.from(bytes).toString('hex')}`));
        await bus.flush();
      }
      expect(a.publish('t.one.x', Uint8Array.of(0, 255, 13, 10))).toBe(true);
      await eventually('two deliveries', () => seen.length === 2);
      expect(seen).toEqual(['t.one.x 00ff0d0a', 't.one.x 00ff0d0a']);
    });

    it('keeps subjects apart, and matches wildcards by token', async () => {
      const bus = await connect();
      const [exact, star, tail] = [
        await collect(bus, 't.a.b'),
        await collect(bus, 't.*.b'),
        await collect(bus, 't.a.>'),
      ];
      for (const subject of ['t.a.b', 't.c.b', 't.a.c', 't.a', 't.a.b.c', 'u.a.b'])
        bus.publish(subject, bytesOf(subject));
      await bus.flush();
      await eventually('the last of each', () => tail.length === 3);
      expect({ exact, star, tail }).toEqual({
        exact: ['t.a.b'],
        star: ['t.a.b', 't.c.b'],
        tail: ['t.a.b', 't.a.c', 't.a.b.c'],
      });
    });

    it('keeps the order of each publisher', async () => {
      const [receiver, a, b] = [await connect(), await connect(), await connect()];
      const got = await collect(receiver, 't.order');
      const numbers = Array.from({ length: 2_000 }, (_, index) => index);
      for (const number of numbers) {
        a.publish('t.order', bytesOf(`a${number}`));
        b.publish('t.order', bytesOf(`b${number}`));
      }
      await eventually('all of them', () => got.length === 4_000);
      for (const publisher of ['a', 'b']) {
        expect(got.filter((entry) => entry.startsWith(publisher))).toEqual(
          numbers.map((number) => `${publisher}${number}`),
        );
      }
    });

    it('carries 900 kB whole', async () => {
      const [a, b] = [await connect(), await connect()];
      const payload = new Uint8Array(900_000).map((_, index) => (index * 31) & 0xff);
      const got: Uint8Array[] = [];
      b.subscribe('t.large', (bytes) => got.push(Uint8Array.from(bytes)));
      await b.flush();
      a.publish('t.large', payload);
      await eventually('the payload', () => got.length === 1);
      expect(Buffer.compare(got[0] as Uint8Array, payload)).toBe(0);
    });

    it('refuses what is above the limit, sends nothing of it, and stays usable', async () => {
      const bus = await connect();
      const got = await collect(bus, 't.limit');
      const oversized = new Uint8Array(bus.maxPayloadBytes + 1);
      expect(() => bus.publish('t.limit', oversized)).toThrow(PayloadTooLargeError);
      await expect(bus.request('t.limit', oversized, { timeoutMs: 500 })).rejects.toThrow(PayloadTooLargeError);
      bus.publish('t.limit', bytesOf('fits'));
      await eventually('what fits', () => got.length === 1);
      expect(got).toEqual(['fits']);
      expect(bus.stats()).toMatchObject({ sentMessages: 1, sentBytes: 4, receivedMessages: 1, receivedBytes: 4 });
    });

    it('shares the messages of a queue group', async () => {
      const [a, b] = [await connect(), await connect()];
      const [first, second] = [await collect(a, 't.queue', 'g'), await collect(b, 't.queue', 'g')];
      const sent = Array.from({ length: 200 }, (_, index) => String(index));
      for (const entry of sent) a.publish('t.queue', bytesOf(entry));
      await eventually('each message once', () => first.length + second.length === 200);
      expect([...first, ...second].sort((x, y) => Number(x) - Number(y))).toEqual(sent);
      expect(Math.min(first.length, second.length)).toBeGreaterThan(0);
    });

    it('ends one subscription and leaves the others', async () => {
      const bus = await connect();
      const ended: string[] = [];
      const subscription = bus.subscribe('t.end', (bytes) => ended.push(text(bytes)));
      const stays = await collect(bus, 't.end');
      subscription.unsubscribe();
      subscription.unsubscribe();
      bus.publish('t.end', bytesOf('x'));
      await eventually('the other one', () => stays.length === 1);
      expect(ended).toEqual([]);
    });

    it("reports a handler's exception and goes on delivering", async () => {
      const errors: string[] = [];
      const bus = await connect({ onError: (error, subject) => errors.push(`${subject}: ${error.message}`) });
      const got: string[] = [];
      bus.subscribe('t.throws', (bytes) => {
        got.push(text(bytes));
        throw new Error(`no ${text(bytes)}`);
      });
      await bus.flush();
      for (const entry of ['1', '2']) bus.publish('t.throws', bytesOf(entry));
      await eventually('both', () => got.length === 2);
      expect(errors).toEqual(['t.throws: no 1', 't.throws: no 2']);
    });

    it('hands an InvariantError to the owner and delivers nothing any more', async () => {
      const [fatal, errors]: [string[], string[]] = [[], []];
      const bus = await connect({
        onFatal: (error) => fatal.push(error.message),
        onError: (error) => errors.push(error.message),
      });
      const got = await collect(bus, 't.after');
      bus.subscribe('t.bug', () => {
        throw new InvariantError('two digests');
      });
      await bus.flush();
      bus.publish('t.bug', bytesOf(''));
      bus.publish('t.after', bytesOf('late'));
      await bus.flush();
      await eventually('the owner to hear of it', () => fatal.length === 1);
      await bus.flush();
      expect({ fatal, errors, got }).toEqual({ fatal: ['two digests'], errors: [], got: [] });
    });

    it('answers a request, and says at once that nobody answers', async () => {
      const bus = await connect();
      await harness.echo('t.echo');
      const reply = await bus.request('t.echo', bytesOf('hello'), { timeoutMs: 5_000 });
      expect(text(reply.bytes)).toBe('hello');
      const startMs = performance.now();
      const failure = await bus
        .request('t.nobody', bytesOf(''), { timeoutMs: 30_000 })
        .catch((error: unknown) => error);
      expect(failure).toBeInstanceOf(BusRequestError);
      expect((failure as BusRequestError).code).toBe('no_responders');
      expect(performance.now() - startMs).toBeLessThan(10_000);
    });

    it('gives up on a request that is not answered', async () => {
      const bus = await connect();
      await collect(bus, 't.silent');
      await expect(bus.request('t.silent', bytesOf(''), { timeoutMs: 30 })).rejects.toMatchObject({ code: 'timeout' });
    });

    it.each(['', 'a b', 'a\r\nPUB x 0', 'a..b', '.a', 'a.', 'a.*', 'a.>'])(
      'refuses to publish on %j',
      async (subject) => {
        const bus = await connect();
        expect(() => bus.publish(subject, bytesOf(''))).toThrow(InvalidSubjectError);
        await expect(bus.request(subject, bytesOf(''), { timeoutMs: 100 })).rejects.toThrow(InvalidSubjectError);
      },
    );

    it.each(['', 'a b', 'a\nb', 'a..b', 'a.>.b', 'a.b>'])('refuses to subscribe to %j', async (subject) => {
      const bus = await connect();
      expect(() => bus.subscribe(subject, () => undefined)).toThrow(InvalidSubjectError);
    });

    it('delivers on closing what was published, and then drops and counts', async () => {
      const events: string[] = [];
      const [sender, receiver] = [await connect({ onStatus: ({ kind }) => events.push(kind) }), await connect()];
      const got = await collect(receiver, 't.close');
      sender.publish('t.close', bytesOf('last'));
      await Promise.all([sender.close(), sender.close()]);
      await eventually('the last one', () => got.length === 1);
      expect(sender.status()).toBe('closed');
      expect(sender.publish('t.close', bytesOf('x'))).toBe(false);
      expect(sender.stats()).toMatchObject({ sentMessages: 1, droppedDisconnected: 1 });
      expect(() => sender.subscribe('t.close', () => undefined)).toThrow(BusClosedError);
      expect(events).toEqual(['connected', 'closed']);
    });
  });
}
