import type { CommittedBlock, Replica } from '@concordat/consensus';
import { toHex, type Digest, type MemberIndex, type Millis, type Sequence } from '@concordat/protocol';
import type { Blame, Checker } from '../watch';

interface Executed {
  readonly by: MemberIndex;
  readonly digest: Digest;
  readonly outcomes: string;
  readonly headDigest: Digest;
}

/**
 * Agreement and prefix: whatever one correct member executes at a sequence, every other one executes there too, in any of
 * its lives, and none skips or repeats a sequence.
 */
export class AgreementChecker implements Checker {
  /** What was executed first at each sequence. */
  private readonly log = new Map<number, Executed>();
  private time = 0 as Millis;
  private readonly position = new Map<MemberIndex, number>();

  constructor(private readonly blame: Blame) {}

  /** Highest sequence that any correct member executed. */
  get length(): number {
    return this.log.size;
  }

  /** Log time after the last of them. */
  get logTime(): Millis {
    return this.time;
  }

  /** The agreed chain at a sequence; undefined where nobody was. */
  headAt(sequence: number): Digest | undefined {
    return this.log.get(sequence)?.headDigest;
  }

  started(member: MemberIndex, replica: Replica, decided: readonly number[]): void {
    const { executed, headDigest } = replica.state();
    this.position.set(member, executed);
    const agreed = this.log.get(executed);
    if (executed > 0 && agreed === undefined) {
      this.blame('prefix', member, `restarted at sequence ${String(executed)}, which nobody has executed`);
    }
    if (agreed !== undefined && agreed.headDigest !== headDigest) {
      this.blame(
        'prefix',
        member,
        `restarted at sequence ${String(executed)} with head ${headDigest}, not ${agreed.headDigest}`,
      );
    }
    // Decisions above a gap cannot be executed; those up to it were durable, so none may be lost.
    let durable: number = executed;
    for (const sequence of decided) if (sequence === durable + 1) durable = sequence;
    if (durable > executed) {
      this.blame(
        'prefix',
        member,
        `restarted at ${String(executed)} although its store decides up to ${String(durable)}`,
      );
    }
  }

  /** What follows shows whether the state was the agreed one: the next head is a chain over it. */
  installed(member: MemberIndex, sequence: Sequence): void {
    if (sequence <= (this.position.get(member) ?? 0) || !this.log.has(sequence))
      this.blame('prefix', member, `took over a state after sequence ${String(sequence)}`);
    this.position.set(member, sequence);
  }

  executed(member: MemberIndex, block: CommittedBlock): void {
    const { sequence, certificate, outcomes, headDigest } = block;
    const expected = (this.position.get(member) ?? 0) + 1;
    if (sequence !== expected) {
      this.blame('prefix', member, `executed ${String(sequence)} where ${String(expected)} was next`);
    }
    this.position.set(member, sequence);
    const mine: Executed = { by: member, digest: certificate.digest, outcomes: toHex(outcomes), headDigest };
    const first = this.log.get(sequence);
    if (first === undefined) {
      this.log.set(sequence, mine);
      this.time = block.logTime;
      return;
    }
    for (const part of ['digest', 'outcomes', 'headDigest'] as const) {
      if (first[part] === mine[part]) continue;
      this.blame(
        'agreement',
        member,
        `${part} at sequence ${String(sequence)} is ${mine[part]}, but ${first[part]} at member ${String(first.by)}`,
      );
      return;
    }
  }
}
