import { SLOT_FLAGS, SLOTS_IN_STATUS_MAX, type SlotStatus } from '@concordat/protocol';
import type { Agreement } from './agreement';
import type { Context } from '../member/context';
import type { Slot } from './slot';

/** What this member has of the slots that it has not executed, ascending: what STATUS says of them (Spec §10.1). */
export function openSlots(context: Context, agreement: Agreement): SlotStatus[] {
  const { executed } = context.ledger;
  const open: SlotStatus[] = [];
  for (const slot of agreement.slotsInOrder()) {
    if (slot.sequence <= executed || open.length >= SLOTS_IN_STATUS_MAX) continue;
    open.push({ sequence: slot.sequence, flags: flagsOf(context, slot) });
  }
  return open;
}

function flagsOf({ view }: Context, slot: Slot): number {
  const { proposal, prepared, decision } = slot;
  const here = proposal?.view === view && slot.holds(proposal.digest);
  return (
    (here ? SLOT_FLAGS.batch : 0) |
    (prepared?.view === view ? SLOT_FLAGS.prepared : 0) |
    (decision !== undefined && slot.holds(decision.digest) ? SLOT_FLAGS.decided : 0)
  );
}
