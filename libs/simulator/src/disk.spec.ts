import type { LogRecord } from '@concordat/records';
import { Random } from './index';
import { SimulatedDisk, type Append } from './disk';
import { SimulatedSegment } from './segment';

const append = (sequence: number): Append => ({
  kept: { kind: 'record', record: { kind: 'state', sequence: sequence as never, state: new Uint8Array(0) } },
  bytes: { kind: 5, sequence, payload: Uint8Array.of(sequence, 2, 3) },
});

const sequences = (records: readonly LogRecord[]): number[] => records.map(({ sequence }) => sequence);

/** Two groups of two records each. */
function segment(): SimulatedSegment {
  const file = new SimulatedSegment({ segment: 1, salt: 7, previousBytes: 0 });
  file.write('base', 1, []);
  file.write('records', 1, [append(1), append(2)]);
  file.write('records', 1, [append(3), append(4)]);
  return file;
}

describe('SimulatedSegment', () => {
  it('lays out what was written, when it is read', () => {
    const file = segment();
    expect(file.records).toBe(4);
    expect(file.greatestSequence).toBe(4);
    expect(file.scan()).toMatchObject({ verdict: 'clean', validBytes: file.bytes });
    expect(sequences(file.scan().records)).toEqual([1, 2, 3, 4]);
  });

  it('notices every flipped bit, and what it hit', () => {
    const verdicts = { clean: 0, 'torn-tail': 0, corrupt: 0 };
    const hit = new Set<string>();
    for (let bit = 0; bit < segment().bytes * 8; bit++) {
      const file = segment();
      const record = file.flip(() => bit)?.bytes;
      hit.add(record === undefined || record instanceof Uint8Array ? 'header' : String(record.sequence));
      const { verdict, records } = file.scan();
      verdicts[verdict]++;
      expect(file.wasWritten(records)).toBe(true);
      expect(records.length).toBeLessThan(4);
    }
    expect(verdicts.clean).toBe(0);
    expect(verdicts.corrupt).toBeGreaterThan(verdicts['torn-tail']);
    expect([...hit].sort()).toEqual(['1', '2', '3', '4', 'header']);
  });

  it('tells records that were never written from those that were', () => {
    const file = segment();
    const written = file.scan().records;
    file.flip(() => 0);
    expect(file.wasWritten(written)).toBe(true);
    expect(file.wasWritten(written.slice(1))).toBe(false);
    expect(file.wasWritten(written.map((record) => ({ ...record, sequence: 9 })))).toBe(false);
    expect(file.wasWritten(written.map((record) => ({ ...record, payload: Uint8Array.of(0, 0, 0) })))).toBe(false);
  });
});

describe('SimulatedDisk', () => {
  it('keeps what was synced, loses what was not, and may tear what was under way', () => {
    const seen = new Set<string>();
    for (let seed = 0; seed < 60; seed++) {
      const disk = new SimulatedDisk(seed);
      disk.append(append(1));
      disk.beginSync();
      disk.completeSync();
      disk.append(append(2));
      disk.beginSync();
      disk.append(append(3));
      const { survived, lost, torn } = disk.crash(new Random(seed), 1);
      const { log, tornTail } = disk.read();
      expect(sequences(log)).toEqual(survived.length > 0 ? [1, 2] : [1]);
      expect(tornTail).toBe(torn.length > 0);
      expect(lost.length + survived.length).toBe(2);
      expect(disk.read().tornTail).toBe(false);
      seen.add(survived.length > 0 ? 'survived' : tornTail ? 'torn' : 'lost');
    }
    expect([...seen].sort()).toEqual(['lost', 'survived', 'torn']);
  });

  it('drops files that hold nothing any more', () => {
    const disk = new SimulatedDisk(1);
    disk.append(append(1));
    disk.syncNow();
    disk.rotate([append(5)]);
    disk.dropBelow(0);
    expect(sequences(disk.read().log)).toEqual([1, 5]);
    disk.dropBelow(1);
    expect(sequences(disk.read().log)).toEqual([5]);
  });
});
