import type { LogRecord } from '@concordat/records';
import fc from 'fast-check';
import { StorageCorruption } from './errors';
import { MemoryFileSystem, platformError } from './testing/memory-file-system';
import { VoteLog } from './vote-log';

// Thousands of cases: generous, for machines that do other things as well.
jest.setTimeout(120_000);

const FOLDER = '/data';
const path = (number: number): string => `${FOLDER}/votes-${String(number)}.log`;
const record = (sequence: number): LogRecord => ({ kind: 1, sequence, payload: Uint8Array.of(sequence, 7) });
const open = (fileSystem: MemoryFileSystem, mustExist = false): Promise<VoteLog> =>
  VoteLog.open({ folder: FOLDER, fileSystem, mustExist });
const sequences = (log: VoteLog): number[] => log.takeRecords().map(({ sequence }) => sequence);

/** Three files: 1 and 2 | base 2, then 3 | base 3, then 4, then 5. */
async function threeFiles(): Promise<MemoryFileSystem> {
  const disk = new MemoryFileSystem();
  const log = await open(disk);
  const append = async (sequence: number): Promise<void> => {
    log.append(record(sequence));
    await log.sync();
  };
  await append(1);
  await append(2);
  log.rotate([record(2)]);
  await append(3);
  log.rotate([record(3)]);
  await append(4);
  await append(5);
  return disk;
}

describe('a damaged vote log', () => {
  it.each([1, 2, 3])('with any bit of file %i flipped is refused, or loses exactly its last group', async (number) => {
    const whole = await threeFiles();
    const bytes = whole.contents(path(number));
    const last = number === 3 ? bytes.length - 57 - 19 : Number.POSITIVE_INFINITY;
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      const disk = whole.copy();
      disk.contents(path(number))[bit >> 3]! ^= 1 << (bit & 7);
      const opened = await open(disk).catch((error: unknown) => error);
      if (bit >> 3 >= last) {
        expect(opened).toMatchObject({ tornTail: true });
        expect(sequences(opened as VoteLog)).toEqual([1, 2, 2, 3, 3, 4]);
      } else if (opened instanceof VoteLog) {
        // The mark that a later file exists is the only thing that may be torn in an old one.
        expect(number).toBeLessThan(3);
        expect(bit >> 3).toBeGreaterThanOrEqual(bytes.length - 57);
        expect(sequences(opened)).toEqual([1, 2, 2, 3, 3, 4, 5]);
      } else {
        expect(opened).toBeInstanceOf(StorageCorruption);
        expect(opened).toMatchObject({ path: path(number) });
        expect((opened as StorageCorruption).offset).toBeLessThanOrEqual(bit >> 3);
      }
    }
  });

  it.each([1, 2])('with old file %i cut anywhere below what was durable is refused', async (number) => {
    const whole = await threeFiles();
    const bytes = whole.contents(path(number)).slice();
    for (let length = 0; length < bytes.length - 57; length++) {
      const disk = whole.copy();
      disk.put(path(number), bytes.subarray(0, length));
      await expect(open(disk)).rejects.toMatchObject({ name: 'StorageCorruption', path: path(number) });
    }
  });

  it.each([1, 2, 3])('without file %i is refused by the name of the file', async (number) => {
    const disk = (await threeFiles()).copy((name) => name !== path(number));
    await expect(open(disk)).rejects.toMatchObject({
      name: 'StorageCorruption',
      path: path(number),
      reason: 'the file is missing',
    });
  });

  it('is refused when it is gone as a whole and must be there; nothing is made then', async () => {
    const disk = new MemoryFileSystem();
    await expect(open(disk, true)).rejects.toMatchObject({ name: 'StorageCorruption', path: path(1) });
    expect(disk.list(FOLDER)).toEqual([]);
  });

  it('is refused when a file stands under the name of another', async () => {
    const disk = await threeFiles();
    disk.put(path(1), disk.contents(path(2)));
    await expect(open(disk)).rejects.toMatchObject({ name: 'StorageCorruption', path: path(1) });
  });

  it('is refused when the first file of all is damaged beyond its beginning', async () => {
    const disk = new MemoryFileSystem();
    const log = await open(disk);
    log.append(record(1));
    await log.sync();
    disk.contents(path(1)).fill(0);
    await expect(open(disk)).rejects.toMatchObject({ name: 'StorageCorruption', path: path(1), offset: 0 });
  });
});

it('refuses a newest file whose base is damaged, although nothing follows it', async () => {
  const disk = new MemoryFileSystem();
  const log = await open(disk);
  log.rotate([record(1)]);
  disk.contents(path(2))[60]! ^= 1;
  await expect(open(disk)).rejects.toMatchObject({ name: 'StorageCorruption', path: path(2), offset: 0 });
  expect(disk.list(FOLDER)).toContain('votes-2.log');
});

it('is torn until something was written behind what is left: a start that comes to nothing takes no notice of it along', async () => {
  const disk = await threeFiles();
  disk.put(path(3), disk.contents(path(3)).subarray(0, -5));
  for (let start = 0; start < 3; start++) {
    const log = await open(disk);
    expect([log.tornTail, sequences(log)]).toEqual([true, [1, 2, 2, 3, 3, 4]]);
    if (start === 1) log.close();
  }
  const log = await open(disk.crash());
  expect(log.tornTail).toBe(true);
});

