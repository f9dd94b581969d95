import {
  blockDigest,
  createBatch,
  NULL_DIGEST,
  ROOT_VIEW,
  UNDECIDED_MAX,
  type Batch,
  type Sequence,
  type View,
} from '@concordat/protocol';
import type { Context } from '../member/context';
import type { Chain } from './chain';
import type { Views } from './views';

/** What a leader proposes (Spec §4): one block in each of its views, while something waits or is not decided everywhere. */
export class Proposer {
  /** View of the last block that this member proposed. */
  private proposed: View = ROOT_VIEW;

  constructor(
    private readonly context: Context,
    private readonly chain: Chain,
    private readonly views: Views,
  ) {}

  /** Proposes in this member's view, unless it did, or has nothing to say. */
  propose(): void {
    const { context, views } = this;
    const { view } = context;
    if (!context.leads || view <= this.proposed) return;
    const sequence = this.nextSequence();
    if (sequence === undefined) return;
    const batch = this.batchFor(sequence);
    if (batch === undefined && !this.owesBlock()) return;
    this.proposed = view;
    const { view: below, digest } = views.newest;
    const parent = { view: below, digest };
    const batchDigest = batch?.digest ?? NULL_DIGEST;
    context.vote({
      kind: 'proposal',
      view,
      sequence,
      digest: blockDigest(context.hash, { view, sequence, parent, batch: batchDigest }),
      parent,
      batchDigest,
      ...views.proof,
      batch,
    });
  }

  /** A block of this member was proposed before a restart. */
  restore(view: View): void {
    if (view > this.proposed) this.proposed = view;
  }

  /** Height of the block on the newest certified one; undefined while that is not here, or too much is undecided. */
  private nextSequence(): Sequence | undefined {
    const { tree } = this.chain;
    const { digest } = this.views.newest;
    const below = tree.get(digest) ?? (tree.committed.digest === digest ? tree.committed : undefined);
    return below === undefined || tree.size >= UNDECIDED_MAX ? undefined : ((below.sequence + 1) as Sequence);
  }

  private batchFor(sequence: Sequence): Batch | undefined {
    const { context } = this;
    const { pool, ledger, config, stable, windowTop, at } = context;
    const { batchRequestsMax, batchBytesMax } = context.committee.table;
    // A leader without the stable state does not know what is executed.
    if (!pool.hasUnproposed || sequence > windowTop || ledger.executed < stable) return undefined;
    const envelopes = pool.take(sequence, Math.min(config.batchSize, batchRequestsMax), batchBytesMax);
    return createBatch(context.hash, at, envelopes);
  }

  /** True while a block without a batch brings something undecided further, or brings others what this member knows. */
  private owesBlock(): boolean {
    const { boundary, ledger, pool, stable, committee } = this.context;
    const endsEpoch = boundary > 0 && ledger.executed < boundary;
    // What waits has no place in the window, and the checkpoint by which that moves is not decided.
    const isFull = pool.hasUnproposed && ledger.executed < stable + committee.table.checkpointInterval;
    return this.views.owesProposal || endsEpoch || isFull || this.chain.hasUndecided(this.views.newest.digest);
  }
}
