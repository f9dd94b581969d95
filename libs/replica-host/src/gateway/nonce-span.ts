import type { Digest, Envelope } from '@concordat/protocol';

/**
 * The nonces that this gateway signed and that were not executed yet. Their span stays below the table's window: beyond
 * it the oldest could be refused because later ones were executed before (Spec §9).
 */
export class NonceSpan {
  /** First nonces in ascending order: nonces are drawn ascending. */
  private readonly outstanding = new Map<Digest, bigint>();
  private last = 0n;

  constructor(private readonly window: number) {}

  /** Envelopes that are not executed yet. */
  get size(): number {
    return this.outstanding.size;
  }

  /** True when `count` more nonces, drawn in a row after the last ones, stay within the window. */
  hasRoomFor(count: number): boolean {
    const [lowest] = this.outstanding.values();
    return lowest === undefined || this.last + BigInt(count) - lowest < BigInt(this.window);
  }

  /** As hasRoomFor, for nonces that were drawn: a counter skips some after a crash. */
  admits(firstNonce: bigint, count: number): boolean {
    const [lowest] = this.outstanding.values();
    return lowest === undefined || firstNonce + BigInt(count - 1) - lowest < BigInt(this.window);
  }

  /** An envelope is on its way. */
  open({ id, firstNonce, requests }: Envelope): void {
    this.outstanding.set(id, firstNonce);
    this.last = firstNonce + BigInt(requests.length - 1);
  }

  /** An envelope was executed or refused. */
  close(id: Digest): void {
    this.outstanding.delete(id);
  }
}
