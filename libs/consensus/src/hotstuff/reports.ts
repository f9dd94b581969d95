import type { Digest, MemberIndex, Proposal, Sequence } from '@concordat/protocol';
import type { Context } from '../member/context';
import type { EnvelopeProgress, Phase, SlotProgress } from '../replica';
import type { Ballots } from './ballots';
import type { Chain } from './chain';
import type { Views } from './views';

/** Where the blocks of a member stand, as users see it: one phase for each certificate above a block (Spec §4). */
export class Reports {
  constructor(
    private readonly context: Context,
    private readonly chain: Chain,
    private readonly views: Views,
    private readonly ballots: Ballots,
  ) {}

  /** Phase of the sequence that is executed next. */
  phase(): Phase {
    const { context } = this;
    if (!context.active) return 'view-change';
    const next = this.slotProgress((context.ledger.executed + 1) as Sequence);
    if (context.pool.size === 0) return 'idle';
    return next?.phase ?? 'waiting';
  }

  /** Where a waiting envelope stands, and what it waits for; undefined for one that does not wait here. */
  progressOf(id: Digest): EnvelopeProgress | undefined {
    const { pool, active, ledger, windowTop, view } = this.context;
    if (pool.get(id) === undefined) return undefined;
    const sequence = pool.proposedAt(id);
    const own = sequence === undefined ? undefined : this.slotProgress(sequence);
    const next = this.slotProgress((ledger.executed + 1) as Sequence);
    const where = {
      view,
      sequence,
      behind: next === undefined || next.sequence === sequence ? undefined : next,
      proposed: this.branch().at(-1)?.sequence ?? ledger.executed,
      windowTop,
    };
    if (own === undefined) {
      const votes = { prePrepare: 0, prepare: 0, commit: 0 };
      return { phase: active ? 'waiting' : 'view-change', votes, voters: [], ...where };
    }
    const { phase, voters } = own;
    const [prepare, commit] = [phase === 'prepare' ? voters : this.signers, phase === 'commit' ? this.signers : []];
    return { phase, votes: { prePrepare: 1, prepare: prepare.length, commit: commit.length }, voters, ...where };
  }

  /** Undecided blocks that stand on one another, up to the newest proposal here. */
  private branch(): readonly Pick<Proposal, 'sequence' | 'digest'>[] {
    const { tree } = this.chain;
    const current = this.chain.proposalOf(this.context.view)?.digest;
    const path = current === undefined ? [] : tree.pathTo(current);
    return path.length > 0 ? path : tree.pathTo(this.views.newest.digest);
  }

  private slotProgress(sequence: Sequence): SlotProgress | undefined {
    if (this.chain.decided(sequence) !== undefined) return { sequence, phase: 'decided', voters: this.signers };
    const block = this.branch().find((other) => other.sequence === sequence);
    if (block === undefined) return undefined;
    const certified = this.chain.tree.pathTo(this.views.newest.digest);
    const above = certified.filter((other) => other.sequence >= sequence).length;
    const isCertified = certified.some(({ digest }) => digest === block.digest);
    if (!isCertified) return { sequence, phase: 'prepare', voters: this.ballots.votersFor(block.digest) };
    return { sequence, phase: above > 1 ? 'commit' : 'pre-commit', voters: this.signers };
  }

  /** Who signed the newest certificate. */
  private get signers(): MemberIndex[] {
    return (this.views.newest.signatures ?? []).map(({ sender }) => sender);
  }
}
