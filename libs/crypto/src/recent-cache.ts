/**
 * A bounded map that keeps what was used lately.
 *
 * Two generations: what is set or found lives in the young one; when that is full it becomes the old one and the former
 * old one is dropped. The last `entriesMax / 2` keys used are always there, a hit on a young key costs one look-up, and
 * a flood of keys that are used once cannot push out those in use.
 */
export class RecentCache<V> {
  private readonly generationMax: number;
  private young = new Map<string, V>();
  private old = new Map<string, V>();

  /** `entriesMax` is the greatest number of entries held at any time. Throws a RangeError below 2. */
  constructor(entriesMax: number) {
    if (!Number.isSafeInteger(entriesMax) || entriesMax < 2) {
      throw new RangeError(`a cache holds at least 2 entries, not ${String(entriesMax)}`);
    }
    this.generationMax = Math.floor(entriesMax / 2);
  }

  /** Entries held now; one that was promoted from the old generation counts twice until that is dropped. */
  get size(): number {
    return this.young.size + this.old.size;
  }

  /** The value of `key`, or undefined when it was never set or is forgotten. Counts as a use. */
  get(key: string): V | undefined {
    const value = this.young.get(key);
    if (value !== undefined) return value;
    const older = this.old.get(key);
    if (older !== undefined) this.set(key, older);
    return older;
  }

  /** Remembers `value`. Counts as a use. */
  set(key: string, value: V): void {
    if (this.young.size >= this.generationMax && !this.young.has(key)) {
      this.old = this.young;
      this.young = new Map();
    }
    this.young.set(key, value);
  }
}
