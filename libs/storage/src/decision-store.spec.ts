import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { portableHash, OUTCOMES } from '@concordat/protocol';
import { DURATION_UNKNOWN } from '@concordat/records';
import { DecisionStore, type DecisionStoreOptions } from './decision-store';
import { BufferFull } from './errors';
import { MemoryFileSystem, platformError } from './testing/memory-file-system';
import { sketchDecision, type EnvelopeSketch } from './testing/decisions';
import { removeTemporaryFolders, temporaryFolder } from './testing/temporary-folder';

// Real disks and processes: generous, for machines that do other things as well.
jest.setTimeout(120_000);

afterAll(removeTemporaryFolders);

const HOUR_MS = 3_600_000;
const opened: DecisionStore[] = [];
afterEach(async () => {
  for (const store of opened.splice(0)) await store.close().catch(() => undefined);
});

async function open(
  folder: string,
  fileSystem: MemoryFileSystem,
  options: Partial<DecisionStoreOptions> = {},
): Promise<DecisionStore> {
  const store = await DecisionStore.open({
    folder,
    hash: portableHash,
    fileSystem,
    indexIntervalMs: HOUR_MS,
    ...options,
  });
  opened.push(store);
  return store;
}

/** Ends a store as `kill -9` does: what was only in its memory is gone, and so is its lock. */
async function die(store: DecisionStore, disk: MemoryFileSystem): Promise<void> {
  disk.fault = (operation) => (operation === 'sync' ? platformError('EIO') : undefined);
  await store.close().catch(() => undefined);
  disk.fault = () => undefined;
}

const decided = (firstNonce: number, count = 1): EnvelopeSketch => ({
  firstNonce,
  outcomes: new Array<'decided'>(count).fill('decided'),
});
const found = (sequence: number, envelopeIndex: number, requestIndex: number, outcome = 'decided'): unknown => ({
  sequence,
  envelopeIndex,
  requestIndex,
  outcome: OUTCOMES[outcome as keyof typeof OUTCOMES],
});

