import type { Batch, Digest, Millis, Verified } from '@concordat/protocol';
import { DURATION_UNKNOWN } from '@concordat/records';

/** When envelopes came here first, until they are decided. Bounded: the oldest go first. For measuring only. */
export class Arrivals {
  private readonly times = new Map<Digest, Millis>();

  constructor(private readonly max: number) {}

  note(id: Digest, at: Millis): void {
    if (this.times.has(id)) return;
    this.times.set(id, at);
    if (this.times.size <= this.max) return;
    const [oldest] = this.times.keys();
    if (oldest !== undefined) this.times.delete(oldest);
  }

  /** Notes whatever envelopes a message brings. */
  noteMessage(message: Verified, at: Millis): void {
    if (message.kind === 'requests') for (const { id } of message.envelopes) this.note(id, at);
    if (message.kind === 'prePrepare' || message.kind === 'proposal')
      for (const { id } of message.batch?.envelopes ?? []) this.note(id, at);
  }

  /** For each envelope of a decided batch the milliseconds since its arrival; forgets them. */
  takeDurations(batch: Batch | undefined, now: Millis): number[] {
    return (batch?.envelopes ?? []).map(({ id }) => {
      const at = this.times.get(id);
      if (at === undefined) return DURATION_UNKNOWN;
      this.times.delete(id);
      // A wall clock may be set back.
      return Math.min(Math.max(0, now - at), DURATION_UNKNOWN - 1);
    });
  }
}
