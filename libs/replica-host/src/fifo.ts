/** A queue with constant time at both ends. It bounds nothing: whoever owns it does. */
export class Fifo<T> {
  private items: (T | undefined)[] = [];
  private head = 0;

  get size(): number {
    return this.items.length - this.head;
  }

  /** The next one; undefined for none. */
  peek(): T | undefined {
    return this.items[this.head];
  }

  push(item: T): void {
    this.items.push(item);
  }

  /** Removes the next one; undefined for none. */
  shift(): T | undefined {
    const item = this.items[this.head];
    if (this.size === 0) return undefined;
    // What was taken must not be kept alive by its place.
    this.items[this.head++] = undefined;
    if (this.head > 1024 && this.head * 2 > this.items.length) {
      this.items = this.items.slice(this.head);
      this.head = 0;
    }
    return item;
  }

  clear(): void {
    this.items = [];
    this.head = 0;
  }
}
