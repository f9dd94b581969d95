import { SparseLog } from './sparse-log';

describe('a log line that comes often', () => {
  it('is written once in each interval, and tells of those that were not', () => {
    const lines: unknown[] = [];
    let now = 0;
    const log = new SparseLog(
      (fields) => lines.push(fields),
      1_000,
      () => now,
    );
    for (const at of [0, 1, 999, 1_000, 1_500, 2_100, 4_000]) {
      now = at;
      log.line({ at });
    }
    expect(lines).toEqual([{ at: 0 }, { at: 1_000, unwritten: 2 }, { at: 2_100, unwritten: 1 }, { at: 4_000 }]);
  });

  it('is written every time with no interval', () => {
    const lines: unknown[] = [];
    const log = new SparseLog(
      (fields) => lines.push(fields),
      0,
      () => 7,
    );
    log.line({ a: 1 });
    log.line({ a: 2 });
    expect(lines).toEqual([{ a: 1 }, { a: 2 }]);
  });
});
