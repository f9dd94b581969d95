import { LayoutError, Reader, Writer } from '@concordat/protocol';
import type { LogRecord } from '@concordat/records';

/** Sequences that were decided and are not here: the member took over the state after them. */
export interface Gap {
  readonly from: number;
  readonly through: number;
}

/** What a record of a decisions file is. */
export const BLOCK_KINDS = { block: 1, gap: 2 } as const;

/** A gap as it stands in a file. */
export const encodeGap = ({ from, through }: Gap): LogRecord => ({
  kind: BLOCK_KINDS.gap,
  sequence: through,
  payload: new Writer(8).u64(from).bytes(),
});

/** Reads a gap. Throws a LayoutError. */
export function decodeGap({ sequence, payload }: LogRecord): Gap {
  const reader = new Reader(payload);
  const from = reader.u64();
  reader.end();
  if (from === 0 || from > sequence) throw new LayoutError(`a gap from ${String(from)} through ${String(sequence)}`);
  return { from, through: sequence };
}

/** The gaps of a store, ascending. */
export class Gaps {
  private list: Gap[] = [];

  get all(): readonly Gap[] {
    return this.list;
  }

  /** The last gap, which may still be filled when nothing was decided here after it. */
  get last(): Gap | undefined {
    return this.list.at(-1);
  }

  /** Notes a gap above all others, or a longer one in place of the last. Twice is once. */
  add(gap: Gap): void {
    this.void(gap.from);
    this.list.push(gap);
  }

  /** The sequence from which a gap began was decided here after all, or a longer gap begins there. */
  void(from: number): void {
    this.list = this.list.filter((gap) => gap.from !== from);
  }

  /** The gap that a sequence lies in. */
  at(sequence: number): Gap | undefined {
    return this.list.findLast(({ from, through }) => sequence >= from && sequence <= through);
  }

  /** End of the run of sequences without a gap that begins at `from`, at most `to`. */
  endOfRun(from: number, to: number): number {
    const next = this.list.find((gap) => gap.from > from);
    return next === undefined ? to : Math.min(to, next.from - 1);
  }
}
