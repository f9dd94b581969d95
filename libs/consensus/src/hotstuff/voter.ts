import {
  NULL_DIGEST,
  reject,
  type Block,
  type Proposal,
  type Rejection,
  type Signed,
  type View,
} from '@concordat/protocol';
import type { Context } from '../member/context';
import type { Safety } from './safety';

/** Votes for blocks: each vote goes to the leader of the next view, behind everything that it rests on (Spec §4, §6). */
export class Voter {
  /** View of the lock that is durable. */
  private durableLock: View;

  constructor(
    private readonly context: Context,
    private readonly safety: Safety,
  ) {
    this.durableLock = safety.state.locked.view;
  }

  /** The lock that a restarted member found is durable. */
  restore(): void {
    this.durableLock = this.safety.state.locked.view;
  }

  /** Votes for a block of the tree, or says why not; undefined when it voted, or has nothing to say in that view. */
  vote(proposal: Signed<Proposal>, block: Block): Rejection | undefined {
    const { context, safety } = this;
    const { view, sequence, digest } = proposal;
    if (!context.active || view !== context.view || safety.refusalOf(block) === 'voted-already') return undefined;
    const refused = this.refuse(proposal, block);
    if (refused !== undefined) return refused;
    // A member's own proposal is durable as what it sealed.
    if (proposal.sender !== context.self)
      context.emit({ kind: 'persist', record: { kind: 'proposal', message: proposal } });
    this.persistLock();
    safety.voted(view);
    context.vote({ kind: 'vote', view, sequence, digest }, context.committee.leaderOf((view + 1) as View));
    return undefined;
  }

  private refuse(proposal: Proposal, block: Block): Rejection | undefined {
    const { context } = this;
    const { sequence, batch } = proposal;
    if (this.safety.refusalOf(block) !== undefined)
      return reject('conflicting_proposal', 'the block does not stand on what this member is locked on');
    // Above the window, and above an epoch's last sequence, blocks only carry certificates (Spec §7).
    if (block.batch !== NULL_DIGEST && sequence > context.windowTop)
      return reject('outside_window', `sequence ${String(sequence)} is above ${String(context.windowTop)}`);
    const distance = batch === undefined ? 0 : Math.abs(batch.time - context.at);
    if (proposal.sender !== context.self && distance > context.committee.table.logTimeBoundMs)
      return reject('time_out_of_bounds', `the batch's time is ${String(distance)} ms from this member's clock`);
    return undefined;
  }

  private persistLock(): void {
    const { locked } = this.safety.state;
    if (locked.view <= this.durableLock) return;
    this.durableLock = locked.view;
    this.context.emit({ kind: 'persist', record: { kind: 'lock', epoch: this.context.committee.epoch, locked } });
  }
}
