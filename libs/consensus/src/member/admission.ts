import {
  BATCH_OVERHEAD_BYTES,
  OBSERVER,
  reject,
  type Authentic,
  type Digest,
  type Envelope,
  type MemberIndex,
  type Rejection,
  type Sequence,
  type View,
} from '@concordat/protocol';
import { isExecuted } from '../ledger';
import type { CatchUp } from './catch-up';
import type { Context } from './context';
import type { Executor } from './executor';

/** Envelopes that come within so many milliseconds of a relay go together in the next one. */
const RELAY_INTERVAL_MS = 5;

/** How envelopes come into the pool: handed in by a client here, or brought by another member; and how others get them. */
export class Admission {
  /** Admitted here and not yet relayed. */
  private readonly unrelayed = new Map<Digest, Envelope>();
  /** The relay timer runs: what comes now waits for it. */
  private paced = false;

  constructor(
    private readonly context: Context,
    private readonly executor: Executor,
    private readonly catchUp: CatchUp,
  ) {}

  /** A client's envelope: checked strictly here, where somebody can still be told why it is refused. */
  onSubmit(envelope: Authentic): void {
    const { context } = this;
    const rejection = this.refuseSubmission(envelope) ?? this.admit(envelope, context.self);
    if (rejection !== undefined) {
      context.emit({ kind: 'refused', id: envelope.id, rejection });
      return;
    }
    this.unrelayed.set(envelope.id, envelope);
    context.emit({ kind: 'admitted', envelope });
  }

  /** An envelope that another member brought. Expired ones are ordered, once, so that everybody hears of it. */
  onRelayed(envelope: Authentic, origin: MemberIndex): void {
    if (this.isForgotten(envelope)) return;
    this.admit(envelope, origin);
    if (this.catchUp.wasAskedFor(envelope.id)) this.context.pool.expedite(envelope.id);
  }

  /** An envelope that waited when the epoch before ended: unless it was ordered by then, it waits on, whatever the bounds say. */
  takeOver(envelope: Authentic, origin: MemberIndex): void {
    const { ledger, pool } = this.context;
    if (!this.isForgotten(envelope) && !isExecuted(ledger, envelope)) pool.takeOver(envelope, origin);
  }

  /** Drops what expired so long ago that nobody orders it any more. */
  dropForgotten(): void {
    this.context.pool.removeWhere((envelope) => this.isForgotten(envelope));
  }

  /**
   * At the end of a turn. Every member must know every admitted request: the first of a burst goes out at once, the rest
   * together a little later. A leader waits first: most of it travels in its next PRE-PREPARE.
   */
  onDrained(): void {
    if (this.unrelayed.size === 0 || this.paced) return;
    if (!this.context.leads) this.relay();
    this.pace();
  }

  /** The relay timer ran out. */
  onRelayTimer(): void {
    this.paced = false;
    if (this.unrelayed.size === 0) return;
    this.relay();
    this.pace();
  }

  private pace(): void {
    this.paced = true;
    this.context.emit({ kind: 'startTimer', timer: 'relay', delayMs: RELAY_INTERVAL_MS });
  }

  private relay(): void {
    const { context } = this;
    const { batchBytesMax, batchRequestsMax } = context.committee.table;
    let envelopes: Envelope[] = [];
    let bytes: number = BATCH_OVERHEAD_BYTES.batch;
    const send = (): void => {
      if (envelopes.length === 0) return;
      const draft = { kind: 'requests', view: 0 as View, sequence: 0 as Sequence, envelopes } as const;
      context.emit({ kind: 'broadcast', draft });
      envelopes = [];
      bytes = BATCH_OVERHEAD_BYTES.batch;
    };
    for (const envelope of this.unrelayed.values()) {
      if (context.leads && context.pool.proposedAt(envelope.id) !== undefined) continue;
      const size = envelope.bytes.length + BATCH_OVERHEAD_BYTES.envelope;
      if (bytes + size > batchBytesMax || envelopes.length >= batchRequestsMax) send();
      envelopes.push(envelope);
      bytes += size;
    }
    send();
    this.unrelayed.clear();
  }

  private refuseSubmission(envelope: Authentic): Rejection | undefined {
    const { at, committee, self } = this.context;
    if (self === OBSERVER) return reject('not_a_member', 'this node is no member of the swarm now: ask another');
    const { requestLifetimeMaxMs, logTimeBoundMs, batchRequestsMax, batchBytesMax } = committee.table;
    const size = envelope.bytes.length + BATCH_OVERHEAD_BYTES.batch + BATCH_OVERHEAD_BYTES.envelope;
    if (envelope.requests.length > batchRequestsMax || size > batchBytesMax) {
      const what = `${String(envelope.requests.length)} requests, ${String(size)} bytes`;
      return reject('batch_too_large', `the envelope does not fit a batch: ${what}`);
    }
    // Log time may lag behind this clock by the bound: a deadline that is legal here must be legal there.
    const latest = at + Math.max(1, requestLifetimeMaxMs - logTimeBoundMs);
    for (const { expiresAt } of envelope.requests) {
      if (expiresAt <= at || expiresAt > latest) {
        return reject(
          'deadline_out_of_bounds',
          `deadline ${String(expiresAt)} must be in (${String(at)}, ${String(latest)}]`,
        );
      }
    }
    return undefined;
  }

  private admit(envelope: Authentic, origin: MemberIndex): Rejection | undefined {
    const { ledger, pool } = this.context;
    if (this.executor.wasSpent(envelope.id))
      return reject('redundant', 'it was ordered, and came out as expired or refused');
    if (isExecuted(ledger, envelope)) return reject('nonce_used', 'its nonces are used, or below the window');
    if (!ledger.hasRoomFor(envelope.signerKey))
      return reject('pool_full', 'as many clients as the swarm keeps are active now');
    return pool.admit(envelope, origin);
  }

  /** True when log time passed all its deadlines a whole lifetime ago: nobody waits any more to hear that it expired. */
  private isForgotten(envelope: Envelope): boolean {
    const { ledger, committee } = this.context;
    const before = ledger.logTime - committee.table.requestLifetimeMaxMs;
    return envelope.requests.every(({ expiresAt }) => expiresAt < before);
  }
}
