import {
  LayoutError,
  StateTree,
  ZERO_DIGEST,
  epochTableHash,
  type CheckpointCertificate,
  type Committee,
  type Envelope,
  type Sequence,
} from '@concordat/protocol';
import { epochToResume, isExecuted, type Ledger } from '../ledger';
import type { Checkpoints } from './checkpoints';
import type { Context } from './context';
import type { Decisions } from './engine';
import type { Succession } from './succession';

/**
 * Puts a certified state in place of a member's own (Spec §10): it is as if everything up to there had been executed.
 *
 * Views and votes are not touched: what the member has promised holds, and its votes above the state count on.
 */
export class Installer {
  constructor(
    private readonly context: Context,
    private readonly decisions: Decisions,
    private readonly checkpoints: Checkpoints,
    private readonly succession: Succession,
  ) {}

  /** True when this replica goes on above the state; false when it has ended, or must not go on. */
  install(certificate: CheckpointCertificate, state: Uint8Array): boolean {
    const { context } = this;
    const { sequence } = certificate;
    const owner = context.epochs.at(sequence);
    const inThisEpoch = owner.epoch === context.committee.epoch;
    const ledger = this.read(certificate, state, inThisEpoch);
    if (ledger === undefined) return false;
    const done = context.pool.all().filter(({ envelope }) => isExecuted(ledger, envelope));
    this.announce(
      ledger,
      done.map(({ envelope }) => envelope),
    );
    if (!inThisEpoch) {
      this.succession.skipTo(ledger.committee, { sequence, bytes: state }, certificate);
      return false;
    }
    context.emit({ kind: 'persist', record: { kind: 'state', sequence, state } });
    context.ledger = ledger;
    this.checkpoints.install(certificate, new StateTree(context.hash, state));
    for (const { envelope } of done) {
      context.pool.remove(envelope.id);
      this.decisions.onExecuted(envelope.id);
    }
    // What was proposed in the gap and not executed there waits for another proposal.
    context.pool.unproposeThrough(sequence);
    this.decisions.dropNeedless();
    return true;
  }

  /** What happened in between is known here only by what it led to. */
  private announce({ executed: sequence, totalDecided }: Ledger, envelopes: readonly Envelope[]): void {
    const { context } = this;
    const from = (context.ledger.executed + 1) as Sequence;
    context.oldest = (sequence + 1) as Sequence;
    context.emit({ kind: 'installed', from, sequence, totalDecided, envelopes });
  }

  /** The state, read and compared with its certificate; undefined when a quorum certified what cannot be. */
  private read(certificate: CheckpointCertificate, state: Uint8Array, inThisEpoch: boolean): Ledger | undefined {
    const { context } = this;
    try {
      const committee = inThisEpoch ? context.committee : epochToResume(context.epochs, state);
      const ledger = context.ledger.blank(committee);
      ledger.restore(state);
      if (this.matches(ledger, certificate, committee)) return ledger;
    } catch (error) {
      if (!(error instanceof LayoutError)) throw error;
    }
    const reason = `the state after sequence ${String(certificate.sequence)} that a quorum certified cannot be read here`;
    context.emit({ kind: 'halt', reason });
    return undefined;
  }

  private matches(ledger: Ledger, { sequence, content }: CheckpointCertificate, { table }: Committee): boolean {
    if (ledger.executed !== sequence) return false;
    // The state at an epoch's end has become the one that the next begins with: restoring it compared the tables.
    if (sequence === table.baseSequence) return true;
    const { boundary, nextTable } = ledger;
    const nextTableHash = nextTable === undefined ? ZERO_DIGEST : epochTableHash(this.context.hash, nextTable);
    return boundary === content.boundary && nextTableHash === content.nextTableHash;
  }
}
