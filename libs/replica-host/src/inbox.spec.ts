import { memberIndex } from '@concordat/protocol';
import fc from 'fast-check';
import { FairQueue } from './fair-queue';
import { Fifo } from './fifo';
import { Outbox } from './outbox';

describe('Fifo', () => {
  it('gives back in order what was put in, however they mix', () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(fc.constant('take' as const), fc.nat(2000)), { maxLength: 40 }), (moves) => {
        const fifo = new Fifo<number>();
        const model: number[] = [];
        let next = 0;
        for (const move of moves) {
          if (move === 'take') expect(fifo.shift()).toBe(model.shift());
          else {
            for (let i = 0; i < move; i++, next++) {
              model.push(next);
              fifo.push(next);
            }
          }
          expect([fifo.size, fifo.peek()]).toEqual([model.length, model[0]]);
        }
      }),
    );
  });

  it('keeps nothing alive that was taken', () => {
    const fifo = new Fifo<object>();
    for (let i = 0; i < 5000; i++) {
      fifo.push({});
      fifo.shift();
    }
    const { items } = fifo as unknown as { items: unknown[] };
    expect(items.length).toBeLessThan(3000);
    expect(items.every((item) => item === undefined)).toBe(true);
  });
});

describe('FairQueue', () => {
  const queueOf = (itemsMax: number, bytesMax: number) => new FairQueue<string>(() => ({ itemsMax, bytesMax }));

  it('takes one of each member in turn, and each member’s in order', () => {
    const queue = queueOf(10, 100);
    for (const item of ['a1', 'a2', 'a3']) queue.push(memberIndex(0), item, 1);
    queue.push(memberIndex(1), 'b1', 1);
    queue.push(memberIndex(2), 'c1', 1);
    queue.push(memberIndex(1), 'b2', 1);
    expect(Array.from({ length: 7 }, () => queue.take())).toEqual(['a1', 'b1', 'c1', 'a2', 'b2', 'a3', undefined]);
  });

  it('bounds messages and bytes of each member, but takes a single one of any size', () => {
    const queue = queueOf(2, 10);
    expect([queue.push(memberIndex(0), 'huge', 50), queue.push(memberIndex(0), 'more', 1)]).toEqual([true, false]);
    expect(['x', 'y', 'z'].map((item) => queue.push(memberIndex(1), item, 5))).toEqual([true, true, false]);
    expect(queue.size).toBe(3);
    expect(queue.take()).toBe('huge');
    expect(queue.push(memberIndex(0), 'again', 10)).toBe(true);
  });

  it('never holds more than the bounds, and loses nothing that it took in', () => {
    const move = fc.oneof(
      fc.constant(undefined),
      fc.record({ member: fc.nat(3), bytes: fc.integer({ min: 1, max: 6 }) }),
    );
    fc.assert(
      fc.property(fc.array(move, { maxLength: 100 }), (moves) => {
        const queue = new FairQueue<{ member: number; bytes: number }>(() => ({ itemsMax: 4, bytesMax: 12 }));
        const held = new Map<number, { member: number; bytes: number }[]>([0, 1, 2, 3].map((member) => [member, []]));
        for (const item of moves) {
          if (item === undefined) {
            const taken = queue.take();
            if (taken !== undefined) expect(held.get(taken.member)!.shift()).toBe(taken);
          } else if (queue.push(memberIndex(item.member), item, item.bytes)) held.get(item.member)!.push(item);
          let size = 0;
          for (const line of held.values()) {
            size += line.length;
            expect(line.length).toBeLessThanOrEqual(4);
            expect(line.reduce((sum, { bytes }) => sum + bytes, 0)).toBeLessThanOrEqual(12);
          }
          expect(queue.size).toBe(size);
        }
      }),
    );
  });
});

describe('Outbox', () => {
  it('lets go in order, and stops at the first that still waits', () => {
    const outbox = new Outbox();
    const left: string[] = [];
    for (const [after, name] of [
      [0, 'a'],
      [1, 'b'],
      [1, 'c'],
      [3, 'd'],
    ] as const)
      outbox.push(after, () => left.push(name));
    outbox.release(0);
    expect(left).toEqual(['a']);
    outbox.release(2);
    expect([left, outbox.size]).toEqual([['a', 'b', 'c'], 1]);
  });

  it('lets nothing go that was cleared meanwhile', () => {
    const outbox = new Outbox();
    const left: string[] = [];
    outbox.push(0, () => outbox.clear());
    outbox.push(0, () => left.push('b'));
    outbox.release(0);
    expect(left).toEqual([]);
  });
});
