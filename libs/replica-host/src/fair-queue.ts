import type { MemberIndex } from '@concordat/protocol';
import { Fifo } from './fifo';

/** What one member may have waiting in a queue. */
export interface Share {
  readonly itemsMax: number;
  /** A single item always fits into an empty share. */
  readonly bytesMax: number;
}

interface Sized<T> {
  readonly item: T;
  readonly bytes: number;
}

interface Line<T> {
  readonly items: Fifo<Sized<T>>;
  bytes: number;
}

/**
 * Waiting things of several members, each in a line of its own, and one of each in turn: a flood of one member delays
 * another's by one item, and fills nothing but its own share (Spec §11).
 */
export class FairQueue<T> {
  private readonly lines = new Map<MemberIndex, Line<T>>();
  /** Members with something in their line, the next one first. */
  private readonly turns = new Fifo<MemberIndex>();
  private count = 0;

  constructor(private readonly shareOf: (member: MemberIndex) => Share) {}

  get size(): number {
    return this.count;
  }

  /** False when the member's share is full: the item is not taken. */
  push(member: MemberIndex, item: T, bytes: number): boolean {
    let line = this.lines.get(member);
    if (line === undefined) {
      line = { items: new Fifo(), bytes: 0 };
      this.lines.set(member, line);
    }
    const { size } = line.items;
    const share = this.shareOf(member);
    if (size >= share.itemsMax || (size > 0 && line.bytes + bytes > share.bytesMax)) return false;
    if (size === 0) this.turns.push(member);
    line.items.push({ item, bytes });
    line.bytes += bytes;
    this.count++;
    return true;
  }

  /** The next one; undefined when nothing waits. */
  take(): T | undefined {
    const member = this.turns.shift();
    const line = member === undefined ? undefined : this.lines.get(member);
    const next = line?.items.shift();
    if (member === undefined || line === undefined || next === undefined) return undefined;
    line.bytes -= next.bytes;
    this.count--;
    if (line.items.size > 0) this.turns.push(member);
    return next.item;
  }

  clear(): void {
    this.lines.clear();
    this.turns.clear();
    this.count = 0;
  }
}
