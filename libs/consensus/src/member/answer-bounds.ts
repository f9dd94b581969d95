import type { MemberIndex, Millis, Sequence } from '@concordat/protocol';

/** Decided sequences that one FETCH asks for. */
export const FETCH_DECIDED_MAX = 32;

/** Length of one accounting period. */
const PERIOD_MS = 50;
/** FETCHes of one member that are answered in a period. */
const FETCHES_PER_PERIOD = 8;
/** Bytes of batches and envelopes for one member in a period; one item of any size always fits. */
const BYTES_PER_PERIOD = 1024 * 1024;
/** A proposal is sent again to one member at most so often: it may carry a whole batch. */
const PROPOSAL_INTERVAL_MS = 500;

/** How much one member, or one sort of strangers, may make another send by asking (Spec §11). */
export class Allowance<Key = MemberIndex> {
  private readonly periods = new Map<Key, { since: Millis; fetches: number; bytes: number }>();

  /** Whether one more FETCH of the member is answered now. */
  take(member: Key, at: Millis): boolean {
    let period = this.periods.get(member);
    if (period === undefined || at - period.since >= PERIOD_MS) {
      period = { since: at, fetches: 0, bytes: 0 };
      this.periods.set(member, period);
    }
    period.fetches++;
    return period.fetches <= FETCHES_PER_PERIOD;
  }

  /** Whether that many bytes more are sent to the member in its period. */
  takeBytes(member: Key, bytes: number): boolean {
    const period = this.periods.get(member);
    if (period === undefined || period.bytes >= BYTES_PER_PERIOD) return false;
    period.bytes += bytes;
    return true;
  }
}

/** When proposals were last sent again, per member and slot. Bounded by the slots that a STATUS can ask for. */
export class Resends {
  private readonly sentAt = new Map<MemberIndex, Map<Sequence, Millis>>();

  /** Whether the proposal of that slot may be sent again now. */
  allow(member: MemberIndex, sequence: Sequence, at: Millis): boolean {
    const slots = this.sentAt.get(member) ?? new Map<Sequence, Millis>();
    this.sentAt.set(member, slots);
    const last = slots.get(sequence);
    if (last !== undefined && at - last < PROPOSAL_INTERVAL_MS) return false;
    slots.set(sequence, at);
    return true;
  }

  /** The member has executed so far. */
  forget(member: MemberIndex, through: Sequence): void {
    const slots = this.sentAt.get(member);
    if (slots === undefined) return;
    for (const sequence of slots.keys()) if (sequence <= through) slots.delete(sequence);
  }
}
