import { join } from 'node:path';
import { GatewayCounter } from './gateway-counter';
import { openLevel, type Level } from './level';
import { removeTemporaryFolders, temporaryFolder } from './testing/temporary-folder';

// Real disks and processes: generous, for machines that do other things as well.
jest.setTimeout(120_000);

afterAll(removeTemporaryFolders);

describe('GatewayCounter', () => {
  let level: Level;
  const reopen = async (): Promise<void> => {
    const { location } = level;
    await level.close();
    level = await openLevel(location, 1 << 20, location);
  };
  beforeEach(async () => {
    const folder = temporaryFolder();
    level = await openLevel(join(folder, 'state'), 1 << 20, folder);
  });
  afterEach(() => level.close());

  it('counts from 1, in rows without gaps', async () => {
    const counter = await GatewayCounter.open(level, 10);
    expect([await counter.next(), await counter.next(4), await counter.next(10), await counter.next()]).toEqual([
      1n,
      2n,
      6n,
      16n,
    ]);
    await counter.settle();
  });

  it('begins where it is told, and only when it begins', async () => {
    const counter = await GatewayCounter.open(level, 10, 5_000n);
    expect(await counter.next(3)).toBe(5_000n);
    await counter.settle();
    await reopen();
    expect(await (await GatewayCounter.open(level, 10, 9_000n)).next()).toBe(5_020n);
  });

  it('gives no number twice, to however many ask at once, in however many lives', async () => {
    const given: bigint[] = [];
    for (let life = 0; life < 5; life++) {
      const counter = await GatewayCounter.open(level, 7);
      const counts = Array.from({ length: 40 }, (_, i) => 1 + (i % 7));
      const firsts = await Promise.all(counts.map((count) => counter.next(count)));
      for (const [i, first] of firsts.entries()) {
        for (let k = 0; k < counts[i]!; k++) given.push(first + BigInt(k));
      }
      await counter.settle();
      await reopen();
    }
    expect(new Set(given).size).toBe(given.length);
    expect(given.length).toBe(5 * (5 * 28 + 15));
  });

  it('gives out nothing before its reservation is durable', async () => {
    const counter = await GatewayCounter.open(level, 2);
    let reserved = 5n;
    const put = level.put.bind(level) as (key: Uint8Array, value: Uint8Array, options: object) => Promise<void>;
    const seen: object[] = [];
    jest.spyOn(level, 'put').mockImplementation((async (key: Uint8Array, value: Uint8Array, options: object) => {
      seen.push(options);
      await put(key, value, options);
      reserved = Buffer.from(value).readBigUInt64BE();
    }) as typeof level.put);
    for (let n = 0; n < 50; n++) expect(await counter.next()).toBeLessThan(reserved);
    expect(seen.length).toBeGreaterThan(10);
    for (const options of seen) expect(options).toEqual({ sync: true });
    await counter.settle();
  });

  it('gives out nothing any more when a reservation failed', async () => {
    const counter = await GatewayCounter.open(level, 2);
    jest.spyOn(level, 'put').mockRejectedValue(new Error('ENOSPC'));
    const drawn = await Promise.allSettled(Array.from({ length: 9 }, () => counter.next()));
    expect(drawn.filter(({ status }) => status === 'fulfilled')).toHaveLength(4);
    await expect(counter.next()).rejects.toMatchObject({ name: 'StorageFailure' });
    jest.restoreAllMocks();
    await expect(counter.next()).rejects.toMatchObject({ name: 'StorageFailure' });
    await reopen();
    expect(await (await GatewayCounter.open(level, 2)).next()).toBe(5n);
  });

  it.each([0, -1, 1.5, 11])('draws no %d numbers', async (count) => {
    const counter = await GatewayCounter.open(level, 10);
    await expect(counter.next(count)).rejects.toThrow(RangeError);
  });
});
