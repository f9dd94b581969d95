import {
  OBSERVER,
  reject,
  ROOT_VIEW,
  rootOf,
  type Batch,
  type BlockReference,
  type DecidedSupply,
  type Digest,
  type Proposal,
  type Rejection,
  type Sequence,
  type Signed,
  type Statement,
  type Timeout,
  type Verified,
  type View,
  type Vote,
} from '@concordat/protocol';
import { signedStatement, type Context } from '../member/context';
import type { Decided, Engine, Report, Touch } from '../member/engine';
import type { DurableRecord, EnvelopeProgress, Recovered, SignedStatement, TimerId } from '../replica';
import { Ballots } from './ballots';
import { Chain } from './chain';
import { HotstuffHelp } from './help';
import { OwnMessages } from './own-messages';
import { Proposer } from './proposer';
import { Reports } from './reports';
import { Safety } from './safety';
import { Views } from './views';
import { Voter } from './voter';

/** Views whose first proposal is remembered, to recognise a second one. */
const SEEN_MAX = 64;

/** Chained HotStuff (Spec §4): hands what comes to the part that it concerns. */
export class HotstuffEngine implements Engine {
  private readonly own = new OwnMessages();
  private readonly root: BlockReference;
  private readonly chain: Chain;
  private readonly safety: Safety;
  private readonly views: Views;
  private readonly voter: Voter;
  private readonly ballots: Ballots;
  private readonly proposer: Proposer;
  readonly help: HotstuffHelp;
  private readonly reports: Reports;
  /** The first proposal of each view, in the order of arrival. */
  private readonly seen = new Map<View, SignedStatement>();
  /** After a torn log: it makes neither vote nor proposal in views up to this one. */
  private abstained: View = ROOT_VIEW;

  constructor(private readonly context: Context) {
    const root = rootOf(context.hash, context.committee);
    this.root = { view: root.view, digest: root.digest };
    this.chain = new Chain(context, root);
    this.safety = new Safety(this.chain.tree, this.root);
    this.views = new Views(context, this.chain, this.safety, this.root);
    this.voter = new Voter(context, this.safety);
    this.ballots = new Ballots(context);
    this.proposer = new Proposer(context, this.chain, this.views);
    this.help = new HotstuffHelp(context, this.chain, this.views, this.own);
    this.reports = new Reports(context, this.chain, this.views, this.ballots);
  }

  admit({ kind, view, sequence, sender, digest }: Statement): Rejection | undefined {
    const { context } = this;
    switch (kind) {
      case 'proposal': {
        if (this.chain.holds(digest)) return reject('redundant', 'the block is here');
        const first = this.seen.get(view);
        const isRival = first !== undefined && first.statement.digest !== digest;
        const isProven = context.isProven(sender, kind);
        // A second block of one view is proof, whatever was decided since.
        if (isRival && !isProven) return undefined;
        if (sequence <= this.chain.tree.committed.sequence) return reject('redundant', 'decided already');
        if (this.help.isWanted(digest)) return undefined;
        if (isRival) return reject('redundant', 'that member is proven to lie');
        return view >= context.view ? undefined : reject('stale_view', `view ${String(view)} is over`);
      }
      case 'vote': {
        if (context.committee.leaderOf((view + 1) as View) !== context.self)
          return reject('not_the_leader', `this member does not lead view ${String(view + 1)}`);
        if (view + 1 < context.view) return reject('stale_view', `view ${String(view + 1)} is over`);
        const known = this.ballots.newestOf(sender);
        return this.addsTo(known, { kind, view, sender, digest })
          ? undefined
          : reject('redundant', 'a vote of that member is held');
      }
      case 'timeout': {
        if (view < context.view) return reject('stale_view', `view ${String(view)} is over`);
        const known = this.views.timeoutOf(sender);
        return this.addsTo(known, { kind, view, sender, digest })
          ? undefined
          : reject('redundant', 'a TIMEOUT of that member is held');
      }
      case 'syncInfo':
        return view <= context.view ? reject('stale_view', `view ${String(view)} has begun or is over`) : undefined;
      default:
        return undefined;
    }
  }

