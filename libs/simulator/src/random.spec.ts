import type { Millis } from '@concordat/protocol';
import { EventQueue } from './event-queue';
import { quickHash } from './quick-hash';
import { Random } from './random';

describe('Random', () => {
  it('gives the same numbers for the same seed, and others for another', () => {
    const draw = (seed: number): number[] => {
      const random = new Random(seed);
      return Array.from({ length: 8 }, () => random.u32());
    };
    expect(draw(7)).toEqual(draw(7));
    expect(draw(7)).not.toEqual(draw(8));
    expect(draw(7)).not.toEqual(draw(7 + 2 ** 40));
  });

  it('forks generators that later draws of the parent do not change', () => {
    const one = new Random(3);
    const two = new Random(3);
    const [forkOne, forkTwo] = [one.fork(), two.fork()];
    two.u32();
    expect(forkOne.u32()).toBe(forkTwo.u32());
  });

  it('spreads over its range', () => {
    const random = new Random(1);
    const counts = new Array<number>(10).fill(0);
    for (let index = 0; index < 10_000; index++) counts[random.below(10)]!++;
    expect(Math.min(...counts)).toBeGreaterThan(850);
    expect(Math.max(...counts)).toBeLessThan(1150);
  });

  it('keeps all items when it shuffles', () => {
    expect(new Random(5).shuffled([1, 2, 3, 4, 5]).sort()).toEqual([1, 2, 3, 4, 5]);
  });
});

describe('EventQueue', () => {
  it('orders by time, then by insertion', () => {
    const queue = new EventQueue<string>(100 as Millis);
    queue.schedule(5, 'late');
    queue.schedule(1, 'first');
    queue.schedule(1, 'second');
    queue.schedule(0, 'now');
    expect([queue.next(), queue.next(), queue.next(), queue.next(), queue.next()]).toEqual([
      'now',
      'first',
      'second',
      'late',
      undefined,
    ]);
    expect(queue.now).toBe(105);
  });

  it('is a heap', () => {
    const random = new Random(9);
    const queue = new EventQueue<number>(0 as Millis);
    const times = Array.from({ length: 500 }, () => random.below(100));
    for (const time of times) queue.schedule(time, time);
    const out = times.map(() => queue.next());
    expect(out).toEqual([...times].sort((a, b) => a - b));
  });
});

describe('quickHash', () => {
  it('tells short inputs apart, their length too', () => {
    const seen = new Set<string>();
    const inputs: Uint8Array[] = [];
    for (let length = 0; length < 40; length++) inputs.push(new Uint8Array(length));
    for (let bit = 0; bit < 320; bit++) {
      const bytes = new Uint8Array(40);
      bytes[bit >> 3] = 1 << (bit & 7);
      inputs.push(bytes);
    }
    for (const input of inputs) seen.add(quickHash(input).join());
    expect(seen.size).toBe(inputs.length);
  });

  it('depends on the bytes, not on where they stand in a buffer', () => {
    const buffer = new Random(2).bytes(64);
    expect(quickHash(buffer.subarray(3, 40))).toEqual(quickHash(buffer.slice(3, 40)));
  });
});
