import type { Committee, Digest, MemberIndex, Sequence } from '@concordat/protocol';
import type { EnvelopeProgress, Phase, SlotProgress } from '../replica';
import type { Agreement } from './agreement';
import type { Context } from '../member/context';
import type { Slot } from './slot';

/** Phase of the sequence that is executed next, as users see it. */
export function phaseOf(context: Context, agreement: Agreement): Phase {
  if (!context.active) return 'view-change';
  const next = agreement.slot((context.ledger.executed + 1) as Sequence);
  if (next?.proposal === undefined) return context.pool.size > 0 ? 'waiting' : 'idle';
  return slotProgress(next, context.committee)?.phase ?? 'waiting';
}

/** Highest sequence for which a proposal of any view, or a decision, is known; what is executed when there is none above it. */
function proposedUpTo(context: Context, agreement: Agreement): Sequence {
  let highest = context.ledger.executed;
  for (const { sequence, proposal, decision } of agreement.all())
    if (sequence > highest && (proposal !== undefined || decision !== undefined)) highest = sequence;
  return highest;
}

/** Where a waiting envelope stands, and what it waits for; undefined for one that does not wait here. */
export function progressOf(context: Context, agreement: Agreement, id: Digest): EnvelopeProgress | undefined {
  const { pool, committee, active, ledger, windowTop } = context;
  if (pool.get(id) === undefined) return undefined;
  const sequence = pool.proposedAt(id);
  const slot = sequence === undefined ? undefined : agreement.slot(sequence);
  const next = agreement.slot((ledger.executed + 1) as Sequence);
  const where = {
    sequence,
    behind: next === undefined || next === slot ? undefined : slotProgress(next, committee),
    proposed: proposedUpTo(context, agreement),
    windowTop,
  };
  const subject = slot?.proposal ?? slot?.decision;
  const own = slot === undefined ? undefined : slotProgress(slot, committee);
  if (slot === undefined || subject === undefined || own === undefined) {
    const votes = { prePrepare: 0, prepare: 0, commit: 0 };
    return { phase: active ? 'waiting' : 'view-change', view: context.view, votes, voters: [], ...where };
  }
  const { view, digest } = subject;
  const prepare = slot.preparesFor(view, digest).length;
  const commit = slot.commitsFor(view, digest).length;
  return { phase: own.phase, view, votes: { prePrepare: 1, prepare, commit }, voters: own.voters, ...where };
}

/** Undefined for a slot that has neither proposal nor decision. */
function slotProgress(slot: Slot, committee: Committee): SlotProgress | undefined {
  const { sequence, proposal, decision } = slot;
  const sendersOf = (votes: readonly { readonly sender: MemberIndex }[]): MemberIndex[] =>
    votes.map(({ sender }) => sender);
  if (decision !== undefined) return { sequence, phase: 'decided', voters: sendersOf(decision.signatures) };
  if (proposal === undefined) return undefined;
  const { view, digest } = proposal;
  if (slot.isPrepared(proposal)) return { sequence, phase: 'commit', voters: sendersOf(slot.commitsFor(view, digest)) };
  // The leader's proposal is its vote.
  const accepted = new Set([committee.leaderOf(view), ...sendersOf(slot.preparesFor(view, digest))]);
  return { sequence, phase: 'prepare', voters: [...accepted].sort((a, b) => a - b) };
}
