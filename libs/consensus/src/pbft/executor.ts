import type { Sequence } from '@concordat/protocol';
import type { Agreement } from './agreement';
import type { Checkpoints } from './checkpoints';
import type { Context } from './context';
import type { Progress } from './progress';

/** Executes decided slots in sequence order, each exactly once (Spec §3). */
export class Executor {
  constructor(
    private readonly context: Context,
    private readonly agreement: Agreement,
    private readonly checkpoints: Checkpoints,
    private readonly progress: Progress,
  ) {}

  /** Executes whatever is next and complete. True when something was. */
  run(): boolean {
    const { ledger } = this.context;
    const before = ledger.executed;
    while (this.executeNext((ledger.executed + 1) as Sequence));
    return ledger.executed > before;
  }

  private executeNext(sequence: Sequence): boolean {
    const { context } = this;
    const slot = this.agreement.slot(sequence);
    const certificate = slot?.decision;
    if (slot === undefined || certificate === undefined) return false;
    const held = slot.batchOf(certificate.digest);
    if (held === undefined) return false;
    const batch = held === 'null' ? undefined : held;
    const { outcomes, logTime, headDigest } = context.ledger.execute(sequence, batch);
    context.emit({ kind: 'commit', block: { sequence, batch, certificate, logTime, outcomes, headDigest } });
    for (const envelope of batch?.envelopes ?? []) {
      context.pool.remove(envelope.id);
      this.progress.onExecuted(envelope.id);
    }
    this.checkpoints.onExecuted(sequence);
    return true;
  }
}