describe('DecisionStore', () => {
  let folder: string;
  let disk: MemoryFileSystem;
  beforeEach(() => {
    folder = temporaryFolder();
    disk = new MemoryFileSystem();
  });

  it.each(['pending', 'indexed', 'reopened', 'reindexed'])('serves what was appended, %s', async (state) => {
    let store = await open(folder, disk, { segmentBytesMax: 1500 });
    const records = [1, 2, 3, 4, 5, 6, 7].map((n) => sketchDecision(n, n === 4 ? [] : [decided(n * 10, 3)], n >> 1));
    for (const record of records) store.append(record);
    if (state !== 'pending') await store.settle();
    if (state.startsWith('re')) await store.close();
    if (state === 'reindexed') rmSync(join(folder, 'index'), { recursive: true });
    if (state.startsWith('re')) store = await open(folder, disk);
    expect(disk.list(folder).length).toBeGreaterThan(2);
    expect(store.lastSequence).toBe(7);
    for (const record of records) expect(await store.get(record.sequence)).toEqual(record);
    expect([await store.get(0), await store.get(8)]).toEqual([undefined, undefined]);
    expect(await store.read(2, 6, Number.POSITIVE_INFINITY)).toEqual(records.slice(1, 6));
    expect(await store.recent(3)).toEqual(records.slice(4).reverse());
    expect(await store.recent(2, 3)).toEqual([records[1], records[0]]);
    expect(await store.recent(5, 1)).toEqual([]);
    expect(await store.find('g:gateway', 51n)).toEqual(found(5, 0, 1));
    expect(await store.find('g:gateway', 53n)).toBeUndefined();
    expect(await store.find('g:gatewa', 51n)).toBeUndefined();
    expect([...store.statistics.decidedByView]).toEqual([
      [0, 3],
      [1, 6],
      [2, 3],
      [3, 6],
    ]);
  });

  it('reads no more bytes than asked for, and never nothing', async () => {
    const store = await open(folder, disk);
    for (let n = 1; n <= 5; n++) store.append(sketchDecision(n, [decided(n)]));
    await store.settle();
    const bytesOfOne = disk.contents(join(folder, 'decisions-1.log')).length / 5;
    const count = async (bytesMax: number): Promise<number> => (await store.read(2, 5, bytesMax)).length;
    expect(await Promise.all([0, bytesOfOne, bytesOfOne * 2, bytesOfOne * 9].map(count))).toEqual([1, 1, 2, 4]);
  });

  it('takes the next sequence only, and no record that contradicts itself', async () => {
    const store = await open(folder, disk);
    expect(() => store.append(sketchDecision(2))).toThrow(RangeError);
    store.append(sketchDecision(1));
    expect(() => store.append(sketchDecision(1))).toThrow(RangeError);
    expect(() => store.append(sketchDecision(3))).toThrow(RangeError);
    expect(() => store.append({ ...sketchDecision(2), outcomes: new Uint8Array(1) })).toThrow(RangeError);
    store.append(sketchDecision(2));
    expect(store.lastSequence).toBe(2);
  });

  it('has flushed decisions after a power loss, and none that would leave a gap', async () => {
    const store = await open(folder, disk, { segmentBytesMax: 1200 });
    for (let n = 1; n <= 9; n++) store.append(sketchDecision(n, [decided(n)]));
    await store.flush();
    expect(store.durableSequence).toBe(9);
    for (let n = 10; n <= 12; n++) store.append(sketchDecision(n, [decided(n)]));
    const afterwards = [0, 100, 500, 5000].map((keep) => disk.crash((unsynced) => Math.min(unsynced, keep)));
    await die(store, disk);
    for (const after of afterwards) {
      rmSync(join(folder, 'index'), { recursive: true });
      const again = await open(folder, after);
      expect(again.lastSequence).toBeGreaterThanOrEqual(9);
      for (let n = 1; n <= again.lastSequence; n++) expect((await again.get(n))?.sequence).toBe(n);
      again.append(sketchDecision(again.lastSequence + 1));
      await again.close();
    }
  });

  it('never has an index that is ahead of the durable decisions', async () => {
    const store = await open(folder, disk);
    for (let n = 1; n <= 5; n++) store.append(sketchDecision(n, [decided(n)]));
    await store.settle();
    for (let n = 6; n <= 9; n++) store.append(sketchDecision(n, [decided(n)]));
    const after = disk.crash();
    await die(store, disk);
    const again = await open(folder, after);
    expect(again.lastSequence).toBe(5);
    expect(await again.find('g:gateway', 9n)).toBeUndefined();
    again.append(sketchDecision(6, [decided(9)]));
    await again.settle();
    expect(await again.find('g:gateway', 9n)).toEqual(found(6, 0, 0));
    expect(again.statistics.requests.decided).toBe(6);
  });

  it('makes decisions durable before it indexes them at the next start', async () => {
    const store = await open(folder, disk);
    for (let n = 1; n <= 9; n++) store.append(sketchDecision(n, [decided(n)]));
    await die(store, disk);
    // The process died, not the machine: all nine are in the page cache.
    const second = await open(folder, disk, { pendingEntriesMax: 4 });
    expect(second.lastSequence).toBe(9);
    const after = disk.crash();
    await die(second, disk);
    expect((await open(folder, after)).lastSequence).toBe(9);
  });

  it('indexes without being asked, after a time or when much waits', async () => {
    const indexed = async (options: Partial<DecisionStoreOptions>): Promise<void> => {
      const store = await open(temporaryFolder(), new MemoryFileSystem(), options);
      store.append(sketchDecision(1, [decided(1), decided(2)]));
      while (store.durableSequence === 0) await new Promise(setImmediate);
      await store.close();
    };
    await indexed({ indexIntervalMs: 1 });
    await indexed({ pendingEntriesMax: 12 });
  });

  it('holds no more entries in memory than its bound', async () => {
    const store = await open(folder, disk, { pendingEntriesMax: 4 });
    store.append(sketchDecision(1, [decided(1), decided(2), decided(3)]));
    expect(() => store.append(sketchDecision(2))).toThrow(BufferFull);
    await store.settle();
    store.append(sketchDecision(2));
    expect(store.lastSequence).toBe(2);
  });

  it.each(['write', 'sync'] as const)('stays closed after a failed %s', async (operation) => {
    const store = await open(folder, disk);
    store.append(sketchDecision(1));
    await store.flush();
    disk.fault = (done) => (done === operation ? platformError('ENOSPC') : undefined);
    const failure = { name: 'StorageFailure', operation, cause: { code: 'ENOSPC' } };
    await expect(
      (async () => {
        store.append(sketchDecision(2));
        await store.flush();
      })(),
    ).rejects.toMatchObject(failure);
    disk.fault = () => undefined;
    for (const use of [() => store.append(sketchDecision(3)), () => store.flush(), () => store.settle()]) {
      await expect(Promise.resolve().then(use)).rejects.toMatchObject(failure);
    }
    const after = disk.crash();
    await store.close();
    expect((await open(folder, after)).lastSequence).toBe(1);
  });

  it('closes the index of a store that cannot be opened', async () => {
    disk.put(join(folder, 'decisions-2.log'), new Uint8Array(500));
    await expect(open(folder, disk)).rejects.toMatchObject({ name: 'StorageCorruption' });
    expect((await open(folder, new MemoryFileSystem())).lastSequence).toBe(0);
    expect(existsSync(join(folder, 'index'))).toBe(true);
  });

  describe('statistics', () => {
    const sketches: EnvelopeSketch[] = [
      { firstNonce: 1, outcomes: ['decided', 'duplicate', 'expired', 'expired'], durationMs: 40 },
      { firstNonce: 9, outcomes: ['refused', 'decided'], durationMs: DURATION_UNKNOWN },
    ];
    const sums = {
      requests: { decided: 2, duplicate: 1, expired: 2, refused: 1, invalid: 0 },
      durations: { sumMs: 40, count: 1 },
      decidedByView: new Map([[3, 2]]),
    };

    it('survive any death without counting a block twice or not at all', async () => {
      let store = await open(folder, disk);
      store.append(sketchDecision(1, sketches, 3));
      expect({ ...store.statistics }).toEqual(sums);
      await store.settle();
      store.append(sketchDecision(2, [decided(20)], 4));
      await die(store, disk);
      store = await open(folder, disk);
      expect(store.statistics.requests.decided).toBe(3);
      await store.close();
      expect([...(await open(folder, disk)).statistics.decidedByView]).toEqual([
        [3, 2],
        [4, 1],
      ]);
    });

    it('count the newest thousand views apart, in bounded space', async () => {
      let store = await open(folder, disk, { segmentBytesMax: 20_000 });
      for (let n = 1; n <= 1010; n++) store.append(sketchDecision(n, [decided(n)], n));
      await store.settle();
      await store.close();
      store = await open(folder, disk, { segmentBytesMax: 20_000 });
      for (let n = 1011; n <= 1020; n++) store.append(sketchDecision(n, n % 2 === 0 ? [] : [decided(n)], n));
      const views = [...store.statistics.decidedByView.keys()];
      expect([views.length, views[0], views.at(-1)]).toEqual([1000, 16, 1019]);
      expect(store.statistics.requests.decided).toBe(1015);
      await store.close();
      expect([...(await open(folder, disk)).statistics.decidedByView.keys()]).toEqual(views);
    });
  });

  describe.each([{ indexed: false }, { indexed: true }])('find (indexed: $indexed)', ({ indexed }) => {
    async function storeOf(...blocks: readonly (readonly EnvelopeSketch[])[]): Promise<DecisionStore> {
      const store = await open(folder, disk);
      for (const [i, sketches] of blocks.entries()) store.append(sketchDecision(i + 1, sketches));
      if (indexed) await store.settle();
      return store;
    }
    const duplicate = (firstNonce: number, count = 1): EnvelopeSketch => ({
      firstNonce,
      outcomes: new Array<'duplicate'>(count).fill('duplicate'),
    });

    it('names the place where a request was decided, not where it was executed again', async () => {
      const store = await storeOf([decided(1), decided(5, 4)], [duplicate(5, 4)], [duplicate(7, 2)]);
      expect(await store.find('g:gateway', 7n)).toEqual(found(1, 1, 2));
      expect(await store.find('g:gateway', 8n)).toEqual(found(1, 1, 3));
    });

    it('tells overlapping envelopes with the same first nonce apart', async () => {
      const store = await storeOf(
        [decided(5, 2)],
        [{ firstNonce: 5, outcomes: ['duplicate', 'duplicate', 'decided', 'expired'] }],
      );
      expect(await store.find('g:gateway', 6n)).toEqual(found(1, 0, 1));
      expect(await store.find('g:gateway', 7n)).toEqual(found(2, 0, 2));
      expect(await store.find('g:gateway', 8n)).toEqual(found(2, 0, 3, 'expired'));
    });

    it('finds a decision however often a leader orders the envelope again', async () => {
      const again = Array.from({ length: 100 }, () => [
        duplicate(5),
        { firstNonce: 6, outcomes: ['expired'] as const },
      ]);
      const store = await storeOf([decided(5, 3)], ...again);
      expect(await store.find('g:gateway', 5n)).toEqual(found(1, 0, 0));
      expect(await store.find('g:gateway', 6n)).toEqual(found(1, 0, 1));
    });

    it('falls back to the most telling outcome', async () => {
      const store = await storeOf([
        { firstNonce: 4, outcomes: ['refused', 'expired', 'duplicate'] },
        { firstNonce: 3, outcomes: ['duplicate', 'expired', 'duplicate'] },
      ]);
      expect(await store.find('g:gateway', 3n)).toEqual(found(1, 1, 0, 'duplicate'));
      expect(await store.find('g:gateway', 4n)).toEqual(found(1, 1, 1, 'expired'));
      expect(await store.find('g:gateway', 5n)).toEqual(found(1, 0, 1, 'expired'));
      expect(await store.find('g:gateway', 6n)).toEqual(found(1, 0, 2, 'duplicate'));
    });

    it('keeps signers apart, also where one name begins like another', async () => {
      const store = await storeOf([
        { ...decided(7), gateway: 'a' },
        { ...decided(7), gateway: 'ab' },
      ]);
      expect(await store.find('g:a', 7n)).toEqual(found(1, 0, 0));
      expect(await store.find('g:ab', 7n)).toEqual(found(1, 1, 0));
      expect(await store.find('g:b', 7n)).toBeUndefined();
      expect(await store.find('g:a', 0xffff_ffff_ffff_ffffn)).toBeUndefined();
    });
  });
});
