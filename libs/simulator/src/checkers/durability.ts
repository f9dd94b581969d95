import type { CommittedBlock } from '@concordat/consensus';
import {
  blockDigest,
  NULL_DIGEST,
  type CommitCertificate,
  type CommitChain,
  type Digest,
  type Epoch,
  type Hash,
  type MemberIndex,
  type Proposal,
  type Sequence,
  type Signed,
} from '@concordat/protocol';
import type { Append } from '../disk';
import { baseOf, type EpochHistory } from '../epoch-history';
import { statementText } from '../trace-text';
import type { Blame, Checker } from '../watch';
import type { BlockIndex } from './blocks';
import { tooLight } from './weights';

/** What one member has on its disk, over all lives. */
class DurableIndex {
  readonly batches = new Set<Digest>();
  /** "view sequence digest" of prepared certificates. */
  readonly prepared = new Set<string>();
  /** Highest view of a prepared certificate, by sequence. */
  readonly preparedView = new Map<number, number>();
  /** Blocks that were voted for, with their batches. */
  readonly blocks = new Set<Digest>();
  /** View of the lock, by epoch: by its own record, or by a decision. */
  readonly lockedView = new Map<Epoch, number>();
  readonly decisions = new Map<number, Digest>();
  /** Every decision from 1 up to here, but for those whose place a state took. */
  decidedThrough = 0;
  /** A state that is being taken over. */
  installing: number | undefined;
  state = 0;
  stable = 0;

  constructor(private readonly epochAt: (sequence: Sequence) => Epoch) {}

  add({ kept }: Append): void {
    if (kept.kind === 'gap') return;
    if (kept.kind === 'vote') {
      // A leader's own block is kept as what it sealed.
      if (kept.message.kind === 'proposal') this.addBlock(kept.message);
      return;
    }
    if (kept.kind === 'decision') {
      const { sequence, certificate } = kept.block;
      if (certificate.chain !== undefined) this.lock(this.epochAt(sequence), certificate.view);
      this.decisions.set(sequence, certificate.digest);
      this.batches.add(certificate.digest);
      while (this.decisions.has(this.decidedThrough + 1)) this.decidedThrough++;
      return;
    }
    const { record } = kept;
    if (record.kind === 'lock') this.lock(record.epoch, record.locked.view);
    if (record.kind === 'proposal') this.addBlock(record.message);
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

  private addBlock({ digest, batch, batchDigest }: Proposal): void {
    if (batch !== undefined) this.batches.add(batch.digest);
    if (this.holds(batchDigest)) this.blocks.add(digest);
  }

  private lock(epoch: Epoch, view: number): void {
    this.lockedView.set(epoch, Math.max(view, this.lockedView.get(epoch) ?? 0));
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
    private readonly hash: Hash,
    private readonly blocks: BlockIndex,
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
    if (certificate.chain === undefined) this.checkCommitted(member, certificate);
    else this.checkDecidedBlock(member, certificate, certificate.chain);
  }

  /** A quorum voted for the block itself, and each correct one of them keeps it. */
  private checkDecidedBlock(member: MemberIndex, certificate: CommitCertificate, { parent }: CommitChain): void {
    const { view, sequence, digest: batch } = certificate;
    const digest = blockDigest(this.hash, { view, sequence, parent, batch });
    const committee = this.history.epochs.at(sequence);
    const holders = committee.indexesInOrder.filter((place) => {
      const node = this.history.nodeAt(committee.epoch, place);
      // Whoever is faulty may have voted for it and keep nothing.
      if (node === undefined || !this.isCorrect(node)) return true;
      const index = this.of(node);
      return index.decisions.has(sequence) || index.blocks.has(digest);
    });
    const lacking = tooLight(committee, holders);
    if (lacking !== undefined) {
      const text = `sequence ${String(sequence)} is acknowledged, and too few members have it durable`;
      this.blame('acknowledged', member, `${text}: ${lacking}`);
    }
  }

  private checkCommitted(member: MemberIndex, certificate: CommitCertificate): void {
    const { view, sequence, digest } = certificate;
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
      case 'vote': {
        if (!index.blocks.has(message.digest)) return 'its block and batch';
        const block = this.blocks.get(message.digest);
        const locked = block === undefined ? undefined : this.blocks.lockedBy(block);
        return (locked?.view ?? 0) > (index.lockedView.get(message.epoch) ?? 0) ? 'what it locks' : undefined;
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
      index = new DurableIndex((sequence) => this.history.epochs.at(sequence).epoch);
      this.members.set(member, index);
    }
    return index;
  }
}
