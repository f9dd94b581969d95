import type { CommittedBlock } from '@concordat/consensus';
import {
  blockDigest,
  checkCommitCertificate,
  checkpointDigest,
  timeoutDigest,
  type BlockHeader,
  type CheckpointCertificate,
  type Committee,
  type CommitCertificate,
  type CommitChain,
  type Digest,
  type Hash,
  type MemberIndex,
  type MessageKind,
  type PreparedCertificate,
  type Sequence,
  type Signed,
  type Statement,
  type StatementVerifier,
  type TimeoutCertificate,
  type View,
  type ViewProof,
  type VoteSignature,
} from '@concordat/protocol';
import { decodeDecision } from '@concordat/records';
import type { Append } from '../disk';
import type { EpochHistory } from '../epoch-history';
import { decisionAppend } from '../recovery';
import type { Blame, Checker } from '../watch';
import { leaderOf, tooLight } from './weights';

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

  executed(member: MemberIndex, block: CommittedBlock): void {
    const { sequence, certificate } = block;
    if (certificate.sequence !== sequence)
      this.blame(
        'certificate',
        member,
        `executed ${String(sequence)} by a certificate for ${String(certificate.sequence)}`,
      );
    const { chain } = certificate;
    const wrong =
      chain === undefined
        ? this.wrongInCommit(certificate)
        : (this.wrongInChain(certificate, chain) ?? this.wrongInBytes(block));
    this.expect(member, certificate, wrong);
  }

  durable(member: MemberIndex, appends: readonly Append[]): void {
    for (const { kept } of appends) {
      if (kept.kind !== 'record') continue;
      const { record } = kept;
      if (record.kind === 'prepared') this.checkPrepared(member, record.certificate);
      if (record.kind === 'stable') this.checkStable(member, record.certificate);
      if (record.kind === 'proposal') this.checkViewProof(member, record.message, record.message);
    }
  }

  sealed(member: MemberIndex, message: Signed): void {
    if (message.kind === 'proposal' || message.kind === 'timeout') this.checkViewProof(member, message, message);
    if (message.kind !== 'viewChange') return;
    if (message.stable !== undefined) this.checkStable(member, message.stable);
    for (const certificate of message.prepared) this.checkPrepared(member, certificate);
  }

  sent(member: MemberIndex, _to: MemberIndex, message: Signed): void {
    if (message.kind === 'syncInfo') this.checkViewProof(member, message, message);
    if (message.kind === 'stable') this.checkStable(member, message.certificate);
  }

  /** What a view was entered by, and what a block of it stands on. */
  private checkViewProof(member: MemberIndex, { epoch, view }: Signed, { justify, timeouts }: ViewProof): void {
    const committee = this.history.epochs.of(epoch);
    if (committee === undefined) return;
    if (justify !== undefined && !this.sound.has(justify)) {
      const { sequence, digest, signatures } = justify;
      const wrong = this.wrongIn('vote', { view: justify.view, sequence, digest }, signatures, [], committee);
      this.expect(member, justify, wrong);
    }
    if (timeouts !== undefined && !this.sound.has(timeouts))
      this.expect(member, timeouts, this.wrongInTimeouts(timeouts, committee));
    const justified = justify?.view ?? 0;
    const newest = Math.max(0, ...(timeouts?.timeouts ?? []).map(({ highest }) => highest.view));
    const entered =
      justified + 1 === view || (timeouts !== undefined && timeouts.view + 1 === view && newest <= justified);
    if (!entered)
      this.blame(
        'view-proof',
        member,
        `view ${String(view)} after view ${String(justified)} was certified, and view ${String(timeouts?.view)} given up by members that know of view ${String(newest)}`,
      );
  }

  private checkPrepared(member: MemberIndex, certificate: PreparedCertificate): void {
    if (!this.sound.has(certificate)) this.expect(member, certificate, this.wrongInPrepared(certificate));
  }

  private checkStable(member: MemberIndex, certificate: CheckpointCertificate): void {
    if (!this.sound.has(certificate)) this.expect(member, certificate, this.wrongInStable(certificate));
  }

  private expect(
    member: MemberIndex,
    certificate: { readonly sequence: Sequence } | TimeoutCertificate,
    wrong: string | undefined,
  ): void {
    if (wrong === undefined) {
      this.sound.add(certificate);
      return;
    }
    const what =
      'sequence' in certificate ? String(certificate.sequence) : `giving up view ${String(certificate.view)}`;
    this.blame('certificate', member, `a certificate for ${what}: ${wrong}`);
  }

  private wrongInCommit({ view, sequence, digest, signatures }: CommitCertificate): string | undefined {
    return this.wrongIn('commit', { view, sequence, digest }, signatures, []);
  }

  /** Counts blocks and views upwards from what is decided. */
  private wrongInChain(certificate: CommitCertificate, { parent, above }: CommitChain): string | undefined {
    const { view, sequence, digest, signatures } = certificate;
    let top: BlockHeader = { view, sequence, parent, batch: digest };
    const views: number[] = [parent.view, view];
    for (const block of above) {
      const below = { view: top.view, digest: blockDigest(this.hash, top) };
      top = { view: block.view, sequence: (top.sequence + 1) as Sequence, parent: below, batch: block.batch };
      views.push(block.view);
    }
    if (above.length < 2) return `only ${String(above.length)} blocks stand on what it decides`;
    if (views.some((each, index) => index > 0 && each <= (views[index - 1] ?? 0))) return 'its views do not ascend';
    const [first = 0, second = 0, third = 0] = views.slice(-3);
    if (second !== first + 1 || third !== second + 1) return `its last views are ${views.slice(-3).join(', ')}`;
    const content = { view: top.view, sequence: top.sequence, digest: blockDigest(this.hash, top) };
    return this.wrongIn('vote', content, signatures, [], this.history.epochs.at(sequence));
  }

  /** What others will read of it. */
  private wrongInBytes(block: CommittedBlock): string | undefined {
    const bytes = decisionAppend(block).bytes;
    if (!(bytes instanceof Uint8Array)) return 'it is no decision';
    const committee = this.history.epochs.at(block.sequence);
    const { certificate } = decodeDecision(this.hash, bytes);
    return checkCommitCertificate(committee, this.hash, certificate, this.verify)?.reason;
  }

  private wrongInTimeouts({ view, timeouts }: TimeoutCertificate, committee: Committee): string | undefined {
    const signers = new Set<MemberIndex>();
    for (const { sender, highest, signature } of timeouts) {
      if (signers.has(sender)) return `member ${String(sender)} counts twice`;
      signers.add(sender);
      const digest = timeoutDigest(this.hash, highest);
      const statement: Statement = {
        kind: 'timeout',
        epoch: committee.epoch,
        view,
        sequence: 0 as Sequence,
        digest,
        sender,
      };
      if (!this.verify(statement, signature)) return `member ${String(sender)} did not sign it`;
    }
    return tooLight(committee, signers);
  }

  private wrongInPrepared(certificate: PreparedCertificate): string | undefined {
    const { view, sequence, digest, leaderSignature, signatures } = certificate;
    const committee = this.history.epochs.at(sequence);
    const leader = leaderOf(committee, view);
    const proposal: Statement = { kind: 'prePrepare', epoch: committee.epoch, view, sequence, digest, sender: leader };
    if (!this.verify(proposal, leaderSignature)) return `its leader, member ${String(leader)}, did not sign it`;
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
    committee: Committee = this.history.epochs.at(content.sequence),
  ): string | undefined {
    const signers = new Set<MemberIndex>(already);
    for (const { sender, signature } of signatures) {
      if (signers.has(sender)) return `member ${String(sender)} counts twice`;
      signers.add(sender);
      if (!this.verify({ kind, epoch: committee.epoch, ...content, sender }, signature))
        return `member ${String(sender)} did not sign it`;
    }
    return tooLight(committee, signers);
  }
}