  /** Whether a statement is newer than what is held of its sender, or the first proof against it. */
  private addsTo(
    known: Signed | undefined,
    { kind, view, sender, digest }: Pick<Statement, 'kind' | 'view' | 'sender' | 'digest'>,
  ): boolean {
    if (known === undefined || known.view < view) return true;
    return known.view === view && known.digest !== digest && !this.context.isProven(sender, kind);
  }

  onMessage(message: Verified): boolean {
    switch (message.kind) {
      case 'proposal':
        this.onProposal(message);
        return true;
      case 'vote':
        this.onVote(message);
        return true;
      case 'timeout':
        this.views.onTimeout(message);
        return true;
      case 'syncInfo':
        this.views.learn(message);
        return true;
      default:
        return false;
    }
  }

  private onProposal(message: Verified<Proposal>): void {
    this.noteFirst(message);
    this.views.learn(message);
    const refused = this.place(message) ?? this.vote(message);
    if (refused !== undefined) this.context.reject(message.sender, refused);
    this.placeOrphans();
  }

  /** Two proposals of one view are proof against its leader. */
  private noteFirst(message: Signed<Proposal>): void {
    const first = this.seen.get(message.view);
    if (first !== undefined) {
      if (first.statement.digest !== message.digest) this.context.accuseOfEquivocation(first, signedStatement(message));
      return;
    }
    this.seen.set(message.view, signedStatement(message));
    const [oldest] = this.seen.keys();
    if (oldest !== undefined && this.seen.size > SEEN_MAX) this.seen.delete(oldest);
  }

  /** Puts a block into its place; undefined also where it has to wait for the one below. */
  private place(proposal: Signed<Proposal>, isWanted = this.help.isWanted(proposal.digest)): Rejection | undefined {
    const placed = this.chain.place(proposal, isWanted);
    switch (placed) {
      case 'orphan':
        return undefined;
      case 'placed':
      case 'known':
        if (proposal.justify !== undefined) this.views.apply(proposal.justify);
        this.views.onPlaced(proposal);
        return undefined;
      case 'below-committed':
        return reject('redundant', 'decided already');
      default:
        return reject('conflicting_proposal', `a block without a place: ${placed}`);
    }
  }

  private placeOrphans(): void {
    for (let ready = this.chain.release(); ready.length > 0; ready = this.chain.release()) {
      for (const proposal of ready) {
        this.place(proposal);
        this.vote(proposal);
      }
    }
  }

  private vote(proposal: Signed<Proposal>): Rejection | undefined {
    const block = this.chain.tree.get(proposal.digest);
    return block === undefined ? undefined : this.voter.vote(proposal, block);
  }

  private onVote(message: Verified<Vote>): void {
    const refused = message.sender === this.context.self ? undefined : this.admit(message);
    if (refused !== undefined) {
      this.context.reject(message.sender, refused);
      return;
    }
    if (this.context.committee.leaderOf((message.view + 1) as View) !== this.context.self) return;
    const justify = this.ballots.onVote(message);
    if (justify !== undefined) this.views.learn({ justify, timeouts: undefined });
  }

  /** Blocks carry their batches, and come with them. */
  onBatch(_batch: Batch): boolean {
    return false;
  }

  onDecided(message: Verified<DecidedSupply>): void {
    const justify = this.chain.onDecided(message);
    if (justify === undefined) {
      const what = `sequence ${String(message.certificate.sequence)} is not wanted now`;
      this.context.reject(this.context.senderHere(message), reject('unsolicited', what));
      return;
    }
    this.views.learn({ justify, timeouts: undefined });
    this.placeOrphans();
  }

  onTimer(timer: TimerId, touch: Touch): void {
    if (timer === 'progress') this.views.onTimer(touch);
  }

  propose(): void {
    this.proposer.propose();
  }

  /** Whatever a certificate decided was executed with the event that brought it. */
  advance(): void {
    this.placeOrphans();
    this.voteLate();
  }

