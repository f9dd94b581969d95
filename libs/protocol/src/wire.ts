import { asciiBytes, asciiText } from './bytes';
import { digestBytes, digestOfBytes } from './hash';
import type { Digest } from './ids';

/** Bytes that do not follow the layout. Decoders catch it at their edge and turn it into a Rejection. */
export class LayoutError extends Error {
  override readonly name = 'LayoutError';
}

/** Appends big-endian fields to one growing buffer. Throws a RangeError for a value that its field cannot hold. */
export class Writer {
  // Without a DataView: a small array lives in the heap only as long as nobody asks for its ArrayBuffer.
  private buffer: Uint8Array;
  private length = 0;

  constructor(sizeHint = 256) {
    this.buffer = new Uint8Array(sizeHint);
  }

  private reserve(extra: number): number {
    const at = this.length;
    const needed = at + extra;
    if (needed > this.buffer.length) {
      const grown = new Uint8Array(Math.max(needed, this.buffer.length * 2));
      grown.set(this.buffer.subarray(0, at));
      this.buffer = grown;
    }
    this.length = needed;
    return at;
  }

  private putU32(at: number, value: number): void {
    this.buffer[at] = value >>> 24;
    this.buffer[at + 1] = value >>> 16;
    this.buffer[at + 2] = value >>> 8;
    this.buffer[at + 3] = value;
  }

  private static bound(value: number, max: number, field: string): void {
    if (!Number.isSafeInteger(value) || value < 0 || value > max)
      throw new RangeError(`${field} cannot hold ${String(value)}`);
  }

  u8(value: number): this {
    Writer.bound(value, 0xff, 'u8');
    const at = this.reserve(1);
    this.buffer[at] = value;
    return this;
  }

  u16(value: number): this {
    Writer.bound(value, 0xffff, 'u16');
    const at = this.reserve(2);
    this.buffer[at] = value >>> 8;
    this.buffer[at + 1] = value;
    return this;
  }

  u32(value: number): this {
    Writer.bound(value, 0xffffffff, 'u32');
    this.putU32(this.reserve(4), value);
    return this;
  }

  /** An unsigned 64-bit field that holds a safe integer. */
  u64(value: number): this {
    Writer.bound(value, Number.MAX_SAFE_INTEGER, 'u64');
    const at = this.reserve(8);
    this.putU32(at, Math.floor(value / 0x1_0000_0000));
    this.putU32(at + 4, value % 0x1_0000_0000);
    return this;
  }

  /** An unsigned 64-bit field over its whole range. */
  bigU64(value: bigint): this {
    if (value < 0n || value > 0xffff_ffff_ffff_ffffn) throw new RangeError(`u64 cannot hold ${value.toString()}`);
    const at = this.reserve(8);
    this.putU32(at, Number(value >> 32n));
    this.putU32(at + 4, Number(value & 0xffff_ffffn));
    return this;
  }

  raw(bytes: Uint8Array): this {
    const at = this.reserve(bytes.length);
    this.buffer.set(bytes, at);
    return this;
  }

  digest(value: Digest): this {
    return this.raw(digestBytes(value));
  }

  /** u16 length, then the bytes. */
  short(bytes: Uint8Array): this {
    return this.u16(bytes.length).raw(bytes);
  }

  /** u32 length, then the bytes. */
  long(bytes: Uint8Array): this {
    return this.u32(bytes.length).raw(bytes);
  }

  /** u8 length, then ASCII text. */
  text(value: string): this {
    const bytes = asciiBytes(value);
    return this.u8(bytes.length).raw(bytes);
  }

  /** What was written so far, in an array that no later write changes. */
  bytes(): Uint8Array {
    // A full buffer is never written again: whatever comes next goes into a larger one.
    return this.length === this.buffer.length ? this.buffer : this.buffer.slice(0, this.length);
  }
}

/** Reads what Writer wrote. Every read checks what is left; a bad read throws a LayoutError. Byte fields are views, not copies. */
export class Reader {
  private readonly buffer: Uint8Array;
  private readonly data: DataView;
  private at = 0;

  constructor(bytes: Uint8Array) {
    // A plain view: a subclass such as Buffer gives `slice` another meaning.
    this.buffer = new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.data = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** Bytes read so far. */
  get offset(): number {
    return this.at;
  }

  /** Bytes not yet read. */
  get left(): number {
    return this.buffer.length - this.at;
  }

  private take(count: number): number {
    if (count > this.left)
      throw new LayoutError(`${String(count)} bytes wanted at offset ${String(this.at)}, ${String(this.left)} left`);
    const at = this.at;
    this.at += count;
    return at;
  }

  u8(): number {
    return this.data.getUint8(this.take(1));
  }

  u16(): number {
    return this.data.getUint16(this.take(2));
  }

  u32(): number {
    return this.data.getUint32(this.take(4));
  }

  u64(): number {
    const at = this.take(8);
    const value = this.data.getUint32(at) * 0x1_0000_0000 + this.data.getUint32(at + 4);
    if (!Number.isSafeInteger(value)) throw new LayoutError(`u64 at offset ${String(at)} is above 2^53-1`);
    return value;
  }

  bigU64(): bigint {
    return this.data.getBigUint64(this.take(8));
  }

  raw(count: number): Uint8Array {
    const at = this.take(count);
    return this.buffer.subarray(at, at + count);
  }

  digest(): Digest {
    return digestOfBytes(this.raw(32));
  }

  short(max = 0xffff): Uint8Array {
    return this.raw(this.bounded(this.u16(), max));
  }

  long(max: number): Uint8Array {
    return this.raw(this.bounded(this.u32(), max));
  }

  text(max = 0xff): string {
    const bytes = this.raw(this.bounded(this.u8(), max));
    try {
      return asciiText(bytes);
    } catch {
      throw new LayoutError(`text at offset ${String(this.at - bytes.length)} is not ASCII`);
    }
  }

  /** A u16 count of items that take at least `itemBytesMin` each, refused before anything is allocated for it. */
  count(max: number, itemBytesMin: number): number {
    const count = this.bounded(this.u16(), max);
    if (count * itemBytesMin > this.left)
      throw new LayoutError(`${String(count)} items announced, ${String(this.left)} bytes left`);
    return count;
  }

  /** Every byte must have been read: trailing bytes would be unsigned freight. */
  end(): void {
    if (this.left !== 0) throw new LayoutError(`${String(this.left)} bytes after the end`);
  }

  private bounded(value: number, max: number): number {
    if (value > max)
      throw new LayoutError(`length ${String(value)} at offset ${String(this.at)} is above ${String(max)}`);
    return value;
  }
}
