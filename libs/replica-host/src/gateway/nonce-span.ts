import type { Digest, Envelope, Millis } from '@concordat/protocol';

interface Outstanding {
  readonly firstNonce: bigint;
  /** The latest deadline of its requests. */
  readonly expiresAt: Millis;
}

/** When the last of an envelope's requests expires. */
export const lastDeadline = ({ requests }: Envelope): Millis =>
  requests.reduce((last, { expiresAt }) => Math.max(last, expiresAt), 0) as Millis;

/**
 * The nonces that this gateway signed and that were not executed yet. Their span stays below the table's window: beyond
 * it the oldest could be refused because later ones were executed before (Spec §9). What has expired needs no such care, and
 * may never be executed: it must not hold back the others for ever.
 */
export class NonceSpan {
  /** In ascending order of their nonces. */
  private outstanding = new Map<Digest, Outstanding>();
  private last = 0n;

  constructor(private readonly window: number) {}

  /** Envelopes that are not executed yet; some of them may have expired. */
  get size(): number {
    return this.outstanding.size;
  }

  /** True when `count` more nonces, drawn in a row after the last ones, stay within the window. */
  hasRoomFor(count: number, now: Millis): boolean {
    return this.reaches(this.last + BigInt(count), now);
  }

  /** As hasRoomFor, for nonces that were drawn: a counter skips some after a crash. */
  admits(firstNonce: bigint, count: number, now: Millis): boolean {
    return this.reaches(firstNonce + BigInt(count - 1), now);
  }

  /** An envelope is on its way. */
  open(envelope: Envelope): void {
    const { id, firstNonce, requests } = envelope;
    this.outstanding.set(id, { firstNonce, expiresAt: lastDeadline(envelope) });
    const last = firstNonce + BigInt(requests.length - 1);
    // Nonces are drawn ascending; only what is signed anew comes out of turn.
    if (last < this.last) this.outstanding = new Map([...this.outstanding].sort(([, a], [, b]) => compare(a, b)));
    else this.last = last;
  }

  /** An envelope was executed or refused. */
  close(id: Digest): void {
    this.outstanding.delete(id);
  }

  private reaches(highest: bigint, now: Millis): boolean {
    for (const [id, { firstNonce, expiresAt }] of this.outstanding) {
      if (expiresAt >= now) return highest - firstNonce < BigInt(this.window);
      this.outstanding.delete(id);
    }
    return true;
  }
}

const compare = (a: Outstanding, b: Outstanding): number => (a.firstNonce < b.firstNonce ? -1 : 1);
