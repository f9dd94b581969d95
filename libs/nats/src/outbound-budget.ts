/**
 * Bounds what lies between this process and the broker.
 *
 * The client writes to its socket without looking at backpressure: with a broker that accepts but does not read, the
 * socket's queue would grow until the process dies. So the bytes that the broker has not acknowledged are counted, and a
 * PING/PONG round trip, asked for each eighth of the bound, acknowledges all that was sent before it.
 */
export class OutboundBudget {
  private unacknowledgedBytes = 0;
  private bytesSinceProbe = 0;
  private generation = 0;

  /** `probe` resolves when the broker has taken in all that was sent before the call. */
  constructor(
    private readonly bytesMax: number,
    private readonly probe: () => Promise<void>,
  ) {}

  /** True when `bytes` more fit in the bound. */
  admits(bytes: number): boolean {
    // One message always passes an empty pipe, however small the bound.
    return this.unacknowledgedBytes === 0 || this.unacknowledgedBytes + bytes <= this.bytesMax;
  }

  /** `bytes` were handed to the client. */
  onSent(bytes: number): void {
    this.unacknowledgedBytes += bytes;
    this.bytesSinceProbe += bytes;
    if (this.bytesSinceProbe * 8 < this.bytesMax) return;
    const { bytesSinceProbe: covered, generation } = this;
    this.bytesSinceProbe = 0;
    this.probe().then(
      () => {
        if (generation === this.generation) this.unacknowledgedBytes -= covered;
      },
      // The connection was lost, and reset() forgets what was on it.
      () => undefined,
    );
  }

  /** A new connection: nothing is under way on it. */
  reset(): void {
    this.generation += 1;
    this.unacknowledgedBytes = 0;
    this.bytesSinceProbe = 0;
  }
}
