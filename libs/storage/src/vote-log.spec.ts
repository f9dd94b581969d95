import { RECORD_OVERHEAD_BYTES, type LogRecord } from '@concordat/records';
import { BufferFull } from './errors';
import { MemoryFileSystem, platformError } from './testing/memory-file-system';
import { VoteLog, type VoteLogOptions } from './vote-log';

const FOLDER = '/data';
const VOTES_1 = `${FOLDER}/votes-1.log`;

const record = (sequence: number, size = 3): LogRecord => ({
  kind: 1,
  sequence,
  payload: new Uint8Array(size).fill(sequence),
});
const open = (fileSystem: MemoryFileSystem, options: Partial<VoteLogOptions> = {}): Promise<VoteLog> =>
  VoteLog.open({ folder: FOLDER, fileSystem, ...options });
const sequences = (log: VoteLog): number[] => log.takeRecords().map(({ sequence }) => sequence);

async function appendAndSync(log: VoteLog, ...numbers: number[]): Promise<void> {
  for (const number of numbers) log.append(record(number));
  await log.sync();
}

describe('VoteLog', () => {
  it('begins empty, and says that it is new', async () => {
    const disk = new MemoryFileSystem();
    const log = await open(disk);
    expect([log.isNew, log.tornTail, log.replayedCount]).toEqual([true, false, 0]);
    const again = await open(disk.crash());
    expect([again.isNew, again.tornTail, again.takeRecords()]).toEqual([false, false, []]);
  });

  it('gives back every synced record in order, once', async () => {
    const disk = new MemoryFileSystem();
    const log = await open(disk);
    await appendAndSync(log, 1, 2);
    await appendAndSync(log, 3);
    const again = await open(disk.crash());
    const records = again.takeRecords();
    expect(records.map(({ payload }) => [...payload])).toEqual([1, 2, 3].map((n) => [n, n, n]));
    expect(() => again.takeRecords()).toThrow(RangeError);
    await appendAndSync(again, 4);
    expect(sequences(await open(disk.crash()))).toEqual([1, 2, 3]);
  });

  it('goes on where it ended', async () => {
    let disk = new MemoryFileSystem();
    for (let n = 1; n <= 5; n++) {
      await appendAndSync(await open(disk), n);
      disk = disk.crash();
    }
    expect(sequences(await open(disk))).toEqual([1, 2, 3, 4, 5]);
  });

  it('shares one commit among all syncs that come while another is under way', async () => {
    const disk = new MemoryFileSystem();
    const log = await open(disk);
    const before = { writes: disk.count('write'), syncs: disk.count('sync') };
    disk.holdsSyncs = true;
    const returned: number[] = [];
    const sync = (n: number): Promise<void> => log.sync().then(() => void returned.push(n));
    log.append(record(1));
    const first = sync(1);
    log.append(record(2));
    const second = sync(2);
    log.append(record(3));
    const third = sync(3);
    expect(returned).toEqual([]);
    disk.releaseSyncs();
    await first;
    expect(returned).toEqual([1]);
    while (disk.syncsHeld === 0) await Promise.resolve();
    disk.releaseSyncs();
    await Promise.all([second, third]);
    expect(disk.count('write') - before.writes).toBe(2);
    expect(disk.count('sync') - before.syncs).toBe(2);
    expect(sequences(await open(disk.crash()))).toEqual([1, 2, 3]);
  });

  it('does not say that a record is durable while only an earlier commit is under way', async () => {
    const disk = new MemoryFileSystem();
    const log = await open(disk);
    disk.holdsSyncs = true;
    log.append(record(1));
    const first = log.sync();
    log.append(record(2));
    const second = log.sync();
    disk.releaseSyncs();
    await first;
    expect(sequences(await open(disk.crash()))).toEqual([1]);
    while (disk.syncsHeld === 0) await Promise.resolve();
    disk.releaseSyncs();
    await second;
  });

  it('joins a commit under way when nothing was appended since, and needs none when all is durable', async () => {
    const disk = new MemoryFileSystem();
    const log = await open(disk);
    await log.sync();
    disk.holdsSyncs = true;
    log.append(record(1));
    let both = 0;
    const syncs = [log.sync(), log.sync()].map((sync) => sync.then(() => both++));
    const before = disk.count('write');
    await new Promise(setImmediate);
    expect(both).toBe(0);
    disk.releaseSyncs();
    await Promise.all(syncs);
    expect([both, disk.count('write')]).toEqual([2, before]);
  });

  it('makes everything durable at once with syncNow, also behind a commit under way', async () => {
    const disk = new MemoryFileSystem();
    const log = await open(disk);
    disk.holdsSyncs = true;
    log.append(record(1));
    const first = log.sync();
    log.append(record(2));
    log.syncNow();
    expect(sequences(await open(disk.crash()))).toEqual([1, 2]);
    disk.releaseSyncs();
    await first;
    expect(sequences(await open(disk.crash()))).toEqual([1, 2]);
  });

  it('holds no more than its bound', async () => {
    const disk = new MemoryFileSystem();
    const log = await open(disk, { pendingBytesMax: 2 * (RECORD_OVERHEAD_BYTES + 3) });
    log.append(record(1));
    log.append(record(2));
    expect(() => log.append(record(3, 0))).toThrow(BufferFull);
    await log.sync();
    await appendAndSync(log, 3);
    expect(sequences(await open(disk.crash()))).toEqual([1, 2, 3]);
  });

  it('refuses a record that cannot be kept without harm to the others', async () => {
    const disk = new MemoryFileSystem();
    const log = await open(disk);
    log.append(record(1));
    expect(() => log.append({ ...record(1), kind: 256 })).toThrow(RangeError);
    expect(() => log.append({ ...record(1), sequence: -1 })).toThrow(RangeError);
    await log.sync();
    expect(sequences(await open(disk.crash()))).toEqual([1]);
  });

  it('takes a short write to its end', async () => {
    const disk = new MemoryFileSystem();
    const log = await open(disk);
    disk.fault = (operation) => (operation === 'write' ? { bytesMax: 7 } : undefined);
    await appendAndSync(log, 1, 2);
    expect(sequences(await open(disk.crash()))).toEqual([1, 2]);
  });

  describe('rotation', () => {
    it('begins a file with the base, durable when it returns', async () => {
      const disk = new MemoryFileSystem();
      const log = await open(disk, { segmentBytesMax: 200 });
      expect(log.isSegmentFull).toBe(false);
      await appendAndSync(log, 1, 2, 3, 4, 5, 6, 7);
      expect(log.isSegmentFull).toBe(true);
      log.append(record(8));
      log.rotate([record(7), record(8)]);
      expect([log.isSegmentFull, log.segmentCount]).toEqual([false, 2]);
      const again = await open(disk.crash());
      expect(sequences(again)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 7, 8]);
      expect([again.segmentCount, again.tornTail]).toEqual([2, false]);
    });

    it('does not close a file under a commit', async () => {
      const disk = new MemoryFileSystem();
      const log = await open(disk);
      disk.holdsSyncs = true;
      log.append(record(1));
      const sync = log.sync();
      log.rotate([record(1)]);
      disk.releaseSyncs();
      await sync;
      log.append(record(2));
      log.close();
      expect(sequences(await open(disk.crash()))).toEqual([1, 1, 2]);
    });

    it('drops the oldest files whose records are all below, never the newest, and never from the middle', async () => {
      const disk = new MemoryFileSystem();
      const log = await open(disk);
      await appendAndSync(log, 5);
      log.rotate([]);
      await appendAndSync(log, 9);
      await appendAndSync(log, 2);
      log.rotate([record(3)]);
      await appendAndSync(log, 4);
      log.rotate([]);
      expect([log.dropBelow(4), log.segmentCount]).toEqual([0, 4]);
      expect([log.dropBelow(5), log.segmentCount]).toEqual([1, 3]);
      expect(log.dropBelow(8)).toBe(0);
      expect(sequences(await open(disk.crash()))).toEqual([9, 2, 3, 4]);
      expect([log.dropBelow(99), log.segmentCount, log.dropBelow(99)]).toEqual([2, 1, 0]);
      await appendAndSync(log, 10);
      const again = await open(disk.crash());
      expect([sequences(again), again.segmentCount]).toEqual([[10], 1]);
      expect(again.dropBelow(99)).toBe(0);
    });

    it('knows after a restart what each file holds', async () => {
      const disk = new MemoryFileSystem();
      const log = await open(disk);
      await appendAndSync(log, 5);
      log.rotate([record(4)]);
      await appendAndSync(log, 7);
      const again = await open(disk);
      again.rotate([record(8)]);
      await appendAndSync(again, 6);
      again.rotate([]);
      expect([4, 6, 7, 8].map((sequence) => again.dropBelow(sequence))).toEqual([0, 1, 1, 1]);
    });
  });

  describe.each([
    { name: 'a full disk', operation: 'write', code: 'ENOSPC' },
    { name: 'a failed write', operation: 'write', code: 'EIO' },
    { name: 'a failed fsync', operation: 'sync', code: 'EIO' },
  ] as const)('after $name', ({ operation, code }) => {
    const failure = { name: 'StorageFailure', path: VOTES_1, operation, cause: { code } };

    it('stays closed, and tries nothing again', async () => {
      const disk = new MemoryFileSystem();
      const log = await open(disk);
      await appendAndSync(log, 1);
      disk.fault = (done) => (done === operation ? platformError(code) : undefined);
      log.append(record(2));
      await expect(log.sync()).rejects.toMatchObject(failure);
      disk.fault = () => undefined;
      const done = disk.operations.length;
      for (const use of [() => log.append(record(3)), () => log.sync(), () => log.syncNow(), () => log.rotate([])]) {
        await expect(Promise.resolve().then(use)).rejects.toMatchObject(failure);
      }
      log.close();
      expect(disk.operations).toHaveLength(done);
      expect(sequences(await open(disk.crash()))).toEqual([1]);
    });

    it('tells everyone who waits', async () => {
      const disk = new MemoryFileSystem();
      const log = await open(disk);
      disk.holdsSyncs = true;
      log.append(record(1));
      const waiting = [log.sync()];
      log.append(record(2));
      waiting.push(log.sync(), log.sync());
      disk.fault = (done) => (done === operation ? platformError(code) : undefined);
      const settled = Promise.allSettled(waiting);
      disk.holdsSyncs = false;
      disk.releaseSyncs();
      const reasons = (await settled).map((result) => result.status === 'rejected' && (result.reason as unknown));
      const rejected = reasons.filter((reason) => reason !== false);
      expect(rejected).toHaveLength(operation === 'sync' ? 3 : 2);
      for (const reason of rejected) expect(reason).toMatchObject(failure);
    });
  });

  it('keeps no half of a group that a full disk cut', async () => {
    const disk = new MemoryFileSystem();
    const log = await open(disk);
    await appendAndSync(log, 1);
    let writes = 0;
    disk.fault = (operation) => {
      if (operation !== 'write') return undefined;
      return writes++ === 0 ? { bytesMax: 70 } : platformError('ENOSPC');
    };
    log.append(record(2));
    await expect(log.sync()).rejects.toMatchObject({ name: 'StorageFailure', operation: 'write' });
    disk.fault = () => undefined;
    const again = await open(disk);
    expect([again.tornTail, sequences(again)]).toEqual([true, [1]]);
    await appendAndSync(again, 3);
    expect(sequences(await open(disk.crash()))).toEqual([1, 3]);
  });

  it('writes again what a dead process could not sync: its pages look clean and would be lost', async () => {
    const disk = new MemoryFileSystem();
    const log = await open(disk);
    await appendAndSync(log, 1);
    disk.fault = (operation) => (operation === 'sync' ? platformError('EIO') : undefined);
    log.append(record(2));
    await expect(log.sync()).rejects.toThrow('EIO');
    disk.fault = () => undefined;
    const restarted = await open(disk);
    expect(sequences(restarted)).toEqual([1, 2]);
    expect(sequences(await open(disk.crash()))).toEqual([1, 2]);
  });
});
