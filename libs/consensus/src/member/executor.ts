import { OUTCOMES } from '@concordat/protocol';
import type { Digest, Sequence } from '@concordat/protocol';
import type { Checkpoints } from './checkpoints';
import type { Context } from './context';
import type { Decisions } from './engine';

/** Envelopes that are remembered as spent. */
const SPENT_MAX = 16_384;

/** Executes what is decided in sequence order, each exactly once (Spec §3). */
export class Executor {
  /**
   * Envelopes of which something came out as expired or refused, the newest last. Their nonces are not used, so only this
   * keeps them from being ordered again for whoever repeats them. Local: it decides what this member proposes, no outcome.
   */
  private readonly spent = new Set<Digest>();

  constructor(
    private readonly context: Context,
    private readonly decisions: Decisions,
    private readonly checkpoints: Checkpoints,
  ) {}

  /** Executes whatever is next and complete. True when something was. */
  run(): boolean {
    const { ledger } = this.context;
    const before = ledger.executed;
    while (this.executeNext((ledger.executed + 1) as Sequence));
    return ledger.executed > before;
  }

  /** True for an envelope that was ordered lately and came out as expired or refused, wholly or in part. */
  wasSpent(id: Digest): boolean {
    return this.spent.has(id);
  }

  private remember(id: Digest): void {
    this.spent.add(id);
    if (this.spent.size <= SPENT_MAX) return;
    for (const oldest of this.spent) {
      this.spent.delete(oldest);
      return;
    }
  }

  private executeNext(sequence: Sequence): boolean {
    const { context } = this;
    const decided = this.decisions.decided(sequence);
    if (decided?.batch === undefined) return false;
    const { certificate } = decided;
    const batch = decided.batch === 'null' ? undefined : decided.batch;
    const execution = context.ledger.execute(sequence, batch);
    const { outcomes } = execution;
    context.emit({ kind: 'commit', block: { sequence, batch, certificate, ...execution } });
    let at = 0;
    for (const envelope of batch?.envelopes ?? []) {
      context.pool.remove(envelope.id);
      this.decisions.onExecuted(envelope.id);
      const own = outcomes.subarray(at, (at += envelope.requests.length));
      if (own.some((outcome) => outcome === OUTCOMES.expired || outcome === OUTCOMES.refused))
        this.remember(envelope.id);
    }
    this.checkpoints.onExecuted(sequence);
    return true;
  }
}
