import type { CommittedBlock } from '@concordat/consensus';
import {
  checkpointDigest,
  type CheckpointCertificate,
  type Committee,
  type CommitCertificate,
  type Digest,
  type Hash,
  type MemberIndex,
  type MessageKind,
  type PreparedCertificate,
  type Sequence,
  type Signed,
  type Statement,
  type StatementVerifier,
  type View,
  type VoteSignature,
} from '@concordat/protocol';
import type { Append } from '../disk';
import type { EpochHistory } from '../epoch-history';
import type { Blame, Checker } from '../watch';

const sumOf = (numbers: readonly number[]): number => numbers.reduce((sum, number) => sum + number, 0);

/** In turn, where a table says so: those who are not isolated, in its order. */
function leaderOf(committee: Committee, view: View): MemberIndex {
  const { members, leaderElection } = committee.table;
  if (leaderElection !== 'round-robin') return committee.leaderOf(view);
  const able = committee.indexesInOrder.filter((index) => members[index]?.isolated === false);
  return able[view % able.length] ?? (0 as MemberIndex);
}

/**
 * Every certificate that a correct member decides by, keeps, or shows holds under the table of its own epoch: distinct
 * members that weigh a quorum, each with a signature of its own under exactly that content. Counted here, not by the functions that members use.
 */
export class CertificatesChecker implements Checker {
  /** Certificates that were found to hold: a member shows the same one to everybody. */
  private readonly sound = new WeakSet<object>();

  constructor(
    private readonly blame: Blame,
    private readonly history: EpochHistory,
    private readonly hash: Hash,
    private readonly verify: StatementVerifier,
  ) {}

  executed(member: MemberIndex, { sequence, certificate }: CommittedBlock): void {
    if (certificate.sequence !== sequence)
      this.blame(
        'certificate',
        member,
        `executed ${String(sequence)} by a certificate for ${String(certificate.sequence)}`,
      );
    this.expect(member, certificate, this.wrongInCommit(certificate));
  }

  durable(member: MemberIndex, appends: readonly Append[]): void {
    for (const { kept } of appends) {
      if (kept.kind !== 'record') continue;
      const { record } = kept;
      if (record.kind === 'prepared') this.checkPrepared(member, record.certificate);
      if (record.kind === 'stable') this.checkStable(member, record.certificate);
    }
  }

  sealed(member: MemberIndex, message: Signed): void {
    if (message.kind !== 'viewChange') return;
    if (message.stable !== undefined) this.checkStable(member, message.stable);
    for (const certificate of message.prepared) this.checkPrepared(member, certificate);
  }

  private checkPrepared(member: MemberIndex, certificate: PreparedCertificate): void {
    if (!this.sound.has(certificate)) this.expect(member, certificate, this.wrongInPrepared(certificate));
  }

  private checkStable(member: MemberIndex, certificate: CheckpointCertificate): void {
    if (!this.sound.has(certificate)) this.expect(member, certificate, this.wrongInStable(certificate));
  }

  private expect(member: MemberIndex, certificate: object & { sequence: Sequence }, wrong: string | undefined): void {
    if (wrong === undefined) this.sound.add(certificate);
    else this.blame('certificate', member, `a certificate for ${String(certificate.sequence)}: ${wrong}`);
  }

  private wrongInCommit({ view, sequence, digest, signatures }: CommitCertificate): string | undefined {
    return this.wrongIn('commit', { view, sequence, digest }, signatures, []);
  }

  private wrongInPrepared(certificate: PreparedCertificate): string | undefined {
    const { view, sequence, digest, leaderSignature, signatures } = certificate;
    const leader = leaderOf(this.history.epochs.at(sequence), view);
    if (!this.verify(this.statement('prePrepare', { view, sequence, digest }, leader), leaderSignature))
      return `its leader, member ${String(leader)}, did not sign it`;
    return this.wrongIn('prepare', { view, sequence, digest }, signatures, [leader]);
  }

  private wrongInStable({ sequence, content, signatures }: CheckpointCertificate): string | undefined {
    const digest = checkpointDigest(this.hash, sequence, content);
    return this.wrongIn('checkpoint', { view: 0 as View, sequence, digest }, signatures, []);
  }

  private wrongIn(
    kind: MessageKind,
    content: { readonly view: View; readonly sequence: Sequence; readonly digest: Digest },
    signatures: readonly VoteSignature[],
    already: readonly MemberIndex[],
  ): string | undefined {
    const { members, f } = this.history.epochs.at(content.sequence).table;
    // Who is isolated counts for nothing, and the whole stays what it is.
    const weightOf = (signer: MemberIndex): number =>
      members[signer]?.isolated === false ? members[signer].weight : 0;
    const signers = new Set<MemberIndex>(already);
    let weight = already.reduce((sum, signer) => sum + weightOf(signer), 0);
    for (const { sender, signature } of signatures) {
      if (signers.has(sender)) return `member ${String(sender)} counts twice`;
      signers.add(sender);
      weight += weightOf(sender);
      if (!this.verify(this.statement(kind, content, sender), signature))
        return `member ${String(sender)} did not sign it`;
    }
    const weights = members.map((member) => member.weight);
    const whole = sumOf(weights);
    const heaviest = sumOf(weights.sort((a, b) => b - a).slice(0, f));
    return 2 * weight > whole + heaviest
      ? undefined
      : `it weighs ${String(weight)} of ${String(whole)}, and any ${String(f)} up to ${String(heaviest)}`;
  }

  private statement(
    kind: MessageKind,
    content: { readonly view: View; readonly sequence: Sequence; readonly digest: Digest },
    sender: MemberIndex,
  ): Statement {
    return { kind, epoch: this.history.epochs.at(content.sequence).epoch, ...content, sender };
  }
}
