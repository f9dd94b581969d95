import { readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { portableHash } from '@concordat/protocol';
import { DataFolder } from './data-folder';
import { sketchDecision } from './testing/decisions';
import { Child, bundleChild } from './testing/child';
import { removeTemporaryFolders, temporaryFolder } from './testing/temporary-folder';

// Real disks and processes: generous, for machines that do other things as well.
jest.setTimeout(120_000);

afterAll(removeTemporaryFolders);

const open = (folder: string): Promise<DataFolder> => DataFolder.open(folder, { hash: portableHash });

describe('DataFolder', () => {
  let folder: string;
  beforeEach(() => {
    folder = join(temporaryFolder(), 'a', 'data');
  });

  it('is made for its owner only, and keeps what was put into it', async () => {
    const first = await open(folder);
    expect(statSync(folder).mode & 0o777).toBe(0o700);
    for (const name of readdirSync(folder).filter((file) => file.endsWith('.log'))) {
      expect(statSync(join(folder, name)).mode & 0o777).toBe(0o600);
    }
    expect(first.voteLog.isNew).toBe(true);
    first.voteLog.append({ kind: 1, sequence: 4, payload: Uint8Array.of(9) });
    first.decisions.append(sketchDecision(1));
    expect(await first.gatewayCounter.next()).toBe(1n);
    await first.close();
    const second = await open(folder);
    expect(second.voteLog.isNew).toBe(false);
    expect(second.voteLog.takeRecords()).toMatchObject([{ kind: 1, sequence: 4 }]);
    expect(second.decisions.lastSequence).toBe(1);
    expect(await second.gatewayCounter.next()).toBeGreaterThan(1n);
    await second.close();
  });

  it.each([/^votes-/, /^decisions-/, /^state$/])('is refused when %p is gone', async (gone) => {
    const first = await open(folder);
    first.voteLog.append({ kind: 1, sequence: 4, payload: Uint8Array.of(9) });
    first.decisions.append(sketchDecision(1));
    await first.close();
    for (const name of readdirSync(folder).filter((file) => gone.test(file))) {
      rmSync(join(folder, name), { recursive: true });
    }
    await expect(open(folder)).rejects.toMatchObject({ name: 'StorageCorruption' });
    // And at the next try as well: the refused start has made nothing in its place.
    await expect(open(folder)).rejects.toMatchObject({ name: 'StorageCorruption' });
  });

  it('opens without its index, which is derived', async () => {
    const first = await open(folder);
    first.decisions.append(sketchDecision(1));
    await first.close();
    rmSync(join(folder, 'index'), { recursive: true });
    const second = await open(folder);
    expect((await second.decisions.get(1))?.sequence).toBe(1);
    await second.close();
  });

  it('types the failure to make a folder', async () => {
    const file = join(temporaryFolder(), 'file');
    writeFileSync(file, '');
    await expect(open(join(file, 'data'))).rejects.toMatchObject({ name: 'StorageFailure', operation: 'create' });
  });

  it('is open once at a time in one process', async () => {
    const first = await open(folder);
    await expect(open(folder)).rejects.toMatchObject({
      name: 'FolderInUse',
      message: `data folder ${folder} is in use by another process`,
    });
    await first.close();
    await (await open(folder)).close();
  });
});

describe('DataFolder and other processes', () => {
  let file: string;
  let folder: string;
  beforeAll(() => {
    file = bundleChild(temporaryFolder());
  });
  beforeEach(() => {
    folder = join(temporaryFolder(), 'data');
  });

  it('is open in one process at a time', async () => {
    const owner = new Child(file, 'hold', folder);
    expect(await owner.told()).toEqual({ opened: folder });
    await expect(open(folder)).rejects.toMatchObject({ name: 'FolderInUse', folder });
    const rival = new Child(file, 'hold', folder);
    expect(await rival.told()).toEqual({ error: `data folder ${folder} is in use by another process` });
    await rival.end();
    await owner.end();
    await (await open(folder)).close();
  });

  it('is free at once when its owner was killed', async () => {
    const owner = new Child(file, 'hold', folder);
    await owner.told();
    await owner.kill();
    await (await open(folder)).close();
  });

  it('has everything that was durable when a process was killed in the middle of its work', async () => {
    let nonce = 0;
    for (let life = 0; life < 5; life++) {
      const child = new Child(file, 'work', folder);
      expect(await child.told()).toEqual({ opened: folder });
      let last = await child.told();
      for (let i = 0; i < 20 + 7 * life; i++) {
        expect(last?.['nonce']).toBeGreaterThan(nonce);
        nonce = Number(last?.['nonce']) + 99;
        last = await child.told();
      }
      await child.kill();
      for (let more: typeof last; (more = await child.told()) !== undefined;) last = more;
      nonce = Number(last?.['nonce']) + 99;

      const opened = await open(folder);
      const { voteLog, decisions, gatewayCounter } = opened;
      const votes = voteLog.takeRecords();
      const sequences = new Set(votes.map(({ sequence }) => sequence));
      const vote = Number(last?.['vote']);
      for (let n = Math.max(1, vote - 100); n <= vote; n++) expect(sequences).toContain(n);
      for (const { kind, sequence, payload } of votes) {
        if (kind === 1) expect(payload).toEqual(new Uint8Array(500).fill(sequence));
      }
      expect(decisions.lastSequence).toBeGreaterThanOrEqual(Number(last?.['decided']));
      expect(decisions.statistics.requests.decided).toBe(decisions.lastSequence);
      expect((await decisions.recent(50)).map(({ sequence }) => sequence)).toEqual(
        Array.from({ length: Math.min(50, decisions.lastSequence) }, (_, i) => decisions.lastSequence - i),
      );
      expect(Number(await gatewayCounter.next())).toBeGreaterThan(nonce);
      await opened.close();
    }
  });
});