it('is torn no more once something is written behind what is left', async () => {
  const disk = await threeFiles();
  disk.put(path(3), disk.contents(path(3)).subarray(0, -5));
  const log = await open(disk);
  log.append(record(6));
  await log.sync();
  const again = await open(disk.crash());
  expect([again.tornTail, sequences(again)]).toEqual([false, [1, 2, 2, 3, 3, 4, 6]]);
  again.rotate([record(6)]);
  expect((await open(disk)).tornTail).toBe(false);
});

it('does not bring back what stood behind a torn group', async () => {
  const disk = new MemoryFileSystem();
  const log = await open(disk);
  disk.holdsSyncs = true;
  log.append(record(1));
  const first = log.sync();
  const start = disk.contents(path(1)).length - 57 - 19;
  log.append(record(2));
  log.syncNow();
  disk.releaseSyncs();
  await first;
  // The second group reached the disk, the first did not: neither was known to be durable when it was written.
  disk.contents(path(1))[start]! ^= 1;
  const survivor = disk.copy();
  const again = await open(survivor);
  expect([again.tornTail, sequences(again)]).toEqual([true, []]);
  again.append(record(3));
  await again.sync();
  expect(sequences(await open(survivor.crash()))).toEqual([3]);
});

type Step =
  | { readonly kind: 'append' | 'sync' | 'syncNow' | 'rotate' | 'drop' }
  | { readonly kind: 'crash'; readonly keep: number };

describe('a vote log under power losses', () => {
  const step = fc.oneof(
    { weight: 8, arbitrary: fc.constantFrom<Step>({ kind: 'append' }, { kind: 'sync' }) },
    { weight: 3, arbitrary: fc.constantFrom<Step>({ kind: 'syncNow' }, { kind: 'rotate' }, { kind: 'drop' }) },
    { weight: 2, arbitrary: fc.record<Step>({ kind: fc.constant('crash'), keep: fc.nat(1000) }) },
  );

  it('has every record whose sync returned, in order, whenever the power fails', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
        let disk = new MemoryFileSystem();
        let log = await open(disk);
        let appended = 0;
        let durable = 0;
        for (const { kind, ...rest } of [...steps, { kind: 'crash', keep: 0 } as const]) {
          if (kind === 'append') log.append(record(++appended));
          if (kind === 'sync') await log.sync();
          if (kind === 'syncNow') log.syncNow();
          // The base repeats the newest record, as a host's would.
          if (kind === 'rotate') log.rotate(appended === 0 ? [] : [record(appended)]);
          if (kind === 'drop') log.dropBelow(appended - 1);
          if (kind === 'sync' || kind === 'syncNow' || kind === 'rotate') durable = appended;
          if (kind !== 'crash') continue;
          const { keep } = rest as { keep: number };
          disk = disk.crash((unsynced) => Math.min(unsynced, keep));
          log = await open(disk);
          const found = new Set(sequences(log));
          const newest = Math.max(0, ...found);
          expect(newest).toBeGreaterThanOrEqual(durable);
          expect(newest).toBeLessThanOrEqual(appended);
          if (durable > 0) expect(found).toContain(durable);
          appended = durable = newest;
        }
      }),
      { numRuns: 300 },
    );
  });

  it.each(['power loss', 'process death'] as const)(
    'opens after a %s at any operation of rotation and deletion, with everything that was promised',
    async (death) => {
      const scenario = async (log: VoteLog): Promise<void> => {
        log.rotate([record(2)]);
        log.append(record(3));
        log.rotate([record(3)]);
        log.dropBelow(2);
        log.append(record(4));
        await log.sync();
      };
      const prepare = async (): Promise<[MemoryFileSystem, VoteLog]> => {
        const disk = new MemoryFileSystem();
        const log = await open(disk);
        log.append(record(1));
        log.append(record(2));
        await log.sync();
        return [disk, log];
      };
      const [complete, undisturbed] = await prepare();
      const before = complete.operations.length;
      await scenario(undisturbed);
      const operations = complete.operations.length - before;
      for (let fatal = 0; fatal < operations; fatal++) {
        for (const keep of [0, 30, 60, 1000]) {
          const [disk, log] = await prepare();
          let left = fatal;
          disk.fault = () => (left-- <= 0 ? platformError('EIO') : undefined);
          await expect(scenario(log)).rejects.toMatchObject({ name: 'StorageFailure' });
          disk.fault = () => undefined;
          const survivor = death === 'power loss' ? disk.crash((unsynced) => Math.min(unsynced, keep)) : disk.copy();
          const found = sequences(await open(survivor, true));
          expect(found).toContain(2);
          if (fatal === operations - 1) expect(found).toContain(3);
          // And once more: what the first start left must be sound as well.
          expect(sequences(await open(survivor.crash(), true))).toEqual(found);
        }
      }
      expect(operations).toBeGreaterThan(15);
    },
  );
});
