import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { portableHash } from '@concordat/protocol';
import { DecisionStore } from './decision-store';
import { StorageCorruption } from './errors';
import { MemoryFileSystem, platformError } from './testing/memory-file-system';
import { sketchDecision } from './testing/decisions';
import { removeTemporaryFolders, temporaryFolder } from './testing/temporary-folder';

// Thousands of cases: generous, for machines that do other things as well.
jest.setTimeout(120_000);

afterAll(removeTemporaryFolders);

const folder = temporaryFolder();
const open = (fileSystem: MemoryFileSystem, mustExist = false): Promise<DecisionStore> =>
  DecisionStore.open({ folder, hash: portableHash, fileSystem, mustExist, segmentBytesMax: 1500 });
const path = (first: number): string => join(folder, `decisions-${String(first)}.log`);
const forgetIndex = (): void => rmSync(join(folder, 'index'), { recursive: true, force: true });

/** Decisions 1..8, a few to a file. */
async function eightDecisions(settled: boolean): Promise<MemoryFileSystem> {
  forgetIndex();
  const disk = new MemoryFileSystem();
  const store = await open(disk);
  for (let n = 1; n <= 8; n++) store.append(sketchDecision(n, [{ firstNonce: n, outcomes: ['decided'] }]));
  if (settled) await store.settle();
  else disk.fault = (operation) => (operation === 'sync' ? platformError('EIO') : undefined);
  await store.close().catch(() => undefined);
  disk.fault = () => undefined;
  return disk.copy();
}

const files = (disk: MemoryFileSystem): number[] =>
  disk
    .list(folder)
    .map((name) => Number(/[0-9]+/.exec(name)?.[0]))
    .sort((a, b) => a - b);

describe('a damaged decision store', () => {
  it('cuts a torn tail that was never durable', async () => {
    const disk = await eightDecisions(false);
    const newest = files(disk).at(-1)!;
    disk.put(path(newest), disk.contents(path(newest)).subarray(0, -1));
    const store = await open(disk);
    expect(store.lastSequence).toBe(7);
    store.append(sketchDecision(8));
    await store.close();
    const again = await open(disk.crash());
    expect(again.lastSequence).toBe(8);
    await again.close();
  });

  it('is refused when the same tail was durable, as the index proves', async () => {
    const disk = await eightDecisions(true);
    const newest = files(disk).at(-1)!;
    disk.put(path(newest), disk.contents(path(newest)).subarray(0, -1));
    await expect(open(disk)).rejects.toMatchObject({ name: 'StorageCorruption', path: path(newest) });
  });

  it.each([true, false])('is refused without any one of its files (index kept: %s)', async (kept) => {
    const whole = await eightDecisions(true);
    expect(files(whole).length).toBeGreaterThan(2);
    for (const number of files(whole)) {
      if (!kept) forgetIndex();
      const disk = whole.copy((name) => name !== path(number));
      await expect(open(disk)).rejects.toMatchObject({
        name: 'StorageCorruption',
        path: path(number),
        reason: 'the file is missing',
      });
    }
    forgetIndex();
    await expect(open(new MemoryFileSystem(), true)).rejects.toMatchObject({ name: 'StorageCorruption' });
  });

  it('is refused when any byte of a block is damaged that must be read at the start', async () => {
    const whole = await eightDecisions(true);
    forgetIndex();
    const first = whole.contents(path(1));
    for (let at = 0; at < first.length - 57; at += 23) {
      const disk = whole.copy();
      disk.contents(path(1))[at]! ^= 0x10;
      const error = await open(disk).catch((reason: unknown) => reason);
      expect(error).toBeInstanceOf(StorageCorruption);
      expect(error).toMatchObject({ path: path(1) });
    }
  });

  it('notices damage in an old block when it is asked for, and still serves the others', async () => {
    const disk = await eightDecisions(true);
    const bytes = disk.contents(path(1));
    bytes[bytes.length >> 1]! ^= 1;
    const store = await open(disk);
    const results = await Promise.allSettled([1, 2, 3, 4, 5, 6, 7, 8].map((n) => store.get(n)));
    const broken = results.flatMap((result) => (result.status === 'rejected' ? [result.reason as unknown] : []));
    expect(broken).toEqual([expect.objectContaining({ name: 'StorageCorruption', path: path(1) })]);
    store.append(sketchDecision(9));
    await store.close();
  });

  it('does not take a block for durable that was written during the flush of another', async () => {
    forgetIndex();
    const disk = new MemoryFileSystem();
    const store = await open(disk);
    disk.holdsSyncs = true;
    store.append(sketchDecision(1));
    const flush = store.flush();
    const second = disk.contents(path(1)).length;
    store.append(sketchDecision(2));
    disk.releaseSyncs();
    await flush;
    store.append(sketchDecision(3));
    expect(store.durableSequence).toBe(1);
    const survivor = disk.copy();
    survivor.contents(path(1))[second]! ^= 1;
    disk.holdsSyncs = false;
    await store.close();
    forgetIndex();
    const again = await open(survivor);
    expect(again.lastSequence).toBe(1);
    await again.close();
  });

  it('opens after a death at any operation while files are begun', async () => {
    forgetIndex();
    const run = async (disk: MemoryFileSystem): Promise<number> => {
      const store = await open(disk);
      let flushed = 0;
      try {
        for (let n = 1; n <= 6; n++) {
          store.append(sketchDecision(n, [{ firstNonce: n, outcomes: ['decided'] }]));
          if (n % 3 !== 0) continue;
          await store.flush();
          flushed = n;
        }
      } catch {
        // The fault that this test puts there.
      }
      await store.close().catch(() => undefined);
      return flushed;
    };
    const complete = new MemoryFileSystem();
    expect(await run(complete)).toBe(6);
    for (let fatal = 0; fatal < complete.operations.length; fatal++) {
      forgetIndex();
      const disk = new MemoryFileSystem();
      let left = fatal;
      disk.fault = () => (left-- <= 0 ? platformError('EIO') : undefined);
      const flushed = await run(disk).catch(() => 0);
      const store = await open(disk.crash());
      expect(store.lastSequence).toBeGreaterThanOrEqual(flushed);
      await store.close();
    }
  });
});
