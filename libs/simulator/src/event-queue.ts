import type { Millis } from '@concordat/protocol';

interface Entry<E> {
  readonly at: number;
  /** Insertion number: breaks ties, so that equal times keep their order. */
  readonly order: number;
  readonly event: E;
}

/** A virtual clock and what will happen: a binary heap by time, then by insertion. Events are data. */
export class EventQueue<E> {
  private readonly heap: Entry<E>[] = [];
  private inserted = 0;
  private time: number;

  constructor(start: Millis) {
    this.time = start;
  }

  /** Virtual time, in milliseconds; may have a fraction. */
  get now(): number {
    return this.time;
  }

  get size(): number {
    return this.heap.length;
  }

  /** Lets `event` happen `delayMs` from now. */
  schedule(delayMs: number, event: E): void {
    const entry = { at: this.time + Math.max(0, delayMs), order: this.inserted++, event };
    let index = this.heap.length;
    this.heap.push(entry);
    while (index > 0) {
      const parent = (index - 1) >> 1;
      const above = this.heap[parent] as Entry<E>;
      if (!isBefore(entry, above)) break;
      this.heap[index] = above;
      index = parent;
    }
    this.heap[index] = entry;
  }

  /** When the next event happens; undefined when none will. */
  get nextAt(): number | undefined {
    return this.heap[0]?.at;
  }

  /** Takes the next event and moves the clock to it; undefined when none is left. */
  next(): E | undefined {
    const first = this.heap[0];
    const last = this.heap.pop();
    if (first === undefined || last === undefined) return undefined;
    if (this.heap.length > 0) this.sink(last);
    this.time = first.at;
    return first.event;
  }

  /** Moves the clock without an event. The queue must hold none that is due before. */
  advanceTo(time: number): void {
    if (time > this.time) this.time = time;
  }

  private sink(entry: Entry<E>): void {
    const { heap } = this;
    let index = 0;
    for (;;) {
      let child = 2 * index + 1;
      if (child >= heap.length) break;
      const right = heap[child + 1];
      if (right !== undefined && isBefore(right, heap[child] as Entry<E>)) child++;
      const smaller = heap[child] as Entry<E>;
      if (!isBefore(smaller, entry)) break;
      heap[index] = smaller;
      index = child;
    }
    heap[index] = entry;
  }
}

const isBefore = <E>(a: Entry<E>, b: Entry<E>): boolean => a.at < b.at || (a.at === b.at && a.order < b.order);