  /** A proposal that came before the checkpoint by which the window moves gets its vote with that. */
  private voteLate(): void {
    const { view, active } = this.context;
    const proposal = active && !this.safety.hasVoted(view) ? this.chain.proposalOf(view) : undefined;
    if (proposal !== undefined) this.vote(proposal);
  }

  updateTimer(touch: Touch): void {
    this.views.updateTimer(touch);
  }

  decided(sequence: Sequence): Decided | undefined {
    return this.chain.decided(sequence);
  }

  /** The view's time goes by views, not by envelopes. */
  onExecuted(_id: Digest): void {
    return;
  }

  dropNeedless(): void {
    this.chain.dropNeedless();
  }

  keepOwn(message: Signed): void {
    this.own.keep(message);
  }

  report(): Report {
    return {
      phase: this.reports.phase(),
      size: this.chain.size,
      timer: this.views.clock,
      asking: this.views.asking,
    };
  }

  progressOf(id: Digest): EnvelopeProgress | undefined {
    return this.reports.progressOf(id);
  }

  base(): { readonly records: readonly DurableRecord[]; readonly votes: readonly Signed[] } {
    const { locked } = this.safety.state;
    const proposals = this.chain
      .undecided()
      .filter((message) => message !== this.own.proposal)
      .map((message): DurableRecord => ({ kind: 'proposal', message }));
    const { epoch } = this.context.committee;
    const { abstained } = this;
    const abstentions: DurableRecord[] =
      abstained < this.context.view ? [] : [{ kind: 'abstention', epoch, through: abstained }];
    return {
      records: [...proposals, { kind: 'lock', epoch, locked }, ...abstentions],
      votes: this.own.all(),
    };
  }

  restore({ votes, locked = this.root, abstained = ROOT_VIEW, decided }: Recovered): void {
    for (const message of votes) this.own.keep(message);
    const { vote, timeout, proposal } = this.own;
    const votedView = Math.max(vote?.view ?? ROOT_VIEW, timeout?.view ?? ROOT_VIEW, abstained) as View;
    this.abstained = abstained;
    this.safety.restore({ votedView, locked });
    this.voter.restore();
    this.proposer.restore(Math.max(proposal?.view ?? ROOT_VIEW, abstained) as View);
    const justify = this.chain.restore(decided);
    if (justify !== undefined) this.views.learn({ justify, timeouts: undefined });
  }

  /** Puts the blocks back that are not decided: what they decide by now is executed like anything new. */
  resume(recovered: Recovered): void {
    const sealed = recovered.votes.filter((message): message is Signed<Proposal> => message.kind === 'proposal');
    const proposals = [...recovered.proposals, ...sealed].sort((a, b) => a.view - b.view);
    for (const proposal of proposals) {
      this.noteFirst(proposal);
      this.views.learn(proposal);
    }
    if (this.own.timeout !== undefined) this.views.restore(this.own.timeout as Verified<Timeout>);
    if (recovered.tornTail && this.context.votes) {
      this.abstained = this.views.abstain();
      this.proposer.restore(this.abstained);
    }
    // One that misfits by now was passed over by what was decided since.
    for (const proposal of proposals) this.place(proposal, true);
    if (this.own.vote !== undefined) this.onVote(this.own.vote as Verified<Vote>);
  }

  start(): void {
    const { context } = this;
    const proposed = this.chain.proposalOf(context.view);
    if (proposed !== undefined) this.vote(proposed);
    const { vote, timeout } = this.own;
    if (timeout?.view === context.view) this.forwardToAll(timeout);
    if (vote === undefined || vote.view < context.view) return;
    const leader = context.committee.leaderOf((vote.view + 1) as View);
    if (leader !== context.self && context.self !== OBSERVER)
      context.emit({ kind: 'forward', to: leader, message: vote });
  }

  private forwardToAll(message: Signed): void {
    const { context } = this;
    for (const member of context.committee.indexesInOrder)
      if (member !== context.self) context.emit({ kind: 'forward', to: member, message });
  }
}
