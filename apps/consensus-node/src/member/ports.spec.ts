import { type CommittedBlock } from '@concordat/consensus';
import { BusClosedError, type BusHandler, PayloadTooLargeError } from '@concordat/nats';
import { nodeId, type Sequence } from '@concordat/protocol';
import { type DecisionRecord } from '@concordat/records';
import { BufferFull, StorageFailure } from '@concordat/storage';
import { StoredDecisions, type StoreOfDecisions } from './decisions-port';
import { failStop } from './fail-stop';
import { BusNetwork } from './network-port';

describe('the network port', () => {
  const bytes = Uint8Array.of(1);
  const busThat = (publish: (subject: string) => boolean) => {
    const handlers = new Map<string, BusHandler>();
    const bus = {
      publish,
      flush: () => Promise.resolve(),
      subscribe: (subject: string, handler: BusHandler) => {
        handlers.set(subject, handler);
        return { subject, unsubscribe: () => undefined };
      },
    };
    const unsendable: string[] = [];
    return {
      network: new BusNetwork(bus, 's', 'n2', (kind) => unsendable.push(kind)),
      handlers,
      unsendable,
    };
  };

  it('names subjects as the protocol does', () => {
    const sent: string[] = [];
    const { network } = busThat((subject) => sent.push(subject) > 0);
    network.broadcast('prePrepare', bytes);
    network.send(nodeId('n4'), 'fetch', bytes);
    network.broadcast('prePrepare', bytes);
    expect(sent).toEqual([
      'bft.s.consensus.n2.pre-prepare',
      'bft.s.direct.n4.n2.fetch',
      'bft.s.consensus.n2.pre-prepare',
    ]);
  });

  it('sends what the packer makes of a message, broadcast or direct', () => {
    const sent: Uint8Array[] = [];
    const bus = {
      publish: (_: string, packed: Uint8Array) => sent.push(packed) > 0,
      flush: () => Promise.resolve(),
      subscribe: (subject: string) => ({ subject, unsubscribe: () => undefined }),
    };
    const pack = (kind: string, of: Uint8Array): Uint8Array => (kind === 'batch' ? Uint8Array.of(9) : of);
    const network = new BusNetwork(bus, 's', 'n2', () => undefined, pack);
    network.broadcast('batch', bytes);
    network.send(nodeId('n4'), 'batch', bytes);
    network.broadcast('commit', bytes);
    expect(sent).toEqual([Uint8Array.of(9), Uint8Array.of(9), bytes]);
  });

  it('remembers a bounded number of subjects: observers call themselves what they like', () => {
    const { network } = busThat(() => true);
    for (let i = 0; i < 40_000; i++) network.send(nodeId(`stranger-${i}`), 'snapshot', bytes);
    const { names } = network as unknown as { names: Map<string, string> };
    expect(names.size).toBeLessThan(20_000);
  });

  it('hears broadcasts and what is meant for it, and whose subject it was', () => {
    const { network, handlers } = busThat(() => true);
    const heard: unknown[] = [];
    network.listen((_, via) => heard.push(via));
    expect([...handlers.keys()]).toEqual(['bft.s.consensus.>', 'bft.s.direct.n2.>']);
    handlers.get('bft.s.consensus.>')?.(bytes, 'bft.s.consensus.n3.prepare');
    handlers.get('bft.s.consensus.>')?.(bytes, 'bft.s.consensus.stranger.prepare');
    handlers.get('bft.s.consensus.>')?.(bytes, 'bft.s.consensus.');
    handlers.get('bft.s.direct.n2.>')?.(bytes, 'bft.s.direct.n2.n1.fetch');
    expect(heard).toEqual(['n3', 'stranger', '', 'n1']);
  });

  it.each([new PayloadTooLargeError(2, 1), new BusClosedError('closed')])('does not throw for %s', (error) => {
    const { network, unsendable } = busThat(() => {
      throw error;
    });
    expect(() => network.broadcast('batch', bytes)).not.toThrow();
    expect(unsendable).toEqual(['batch']);
  });
});

describe('the decisions port', () => {
  const block = (sequence: number): CommittedBlock =>
    ({ sequence, certificate: { view: 3 }, outcomes: new Uint8Array(0) }) as unknown as CommittedBlock;

  /** A store whose index is full until it has settled so often. */
  class LaggingStore implements StoreOfDecisions {
    readonly kept: number[] = [];
    readonly calls: string[] = [];
    readonly waiting: (() => void)[] = [];
    full = false;
    failure: Error | undefined;

    append({ sequence, view }: DecisionRecord): void {
      if (this.full) throw new BufferFull('index', 1, 'entries');
      if (this.failure !== undefined) throw this.failure;
      expect(view).toBe(3);
      this.kept.push(sequence);
    }

    appendGap({ from, through }: { from: number; through: number }): void {
      if (this.full) throw new BufferFull('index', 1, 'entries');
      this.kept.push(-from, -through);
    }

    flush(): Promise<void> {
      this.calls.push(`flush after ${this.kept.length}`);
      return Promise.resolve();
    }

    settle(): Promise<void> {
      return new Promise((resolve) => this.waiting.push(resolve));
    }

    read(): Promise<DecisionRecord[]> {
      return Promise.resolve([]);
    }
  }

  it('appends at once while the store keeps up', async () => {
    const store = new LaggingStore();
    const port = new StoredDecisions(store);
    expect([port.append(block(1), []), port.append(block(2), [])]).toEqual([undefined, undefined]);
    await port.flush();
    expect(await port.read(1 as Sequence, 2 as Sequence, 1)).toEqual([]);
    expect([store.kept, store.calls]).toEqual([[1, 2], ['flush after 2']]);
  });

  it('makes the host wait, in order, while the store lags', async () => {
    const store = new LaggingStore();
    const port = new StoredDecisions(store);
    store.full = true;
    const first = port.append(block(1), []);
    const second = port.append(block(2), []);
    const flushed = port.flush();
    expect([first, second]).toEqual([expect.any(Promise), expect.any(Promise)]);
    store.full = false;
    const third = port.appendGap(3 as Sequence, 8 as Sequence);
    while (store.kept.length < 4) {
      store.waiting.shift()?.();
      await Promise.resolve();
    }
    await Promise.all([first, second, third, flushed]);
    expect([store.kept, store.calls]).toEqual([[1, 2, -3, -8], ['flush after 4']]);
    expect(port.append(block(9), [])).toBeUndefined();
  });

  it('passes on what fails', () => {
    const store = new LaggingStore();
    store.failure = new StorageFailure('file', 'write', new Error('disk'));
    expect(() => new StoredDecisions(store).append(block(1), [])).toThrow('write failed for file: disk');
  });
});

describe('a disk that fails beside the host', () => {
  it('stops the member, and only a disk does', async () => {
    const halts: string[] = [];
    const fail = (error: Error): Promise<unknown> =>
      failStop(
        () => Promise.reject(error),
        ({ code }) => halts.push(code),
      )();
    await expect(fail(new StorageFailure('f', 'read', new Error('io')))).rejects.toThrow('io');
    await expect(fail(new RangeError('mine'))).rejects.toThrow('mine');
    expect(halts).toEqual(['storage']);
  });
});
