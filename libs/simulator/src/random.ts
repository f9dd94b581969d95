/** One step of splitmix32: spreads a seed over the state of a generator. */
function splitmix32(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x9e3779b9) >>> 0;
    let mixed = state;
    mixed = Math.imul(mixed ^ (mixed >>> 16), 0x21f0aaad);
    mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a2d97);
    return (mixed ^ (mixed >>> 15)) >>> 0;
  };
}

const rotate = (value: number, bits: number): number => ((value << bits) | (value >>> (32 - bits))) >>> 0;

/**
 * Seeded numbers: xoshiro128** (Blackman & Vigna) in 32-bit integer arithmetic, so that a seed gives the same numbers on
 * every platform. Each part of a simulation forks its own generator: one more draw in one part changes nothing in another.
 */
export class Random {
  private a: number;
  private b: number;
  private c: number;
  private d: number;

  /** `seed` is any safe integer; its lower 53 bits count. */
  constructor(seed: number) {
    const low = splitmix32(seed);
    const high = splitmix32(Math.floor(seed / 0x1_0000_0000));
    this.a = (low() ^ high()) >>> 0;
    this.b = (low() ^ high()) >>> 0;
    this.c = (low() ^ high()) >>> 0;
    // An all-zero state would stay zero for ever.
    this.d = (low() ^ high()) >>> 0 || 1;
  }

  /** A generator of its own, which depends on this one's state and on nothing that it draws later. */
  fork(): Random {
    return new Random(this.u32() * 0x20_0000 + (this.u32() >>> 11));
  }

  /** An integer from 0 to 2^32 - 1. */
  u32(): number {
    const result = Math.imul(rotate(Math.imul(this.b, 5), 7), 9) >>> 0;
    const shifted = this.b << 9;
    this.c ^= this.a;
    this.d ^= this.b;
    this.b = (this.b ^ this.c) >>> 0;
    this.a = (this.a ^ this.d) >>> 0;
    this.c = (this.c ^ shifted) >>> 0;
    this.d = rotate(this.d >>> 0, 11);
    return result;
  }

  /** An integer from 0 to `bound` - 1. */
  below(bound: number): number {
    return Math.floor((this.u32() / 0x1_0000_0000) * bound);
  }

  /** An integer from `min` to `max`, both included. */
  between(min: number, max: number): number {
    return min + this.below(max - min + 1);
  }

  /** True with this probability, 0 to 1. Draws nothing for 0, so that a switched-off fault costs no number. */
  chance(probability: number): boolean {
    return probability > 0 && this.u32() < probability * 0x1_0000_0000;
  }

  /** One of the items. Throws a RangeError for none. */
  pick<T>(items: readonly T[]): T {
    const index = this.below(items.length);
    if (index >= items.length) throw new RangeError('nothing to pick from');
    return items[index] as T;
  }

  /** The items in another order. */
  shuffled<T>(items: readonly T[]): T[] {
    const rest = [...items];
    const result: T[] = [];
    while (rest.length > 0) result.push(...rest.splice(this.below(rest.length), 1));
    return result;
  }

  /** `count` bytes. */
  bytes(count: number): Uint8Array {
    return Uint8Array.from({ length: count }, () => this.u32() & 0xff);
  }
}
