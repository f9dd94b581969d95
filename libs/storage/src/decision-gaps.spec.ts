import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { portableHash } from '@concordat/protocol';
import { DecisionStore, type DecisionStoreOptions } from './decision-store';
import { MemoryFileSystem, platformError } from './testing/memory-file-system';
import { sketchDecision } from './testing/decisions';
import { removeTemporaryFolders, temporaryFolder } from './testing/temporary-folder';

// Real disks and processes: generous, for machines that do other things as well.
jest.setTimeout(120_000);

afterAll(removeTemporaryFolders);

const opened: DecisionStore[] = [];
afterEach(async () => {
  for (const store of opened.splice(0)) await store.close().catch(() => undefined);
});

let folder: string;
let disk: MemoryFileSystem;
beforeEach(() => {
  folder = temporaryFolder();
  disk = new MemoryFileSystem();
});

async function open(options: Partial<DecisionStoreOptions> = {}): Promise<DecisionStore> {
  const store = await DecisionStore.open({
    folder,
    hash: portableHash,
    fileSystem: disk,
    indexIntervalMs: 3_600_000,
    ...options,
  });
  opened.push(store);
  return store;
}

/** Ends a store as `kill -9` does: what was only in its memory is gone, and so is its lock. */
async function die(store: DecisionStore): Promise<void> {
  disk.fault = (operation) => (operation === 'sync' ? platformError('EIO') : undefined);
  await store.close().catch(() => undefined);
  disk.fault = () => undefined;
}

const nonceOf = (sequence: number): bigint => BigInt(10 * sequence);
function append(store: DecisionStore, from: number, through = from): void {
  for (let at = from; at <= through; at++)
    store.append(sketchDecision(at, [{ firstNonce: Number(nonceOf(at)), outcomes: ['decided'] }]));
}
const sequencesOf = (records: readonly { readonly sequence: number }[]): number[] =>
  records.map(({ sequence }) => sequence);
const ALL = Number.MAX_SAFE_INTEGER;
const newest = async (store: DecisionStore, limit = 100, before?: number): Promise<number[]> =>
  sequencesOf(await store.recent(limit, before));
const WAYS = ['as it is', 'settled', 'closed', 'killed', 'killed after a flush', 'without its index'] as const;

/** The same store, or what comes back of it. */
async function again(
  store: DecisionStore,
  way: (typeof WAYS)[number],
  options?: Partial<DecisionStoreOptions>,
): Promise<DecisionStore> {
  if (way === 'as it is') return store;
  if (way === 'settled') {
    await store.settle();
    return store;
  }
  if (way === 'killed after a flush') await store.flush();
  if (way === 'closed' || way === 'without its index') await store.close();
  else await die(store);
  if (way === 'without its index') rmSync(join(folder, 'index'), { recursive: true });
  return open(options);
}

