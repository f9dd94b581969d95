import { OBSERVER, type Authentic, type Committee, type Envelope, type MemberIndex } from '@concordat/protocol';
import type { Checker, Seat } from '../watch';

interface Admission {
  readonly member: MemberIndex;
  readonly envelope: Envelope;
}

/**
 * Remembers what members owe: an outcome for every envelope that they admitted, as long as they stay.
 *
 * `admitted` is one member's word, given before others know of the envelope. It ends with the process, for a pool is in
 * memory only, and with the membership, for nobody asks a node that left what waits there. A client that hears of either
 * asks again elsewhere; its nonces keep that harmless. And it ends with the key of a gateway that signed it.
 */
export class AdmissionsChecker implements Checker {
  private owed: Admission[] = [];
  private count = 0;
  private readonly released = new Set<string>();
  private readonly committees = new Map<MemberIndex, Committee>();

  /** Envelopes that were admitted at correct members. */
  get admittedCount(): number {
    return this.count;
  }

  admitted(member: MemberIndex, envelope: Authentic): void {
    this.count++;
    this.owed.push({ member, envelope });
  }

  began(member: MemberIndex, { committee, self }: Seat): void {
    const before = this.committees.get(member);
    this.committees.set(member, committee);
    if (before === undefined || before.epoch === committee.epoch || this.owed.length === 0) return;
    this.owed = this.owed.filter((admission) => {
      const isOwed =
        admission.member !== member || (self !== OBSERVER && isSignedStill(admission.envelope, before, committee));
      if (!isOwed) this.released.add(nameOf(admission.envelope));
      return isOwed;
    });
  }

  turnedAway(_member: MemberIndex, envelope: Authentic): void {
    this.released.add(nameOf(envelope));
  }

  /** True for an envelope whose client was told no, or was left without its member. */
  isReleased(envelope: Envelope): boolean {
    return this.released.has(nameOf(envelope));
  }

  stopped(member: MemberIndex): void {
    this.owed = this.owed.filter((admission) => admission.member !== member);
  }

  /** What is not over yet. */
  open(isOver: (envelope: Envelope, member: MemberIndex) => boolean): readonly Admission[] {
    this.owed = this.owed.filter(({ envelope, member }) => !isOver(envelope, member));
    return this.owed;
  }
}

/** What stays the same when a gateway signs again. */
const nameOf = ({ signerKey, firstNonce }: Envelope): string => `${signerKey}#${firstNonce.toString()}`;

/** True unless a gateway signed it with a key that is not its own any more. */
function isSignedStill({ signer }: Envelope, before: Committee, now: Committee): boolean {
  if (signer.kind === 'client') return true;
  const [then, today] = [before, now].map(({ table }) =>
    table.members.find(({ nodeId }) => nodeId === signer.nodeId)?.publicKey.join(),
  );
  return today !== undefined && then === today;
}
