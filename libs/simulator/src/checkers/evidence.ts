import type { Evidence } from '@concordat/consensus';
import { EVIDENCE_KINDS, type MemberIndex, type MessageKind, type Signed, type Statement } from '@concordat/protocol';
import { statementText } from '../trace-text';
import type { Append } from '../disk';
import type { EpochHistory } from '../epoch-history';
import type { Blame, Checker } from '../watch';

/** What one life of a member has let in, and which proofs it owes. */
class Heard {
  /** What a sender was first heard with, by slot. */
  readonly first = new Map<string, Pick<Signed, 'view' | 'digest'>>();
  /** "accused kind" of the proofs that are owed, with what they are owed for. */
  readonly owed = new Map<string, string>();
  /** The same of those that were found. */
  readonly found = new Set<string>();
}

/** Kinds of which a member sends one in a view, whatever its sequence. */
const ONCE_PER_VIEW: readonly MessageKind[] = ['proposal', 'vote', 'timeout'];

/** Of a sender's messages for one sequence a member keeps the one of the newest view: what is late meets nothing. */
const slotOf = ({ epoch, sender, kind, sequence }: Signed): string =>
  `${String(epoch)} ${String(sender)} ${kind} ${ONCE_PER_VIEW.includes(kind) ? '' : String(sequence)}`;

/**
 * Two contents of one sender for one slot, both let in by one process, become a proof of that process (Spec §8). A
 * member keeps one proof for each kind of message, over all its lives.
 */
export class EvidenceChecker implements Checker {
  private readonly heard = new Map<MemberIndex, Heard>();
  /** Proofs on record, by member: a crash takes away only what is not durable yet. */
  private readonly kept = new Map<MemberIndex, Set<string>>();

  constructor(
    private readonly blame: Blame,
    private readonly history: EpochHistory,
  ) {}

  /** What was heard before a crash is forgotten, unless it was made durable as a proof. */
  stopped(member: MemberIndex): void {
    this.heard.delete(member);
  }

  received(member: MemberIndex, message: Signed): void {
    if (!EVIDENCE_KINDS.includes(message.kind) || this.history.senderOf(message) === member) return;
    const heard = this.of(member);
    const slot = slotOf(message);
    const first = heard.first.get(slot);
    const { view, digest } = message;
    if (first === undefined || first.view < view) heard.first.set(slot, { view, digest });
    else if (first.view === view && first.digest !== digest)
      heard.owed.set(this.proofOf(message), `${statementText(message)}, and ${first.digest} before`);
  }

  /** What the engine did not take binds it to nothing; that one proposal was taken before is the reason of one refusal. */
  refused(member: MemberIndex, message: Signed, code: string): void {
    if (code === 'conflicting_proposal') return;
    const heard = this.heard.get(member);
    if (heard?.first.get(slotOf(message))?.digest === message.digest) heard.first.delete(slotOf(message));
    else heard?.owed.delete(this.proofOf(message));
  }

  /** The engine has a proof. */
  found(member: MemberIndex, evidence: Evidence): void {
    if (evidence.kind === 'equivocation') this.of(member).found.add(this.proofOf(evidence.first.statement));
  }

  durable(member: MemberIndex, appends: readonly Append[]): void {
    for (const { kept } of appends) {
      if (kept.kind !== 'record' || kept.record.kind !== 'evidence') continue;
      const { evidence } = kept.record;
      if (evidence.kind !== 'equivocation') continue;
      const proofs = this.kept.get(member) ?? new Set();
      proofs.add(this.proofOf(evidence.first.statement));
      this.kept.set(member, proofs);
    }
  }

  /** At the end: reports pairs that came to nothing. */
  finish(): void {
    for (const [member, { owed, found }] of this.heard) {
      for (const [proof, text] of owed)
        if (!found.has(proof) && this.kept.get(member)?.has(proof) !== true)
          this.blame('evidence-owed', member, `has no proof: ${text}`);
    }
  }

  private proofOf(statement: Pick<Statement, 'epoch' | 'sender' | 'kind'>): string {
    return `${String(this.history.senderOf(statement))} ${statement.kind}`;
  }

  private of(member: MemberIndex): Heard {
    let heard = this.heard.get(member);
    if (heard === undefined) {
      heard = new Heard();
      this.heard.set(member, heard);
    }
    return heard;
  }
}
