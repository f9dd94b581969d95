import {
  NULL_DIGEST,
  OBSERVER,
  type Epoch,
  type EpochChange,
  type Epochs,
  type EpochTable,
  type MemberIndex,
  type Sequence,
  type Signed,
} from '@concordat/protocol';
import type { CommittedBlock } from '@concordat/consensus';
import { nodeNumber, type EpochHistory } from '../epoch-history';
import { statementText } from '../trace-text';
import type { Blame, Checker, Seat } from '../watch';
import type { BlockIndex } from './blocks';

/** Kinds of votes that are for one sequence. */
const PLACED: readonly string[] = ['prePrepare', 'prepare', 'commit', 'checkpoint', 'proposal', 'vote'];

/** What one node did in one epoch. */
interface Term {
  /** Highest sequence that it voted on or executed there, and in which way. */
  reached: number;
  how: string;
}

/**
 * Epochs follow one another alike for everybody (Spec §7): each leads to one table, nobody votes on or executes a sequence
 * outside of its own, only those vote whom its table names and does not isolate, and nobody correct is isolated.
 */
export class EpochsChecker implements Checker {
  private readonly seats = new Map<MemberIndex, Seat>();
  private readonly terms = new Map<MemberIndex, Map<Epoch, Term>>();
  /** "node epoch" of those that voted there. */
  private readonly voted = new Set<string>();
  /** Changes of epochs that nodes went through. */
  crossings = 0;
  /** States that were taken over. */
  takeovers = 0;

  constructor(
    private readonly blame: Blame,
    private readonly history: EpochHistory,
    private readonly isCorrect: (member: MemberIndex) => boolean,
    private readonly blocks: BlockIndex,
  ) {}

  /** True for a node that has voted in an epoch. */
  hasVoted(member: MemberIndex, epoch: Epoch): boolean {
    return this.voted.has(`${String(member)} ${String(epoch)}`);
  }

  began(member: MemberIndex, seat: Seat): void {
    const before = this.seats.get(member)?.committee.epoch;
    const { committee } = seat;
    if (before !== undefined && committee.epoch < before)
      this.blame('epochs', member, `is in epoch ${String(committee.epoch)} after ${String(before)}`);
    if (this.history.epochs.of(committee.epoch)?.hash !== committee.hash)
      this.blame('epochs', member, `begins epoch ${String(committee.epoch)} with a table that nobody was led to`);
    this.seats.set(member, seat);
  }

  ended(member: MemberIndex, change: EpochChange, epochs: Epochs): void {
    this.crossings++;
    for (const each of epochs.changesUpTo(change.table.epoch)) {
      const { epoch, baseSequence } = each.table;
      const next = epochs.of(epoch);
      if (next === undefined || !this.history.learn(each, next))
        this.blame('epochs', member, `is led to epoch ${String(epoch)} with another table than others`);
      this.checkEnd((epoch - 1) as Epoch, baseSequence);
    }
    this.checkIsolated(member, change.table);
  }

  /** Isolation takes a vote away for good reason only. */
  private checkIsolated(member: MemberIndex, { epoch, members }: EpochTable): void {
    for (const { nodeId, isolated } of members) {
      const node = nodeNumber(nodeId);
      if (isolated && (node === undefined || this.isCorrect(node)))
        this.blame('framing', member, `${nodeId}, which is correct, is isolated in epoch ${String(epoch)}`);
    }
  }

  installed(): void {
    this.takeovers++;
  }

  sealed(member: MemberIndex, message: Signed): void {
    const seat = this.seats.get(member);
    const { epoch, sender, sequence } = message;
    const isVoter =
      seat !== undefined && sender !== OBSERVER && seat.committee.table.members[sender]?.isolated === false;
    if (!isVoter || seat.committee.epoch !== epoch || seat.self !== sender) {
      this.blame('epochs', member, `signed ${statementText(message)}, where it has no vote`);
      return;
    }
    this.voted.add(`${String(member)} ${String(epoch)}`);
    if (PLACED.includes(message.kind) && !this.isEmpty(message)) this.reach(member, epoch, sequence, 'voted on');
    if (message.kind !== 'newView') return;
    for (const entry of message.entries) this.reach(member, epoch, entry.sequence, 'voted on');
  }

  /** Blocks that order nothing certify what is below them, beyond the end too (Spec §4). */
  private isEmpty({ kind, digest }: Signed): boolean {
    const isBlock = kind === 'proposal' || kind === 'vote';
    return isBlock && this.blocks.get(digest)?.batchDigest === NULL_DIGEST;
  }

  executed(member: MemberIndex, { sequence }: CommittedBlock): void {
    const seat = this.seats.get(member);
    if (seat !== undefined) this.reach(member, seat.committee.epoch, sequence, 'executed');
  }

  private reach(member: MemberIndex, epoch: Epoch, sequence: number, how: string): void {
    const ofMember = this.terms.get(member) ?? new Map<Epoch, Term>();
    this.terms.set(member, ofMember);
    const term = ofMember.get(epoch) ?? { reached: 0, how };
    ofMember.set(epoch, term);
    const { baseSequence } = this.history.epochs.of(epoch)?.table ?? { baseSequence: 0 };
    if (sequence <= baseSequence)
      this.blame('epochs', member, `${how} ${String(sequence)} in epoch ${String(epoch)}, which begins after it`);
    if (sequence <= term.reached) return;
    term.reached = sequence;
    term.how = how;
    this.checkTerm(member, epoch, term, this.history.endOf(epoch));
  }

  /** An end may become known after somebody went beyond it. */
  private checkEnd(epoch: Epoch, end: Sequence): void {
    for (const [member, ofMember] of this.terms) {
      const term = ofMember.get(epoch);
      if (term !== undefined) this.checkTerm(member, epoch, term, end);
    }
  }

  private checkTerm(member: MemberIndex, epoch: Epoch, { reached, how }: Term, end: Sequence | undefined): void {
    if (end !== undefined && reached > end)
      this.blame(
        'epochs',
        member,
        `${how} ${String(reached)} in epoch ${String(epoch)}, which ended at ${String(end)}`,
      );
  }
}
