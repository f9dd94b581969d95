import type { Epoch, PrePrepare, Signed, Verified } from '@concordat/protocol';
import type { Recovered } from '../replica';
import type { Agreement } from './agreement';
import type { Checkpoints } from './checkpoints';
import type { Context } from './context';
import type { Executor } from './executor';
import type { Snapshots } from './snapshots';
import type { ViewChanges } from './view-changes';

/** The parts of a replica that a restart fills. */
export interface RestoredParts {
  readonly context: Context;
  readonly agreement: Agreement;
  readonly checkpoints: Checkpoints;
  readonly viewChanges: ViewChanges;
  readonly executor: Executor;
  readonly snapshots: Snapshots;
}

/** Start-up replay. Its blocks were committed before the restart, so their effects are not repeated (Spec §6). */
export function restore(parts: RestoredParts, recovered: Recovered): void {
  const { context, agreement, checkpoints, viewChanges, executor } = parts;
  if (recovered.state !== undefined) context.ledger.restore(recovered.state.bytes);
  for (const evidence of recovered.evidence) context.record(evidence);
  checkpoints.restore(recovered.stable);
  for (const message of recovered.votes) context.ownVotes.keep(message);
  checkpoints.resume();
  restoreSnapshot(parts, recovered);
  for (const { sequence, batch } of recovered.batches) {
    if (sequence <= context.stable) continue;
    const slot = agreement.slotAt(sequence);
    slot.hold(batch);
    slot.needsDurableBatch(batch.digest);
  }
  const open = recovered.prepared.filter((certificate) => certificate.sequence > context.stable);
  agreement.restore(open, []);
  const entered = [
    ...recovered.newViews,
    ...(context.ownVotes.newView === undefined ? [] : [context.ownVotes.newView]),
  ];
  const newest = entered.reduce<(typeof entered)[number] | undefined>(
    (best, next) => (best === undefined || next.view >= best.view ? next : best),
    undefined,
  );
  viewChanges.restore(newest, recovered.tornTail);
  const proposals = recovered.votes.filter((message): message is Signed<PrePrepare> => message.kind === 'prePrepare');
  agreement.restore(
    open,
    proposals.filter((proposal) => proposal.sequence > context.stable),
  );
  for (const { batch, certificate } of recovered.decided) {
    const slot = agreement.slotAt(certificate.sequence);
    slot.decision = certificate;
    if (batch !== undefined) slot.hold(batch);
  }
  for (const message of recovered.votes) countOwnVote(parts, message);
  executor.run();
  agreement.resume();
  const owed = context.drain().filter((effect) => effect.kind !== 'commit');
  for (const effect of owed) context.emit(effect);
}

/** The state that the member starts from is one that it can serve, when a certificate is about exactly that. */
function restoreSnapshot({ context, checkpoints, snapshots }: RestoredParts, { state }: Recovered): void {
  const { committee, epochs } = context;
  const { epoch, baseSequence } = committee.table;
  if (state === undefined) return;
  const [beginning] = epochs.changesAfter((epoch - 1) as Epoch, 1);
  const certificate = state.sequence === baseSequence ? beginning?.certificate : checkpoints.certificate;
  if (certificate?.sequence === state.sequence) snapshots.restore(state.bytes, certificate);
}

/** A member's own vote counts for it after a restart too. */
function countOwnVote({ context, agreement, checkpoints }: RestoredParts, message: Signed): void {
  const own = message as Verified;
  if (own.kind === 'prepare' && own.sequence > context.stable) agreement.slotAt(own.sequence).recordPrepare(own);
  if (own.kind === 'commit' && own.sequence > context.stable) agreement.slotAt(own.sequence).recordCommit(own);
  if (own.kind === 'checkpoint') checkpoints.onCheckpoint(own);
}
