import type { CommittedBlock } from '@concordat/consensus';
import { NULL_DIGEST, type Digest, type MemberIndex, type Sequence, type Signed } from '@concordat/protocol';
import type { Append } from '../disk';
import { baseOf, type EpochHistory } from '../epoch-history';
import { statementText } from '../trace-text';
import type { Blame, Checker } from '../watch';

/** What one member has on its disk, over all lives. */
class DurableIndex {
  readonly batches = new Set<Digest>();
  /** "view sequence digest" of prepared certificates. */
  readonly prepared = new Set<string>();
  /** Highest view of a prepared certificate, by sequence. */
  readonly preparedView = new Map<number, number>();
  readonly decisions = new Map<number, Digest>();
  /** Every decision from 1 up to here, but for those whose place a state took. */
  decidedThrough = 0;
  /** A state that is being taken over. */
  installing: number | undefined;
  state = 0;
  stable = 0;

  add({ kept }: Append): void {
    if (kept.kind === 'vote' || kept.kind === 'gap') return;
    if (kept.kind === 'decision') {
      const { sequence, certificate } = kept.block;
      this.decisions.set(sequence, certificate.digest);
      this.batches.add(certificate.digest);
      while (this.decisions.has(this.decidedThrough + 1)) this.decidedThrough++;
      return;
    }
    const { record } = kept;
    if (record.kind === 'batch') this.batches.add(record.batch.digest);
    if (record.kind === 'prepared') {
      const { view, sequence, digest } = record.certificate;
      this.prepared.add(`${String(view)} ${String(sequence)} ${digest}`);
      this.preparedView.set(sequence, Math.max(view, this.preparedView.get(sequence) ?? 0));
    }
    if (record.kind === 'state') {
      this.state = Math.max(this.state, record.sequence);
      if (record.sequence === this.installing) this.decidedThrough = Math.max(this.decidedThrough, record.sequence);
    }
    if (record.kind === 'stable') this.stable = Math.max(this.stable, record.certificate.sequence);
  }

  holds(digest: Digest): boolean {
    return digest === NULL_DIGEST || this.batches.has(digest);
  }

  /** True when a batch that a view change names is not here. At or below a stable checkpoint a quorum has it. */
  lacks(sequence: number, digest: Digest): boolean {
    return sequence > this.stable && !this.holds(digest);
  }
}

/** What a member says it has is on its disk when it says so, and what a client was told survives a power loss (Spec §6). */
export class DurabilityChecker implements Checker {
  private readonly members = new Map<MemberIndex, DurableIndex>();
  private readonly acknowledgedThrough = new Set<number>();
  /** Messages whose content was durable when they left: what is durable once stays so. */
  private readonly cleared = new WeakSet<Signed>();

  constructor(
    private readonly blame: Blame,
    private readonly isCorrect: (member: MemberIndex) => boolean,
    private readonly history: EpochHistory,
  ) {}

  durable(member: MemberIndex, appends: readonly Append[]): void {
    const index = this.of(member);
    for (const append of appends) index.add(append);
  }

  installed(member: MemberIndex, sequence: Sequence): void {
    this.of(member).installing = sequence;
  }

  /** A VIEW-CHANGE tells of everything that is prepared here, in its highest view: what it leaves out, the new view may drop. */
  sealed(member: MemberIndex, message: Signed): void {
    if (message.kind !== 'viewChange') return;
    const low = Math.max(message.stable?.sequence ?? 0, baseOf(this.history, message));
    for (const [sequence, view] of this.of(member).preparedView) {
      if (sequence <= low) continue;
      const told = message.prepared.find((certificate) => certificate.sequence === sequence);
      if (told === undefined || told.view < view) {
        this.blame(
          'view-change',
          member,
          `${statementText(message)} hides what view ${String(view)} prepared at ${String(sequence)}`,
        );
      }
    }
  }

  sent(member: MemberIndex, _to: MemberIndex, message: Signed): void {
    if (this.cleared.has(message) || this.history.senderOf(message) !== member) return;
    const lacking = this.lackingFor(this.of(member), message);
    if (lacking === undefined) this.cleared.add(message);
    else this.blame('durable-content', member, `sent ${statementText(message)} without ${lacking}`);
  }

  acknowledged(member: MemberIndex, { sequence, certificate }: CommittedBlock): void {
    if (this.acknowledgedThrough.has(sequence)) return;
    this.acknowledgedThrough.add(sequence);
    const { view, digest } = certificate;
    for (const { sender } of certificate.signatures) {
      const signer = this.history.signerAt(sequence, sender);
      if (signer === undefined || !this.isCorrect(signer)) continue;
      const index = this.of(signer);
      const recoverable =
        index.decisions.has(sequence) ||
        (index.holds(digest) && index.prepared.has(`${String(view)} ${String(sequence)} ${digest}`));
      if (!recoverable) {
        this.blame(
          'acknowledged',
          member,
          `sequence ${String(sequence)} is acknowledged, and member ${String(signer)} committed to it without having it`,
        );
      }
    }
  }

  private lackingFor(index: DurableIndex, message: Signed): string | undefined {
    switch (message.kind) {
      case 'commit': {
        const { view, sequence, digest } = message;
        if (!index.holds(digest)) return 'its batch';
        return index.prepared.has(`${String(view)} ${String(sequence)} ${digest}`)
          ? undefined
          : 'its prepared certificate';
      }
      case 'prePrepare':
        return index.holds(message.digest) ? undefined : 'its batch';
      case 'viewChange': {
        const missing = message.prepared.find(({ sequence, digest }) => index.lacks(sequence, digest));
        return missing === undefined ? undefined : `the batch of ${String(missing.sequence)}`;
      }
      case 'newView': {
        const missing = message.entries.find(({ sequence, digest }) => index.lacks(sequence, digest));
        return missing === undefined ? undefined : `the batch of ${String(missing.sequence)}`;
      }
      case 'checkpoint':
        if (index.decidedThrough < message.sequence) return `the decision ${String(index.decidedThrough + 1)}`;
        return index.state < message.sequence ? 'the state' : undefined;
      default:
        return undefined;
    }
  }

  private of(member: MemberIndex): DurableIndex {
    let index = this.members.get(member);
    if (index === undefined) {
      index = new DurableIndex();
      this.members.set(member, index);
    }
    return index;
  }
}
