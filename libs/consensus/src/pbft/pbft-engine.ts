import type {
  Batch,
  DecidedSupply,
  Digest,
  PrePrepare,
  Rejection,
  Sequence,
  Signed,
  Statement,
  Verified,
  View,
} from '@concordat/protocol';
import type { Checkpoints } from '../member/checkpoints';
import type { Context } from '../member/context';
import type { Decided, Engine, Report, Touch } from '../member/engine';
import type { DurableRecord, EnvelopeProgress, Recovered, TimerId } from '../replica';
import { Agreement } from './agreement';
import { PbftHelp } from './help';
import { OwnVotes } from './own-votes';
import { Progress } from './progress';
import { phaseOf, progressOf } from './reports';
import { ViewChanges } from './view-changes';

/** PBFT (Spec §3): hands what comes to the part that it concerns. */
export class PbftEngine implements Engine {
  private readonly ownVotes: OwnVotes;
  private readonly agreement: Agreement;
  private readonly progress: Progress;
  private readonly viewChanges: ViewChanges;
  readonly help: PbftHelp;

  constructor(
    private readonly context: Context,
    checkpoints: Checkpoints,
  ) {
    this.ownVotes = new OwnVotes(context);
    this.agreement = new Agreement(context, this.ownVotes);
    this.progress = new Progress(context);
    this.viewChanges = new ViewChanges(context, this.agreement, checkpoints, this.progress, this.ownVotes);
    this.help = new PbftHelp(context, this.agreement, this.viewChanges, this.ownVotes);
  }

  admit(statement: Statement): Rejection | undefined {
    return statement.kind === 'viewChange' || statement.kind === 'newView'
      ? this.viewChanges.admit(statement)
      : this.agreement.admit(statement);
  }

  onMessage(message: Verified): boolean {
    switch (message.kind) {
      case 'prePrepare':
        this.agreement.onPrePrepare(message);
        return false;
      case 'prepare':
        this.agreement.onPrepare(message);
        return false;
      case 'commit':
        this.agreement.onCommit(message);
        return false;
      case 'viewChange':
        this.viewChanges.onViewChange(message);
        return true;
      case 'newView':
        this.viewChanges.onNewView(message);
        return true;
      default:
        return false;
    }
  }

  onBatch(batch: Batch): boolean {
    const named = this.viewChanges.onBatch(batch);
    return this.agreement.onBatch(batch) || named;
  }

  onDecided(message: Verified<DecidedSupply>): void {
    this.agreement.onDecided(message);
  }

  onTimer(timer: TimerId, touch: Touch): void {
    const { context } = this;
    if (timer === 'new-view') this.viewChanges.onNewViewTimeout();
    if (timer !== 'progress' || !context.active || !this.progress.awaits) return;
    if (this.progress.isLeadersFault(touch.isOutOfTouch)) this.viewChanges.ask((context.view + 1) as View, 'timeout');
  }

  propose(): void {
    this.agreement.propose();
  }

  advance(): void {
    this.viewChanges.build();
  }

  updateTimer(): void {
    this.progress.update();
  }

  decided(sequence: Sequence): Decided | undefined {
    const slot = this.agreement.slot(sequence);
    const certificate = slot?.decision;
    return certificate === undefined ? undefined : { certificate, batch: slot?.batchOf(certificate.digest) };
  }

  onExecuted(id: Digest): void {
    this.progress.onExecuted(id);
  }

  dropNeedless(): void {
    this.ownVotes.dropThrough(this.context.stable);
    this.agreement.dropNeedless();
  }

  keepOwn(message: Signed): void {
    this.ownVotes.keep(message);
  }

  report(): Report {
    return {
      phase: phaseOf(this.context, this.agreement),
      size: this.agreement.size,
      timer: this.progress.clock,
      asking: this.help.viewChangesHeld().map(({ sender }) => sender),
    };
  }

  progressOf(id: Digest): EnvelopeProgress | undefined {
    return progressOf(this.context, this.agreement, id);
  }

  base(): { readonly records: readonly DurableRecord[]; readonly votes: readonly Signed[] } {
    const { viewChange, newView } = this.ownVotes;
    const { current } = this.viewChanges;
    return {
      records: current === undefined ? [] : [{ kind: 'newView', message: current }],
      votes: [viewChange, newView].filter((message) => message !== undefined),
    };
  }

  restore(recovered: Recovered): void {
    const { context, agreement, viewChanges, ownVotes } = this;
    for (const message of recovered.votes) ownVotes.keep(message);
    for (const { sequence, batch } of recovered.batches) {
      if (sequence <= context.stable) continue;
      const slot = agreement.slotAt(sequence);
      slot.hold(batch);
      slot.needsDurableBatch(batch.digest);
    }
    const open = recovered.prepared.filter((certificate) => certificate.sequence > context.stable);
    agreement.restore(open, []);
    const entered = [...recovered.newViews, ...(ownVotes.newView === undefined ? [] : [ownVotes.newView])];
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
    for (const message of recovered.votes) this.countOwn(message as Verified);
  }

  /** A member's own vote counts for it after a restart too. */
  private countOwn(own: Verified): void {
    if (own.sequence <= this.context.stable) return;
    if (own.kind === 'prepare') this.agreement.slotAt(own.sequence).recordPrepare(own);
    if (own.kind === 'commit') this.agreement.slotAt(own.sequence).recordCommit(own);
  }

  resume(): void {
    this.agreement.resume();
  }

  start(): void {
    const { context } = this;
    const asked = this.ownVotes.viewChange;
    if (context.active || asked === undefined) return;
    for (const member of context.committee.indexesInOrder) {
      if (member !== context.self) context.emit({ kind: 'forward', to: member, message: asked });
    }
  }
}
