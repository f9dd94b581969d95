import * as fc from 'fast-check';
import { RecentCache } from './recent-cache';

describe('RecentCache', () => {
  it('holds at most its bound, whatever is done', () => {
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 9 }), fc.array(fc.tuple(fc.boolean(), fc.nat(20))), (max, steps) => {
        const cache = new RecentCache<number>(max);
        for (const [write, key] of steps) {
          if (write) cache.set(String(key), key);
          else expect([undefined, key]).toContain(cache.get(String(key)));
          expect(cache.size).toBeLessThanOrEqual(max);
        }
      }),
    );
  });

  it('keeps a key in use through a flood of others', () => {
    const cache = new RecentCache<string>(8);
    cache.set('used', 'value');
    for (let i = 0; i < 100; i++) {
      cache.set(`flood ${String(i)}`, 'x');
      expect(cache.get('used')).toBe('value');
    }
  });

  it('always has the last half of its bound', () => {
    const cache = new RecentCache<number>(8);
    for (let i = 0; i < 100; i++) {
      cache.set(String(i), i);
      for (let back = 0; back < Math.min(4, i + 1); back++) expect(cache.get(String(i - back))).toBe(i - back);
    }
  });

  it.each([0, 1, 2.5, Number.NaN])('refuses a bound of %p', (max) => {
    expect(() => new RecentCache(max)).toThrow(RangeError);
  });
});