describe('a gap', () => {
  it.each(WAYS)('is not here, and no error; %s', async (way) => {
    let store = await open();
    append(store, 1, 3);
    store.appendGap({ from: 4, through: 9 });
    append(store, 10, 12);
    store = await again(store, way);
    expect(store.gaps).toEqual([{ from: 4, through: 9 }]);
    expect([store.lastSequence, store.oldestSequence]).toEqual([12, 10]);
    expect(sequencesOf(await store.read(1, 12, ALL))).toEqual([1, 2, 3]);
    expect(await store.read(4, 12, ALL)).toEqual([]);
    expect(await store.read(9, 12, ALL)).toEqual([]);
    expect(sequencesOf(await store.read(10, 12, ALL))).toEqual([10, 11, 12]);
    expect(await store.get(5)).toBeUndefined();
    expect([3, 4, 9, 10, 13].map((at) => store.lacks(at))).toEqual([false, true, true, false, false]);
    expect(await newest(store)).toEqual([12, 11, 10, 3, 2, 1]);
    expect(await newest(store, 4)).toEqual([12, 11, 10, 3]);
    expect(await newest(store, 2, 8)).toEqual([3, 2]);
    expect(await newest(store, 2, 11)).toEqual([10, 3]);
    expect(store.statistics.requests.decided).toBe(6);
    expect(await store.find('g:gateway', nonceOf(11))).toMatchObject({ sequence: 11 });
    expect(await store.find('g:gateway', nonceOf(5))).toBeUndefined();
    append(store, 13);
    expect(await newest(store, 2)).toEqual([13, 12]);
  });

  it.each(WAYS)('at the end is filled when the state did not come after all; %s', async (way) => {
    let store = await open();
    append(store, 1, 3);
    store.appendGap({ from: 4, through: 9 });
    store = await again(store, way);
    expect([store.lastSequence, store.oldestSequence]).toEqual([9, 10]);
    append(store, 4, 5);
    store = await again(store, way);
    expect(store.gaps).toEqual([]);
    expect([store.lastSequence, store.oldestSequence]).toEqual([5, 1]);
    expect(sequencesOf(await store.read(1, 12, ALL))).toEqual([1, 2, 3, 4, 5]);
    expect(store.statistics.requests.decided).toBe(5);
    expect(() => append(store, 10)).toThrow('block 10 does not follow 5');
  });

  it.each(WAYS)('at the end grows with a later state, and another may follow; %s', async (way) => {
    let store = await open();
    store.appendGap({ from: 1, through: 8 });
    store.appendGap({ from: 1, through: 16 });
    append(store, 17);
    store.appendGap({ from: 18, through: 32 });
    store = await again(store, way);
    append(store, 33);
    store = await again(store, way);
    expect(store.gaps).toEqual([
      { from: 1, through: 16 },
      { from: 18, through: 32 },
    ]);
    expect(store.oldestSequence).toBe(33);
    expect(await newest(store)).toEqual([33, 17]);
    expect(store.statistics.requests.decided).toBe(2);
  });

  it('neither overlaps what is here nor leaves anything out', async () => {
    const store = await open();
    append(store, 1, 3);
    expect(() => store.appendGap({ from: 3, through: 9 })).toThrow('block 3 does not follow 3');
    expect(() => store.appendGap({ from: 5, through: 9 })).toThrow('block 5 does not follow 3');
    expect(() => store.appendGap({ from: 4, through: 3 })).toThrow('before it begins');
    store.appendGap({ from: 4, through: 9 });
    append(store, 10);
    expect(() => append(store, 4)).toThrow('block 4 does not follow 10');
    expect(() => store.appendGap({ from: 4, through: 12 })).toThrow('block 4 does not follow 10');
  });

  it('may stand where a file is full', async () => {
    let store = await open({ segmentBytesMax: 200 });
    append(store, 1, 2);
    store.appendGap({ from: 3, through: 6 });
    append(store, 3);
    store.appendGap({ from: 4, through: 8 });
    append(store, 9, 10);
    await store.close();
    store = await open({ segmentBytesMax: 200 });
    expect(store.gaps).toEqual([{ from: 4, through: 8 }]);
    expect(await newest(store)).toEqual([10, 9, 3, 2, 1]);
  });
});

describe('retention', () => {
  it.each(WAYS)('drops whole files below a sequence, and keeps sums and outcomes; %s', async (way) => {
    const options = { segmentBytesMax: 200 };
    let store = await open(options);
    append(store, 1, 9);
    await store.dropBelow(6);
    expect(disk.list(folder).filter((name) => name.startsWith('decisions-1.'))).toEqual([]);
    store = await again(store, way, options);
    expect([store.oldestSequence, store.lastSequence]).toEqual([6, 9]);
    expect(await store.get(5)).toBeUndefined();
    expect(store.lacks(5)).toBe(true);
    expect(await store.read(1, 9, ALL)).toEqual([]);
    expect(sequencesOf(await store.read(6, 9, ALL))).toEqual([6, 7, 8, 9]);
    expect(await newest(store)).toEqual([9, 8, 7, 6]);
    if (way !== 'without its index') {
      expect(store.statistics.requests.decided).toBe(9);
      expect(await store.find('g:gateway', nonceOf(2))).toMatchObject({ sequence: 2 });
    }
    append(store, 10);
    await store.dropBelow(100);
    // The newest file stays.
    expect(await newest(store)).toEqual([10]);
  });

  it('keeps what shares a file with something newer', async () => {
    const store = await open();
    append(store, 1, 9);
    await store.dropBelow(9);
    expect(store.oldestSequence).toBe(1);
  });

  it('finishes after a crash what it had begun', async () => {
    let store = await open({ segmentBytesMax: 200 });
    append(store, 1, 5);
    disk.fault = (operation) => (operation === 'remove' ? platformError('EIO') : undefined);
    await expect(store.dropBelow(4)).rejects.toThrow();
    disk.fault = () => undefined;
    await store.close().catch(() => undefined);
    store = await open({ segmentBytesMax: 200 });
    expect([store.oldestSequence, store.lastSequence]).toEqual([4, 5]);
    expect(
      disk
        .list(folder)
        .filter((name) => name.startsWith('decisions-'))
        .sort(),
    ).toEqual(['decisions-4.log', 'decisions-5.log']);
  });

  it('a file that is missing above what was given up is corruption', async () => {
    const store = await open({ segmentBytesMax: 200 });
    append(store, 1, 5);
    await store.dropBelow(3);
    await store.close();
    disk.remove(join(folder, 'decisions-3.log'));
    await expect(open({ segmentBytesMax: 200 })).rejects.toThrow('decisions-3.log');
  });
});
