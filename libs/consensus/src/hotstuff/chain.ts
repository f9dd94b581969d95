import {
  blockDigest,
  chainHeaders,
  invariant,
  NULL_DIGEST,
  UNDECIDED_MAX,
  type Batch,
  type Block,
  type BlockReference,
  type CommitCertificate,
  type DecidedSupply,
  type Digest,
  type Proposal,
  type QuorumCertificate,
  type Sequence,
  type Signed,
  type View,
} from '@concordat/protocol';
import { isExecuted } from '../ledger';
import type { Context } from '../member/context';
import type { Decided, Decisions } from '../member/engine';
import type { Recovered } from '../replica';
import { BlockTree, type Misfit } from './block-tree';

/** Proposals that came unasked and wait for the block below them at most: the newest views stay. */
const ORPHANS_MAX = 32;
/** Blocks of one view that are kept unasked: a leader that makes more has shown already that it lies. */
const PER_VIEW_MAX = 2;
/** Blocks that no certificate is known for, kept when a view fails: one of them may have one that is still hidden. */
const UNCERTIFIED_MAX = 64;

/** What came of a proposal. */
export type Placed = 'placed' | 'known' | 'orphan' | Misfit | 'too-many';

/** A proposal that waits for the block below it. */
interface Orphan {
  readonly proposal: Signed<Proposal>;
  /** Others build on it, or this member voted for it before a restart. */
  readonly isWanted: boolean;
}

/** The blocks that are not decided yet, with their batches, and what was decided of them and waits for its execution. */
export class Chain implements Pick<Decisions, 'decided' | 'dropNeedless'> {
  readonly tree: BlockTree;
  private readonly proposals = new Map<Digest, Signed<Proposal>>();
  /** By digest, in order of arrival. */
  private readonly orphans = new Map<Digest, Orphan>();
  private readonly decisions = new Map<
    Sequence,
    { certificate: CommitCertificate; batch: Batch | 'null' | undefined }
  >();

  constructor(
    private readonly context: Context,
    root: BlockReference & { readonly sequence: Sequence },
  ) {
    this.tree = new BlockTree(root, UNDECIDED_MAX);
  }

  /** Blocks and decisions that are held. */
  get size(): number {
    return this.tree.size + this.orphans.size + this.decisions.size;
  }

  /** A proposal that is not decided yet. */
  proposal(digest: Digest): Signed<Proposal> | undefined {
    return this.proposals.get(digest);
  }

  /** The first proposal of a view that is held. */
  proposalOf(view: View): Signed<Proposal> | undefined {
    for (const proposal of this.proposals.values()) if (proposal.view === view) return proposal;
    return undefined;
  }

  /** All proposals that are not decided yet, those too that wait for their place: a restarted member may have voted for them. */
  undecided(): Signed<Proposal>[] {
    return [...this.proposals.values(), ...this.waiting()];
  }

  private waiting(): Signed<Proposal>[] {
    return [...this.orphans.values()].map(({ proposal }) => proposal);
  }

  /** True for a block that is here, whether or not it has its place. */
  holds(digest: Digest): boolean {
    return this.proposals.has(digest) || this.orphans.has(digest);
  }

  /** Sequences that are decided, with their batch, and not executed. */
  executable(): Sequence[] {
    return [...this.decisions].flatMap(([sequence, { batch }]) => (batch === undefined ? [] : [sequence]));
  }

  /** Puts a proposal into its place; those that waited for it come with `release`. `isWanted`: see Orphan. */
  place(proposal: Signed<Proposal>, isWanted: boolean): Placed {
    const { digest } = proposal;
    if (this.proposals.has(digest)) return 'known';
    if (!isWanted && this.sameView(proposal.view) >= PER_VIEW_MAX) return 'too-many';
    const misfit = this.tree.add(asBlock(proposal));
    if (misfit === 'unknown-parent') {
      this.keepOrphan(proposal, isWanted);
      return 'orphan';
    }
    if (misfit !== undefined) return misfit;
    this.proposals.set(digest, proposal);
    this.notePoolOf(proposal);
    return 'placed';
  }

  /** Proposals that waited and can be placed now, lowest first; they wait no longer. */
  release(): Signed<Proposal>[] {
    const ready: Signed<Proposal>[] = [];
    const { committed } = this.tree;
    for (const [digest, { proposal: orphan }] of this.orphans) {
      const stands = this.tree.hasPlaceOn(orphan.parent.digest, orphan.sequence);
      // Right above what is committed, and on something else.
      const isOver = orphan.sequence <= committed.sequence + 1;
      if (stands || isOver) this.orphans.delete(digest);
      if (stands) ready.push(orphan);
    }
    return ready.sort((a, b) => a.sequence - b.sequence);
  }

  private sameView(view: View): number {
    let count = 0;
    for (const held of [this.proposals.values(), this.waiting()])
      for (const proposal of held) if (proposal.view === view) count++;
    return count;
  }

  /**
   * A row of undecided blocks is fetched from its end downwards, so all that is wanted of it has to stay until the lowest is
   * here. Blocks above the window carry no batch: what stays is small.
   */
  private keepOrphan(proposal: Signed<Proposal>, isWanted: boolean): void {
    const fits = proposal.batch === undefined || proposal.sequence <= this.context.windowTop;
    const hasRoom = this.orphans.size < UNDECIDED_MAX;
    this.orphans.set(proposal.digest, { proposal, isWanted: isWanted && fits && hasRoom });
    const unasked = [...this.orphans.values()].flatMap((orphan) => (orphan.isWanted ? [] : [orphan.proposal]));
    if (unasked.length <= ORPHANS_MAX) return;
    const lowest = unasked.reduce((low, next) => (next.view < low.view ? next : low));
    this.orphans.delete(lowest.digest);
  }

  /** Blocks that orphans stand on and nobody has brought, with who named them, newest first. */
  missing(): { readonly digest: Digest; readonly namedBy: Signed<Proposal> }[] {
    return this.waiting()
      .filter(({ parent }) => !this.orphans.has(parent.digest) && !this.proposals.has(parent.digest))
      .sort((a, b) => b.view - a.view)
      .map((namedBy) => ({ digest: namedBy.parent.digest, namedBy }));
  }

  /** What a certificate of a block here decides is decided. True when that is anything. */
  decideBy(certificate: QuorumCertificate): boolean {
    const decided = this.tree.decidedBy(certificate.digest);
    const last = decided.at(-1);
    if (last === undefined) return false;
    const path = this.tree.pathTo(certificate.digest);
    decided.forEach((block, index) => {
      this.decide(certificateOf(path.slice(index), certificate), this.proposals.get(block.digest)?.batch);
    });
    if (this.tree.commit(last.digest)) this.resyncPool(certificate.digest);
    this.dropUnheld();
    return true;
  }

  private decide(certificate: CommitCertificate, supplied?: Batch): void {
    const { context } = this;
    const { sequence, digest } = certificate;
    const earlier = this.decisions.get(sequence);
    if (earlier !== undefined && earlier.certificate.digest !== digest) {
      const reason = `sequence ${String(sequence)} has two valid certificates, for ${earlier.certificate.digest} and ${digest}: more than f members lie`;
      context.emit({ kind: 'halt', reason });
      return;
    }
    if (!this.isNeeded(sequence)) return;
    const batch = digest === NULL_DIGEST ? 'null' : (supplied ?? earlier?.batch);
    this.decisions.set(sequence, { certificate: earlier?.certificate ?? certificate, batch });
  }

  /**
   * Whether a decision waits here. Blocks above an epoch's last sequence only certify it: nothing comes of them (Spec §7). Stable
   * ones come back by FETCH when their turn comes; what is not stable may be nowhere else.
   */
  private isNeeded(sequence: Sequence): boolean {
    const { boundary, ledger, stable } = this.context;
    const beyond = boundary > 0 && sequence > boundary;
    return !beyond && sequence > ledger.executed && (sequence > stable || sequence <= this.reach);
  }

  /** What others supply is taken so far above what is executed here. */
  private get reach(): number {
    return this.context.ledger.executed + this.context.committee.table.windowSize;
  }

  /** A decided sequence from somebody who has it: the certificate for its last block. Undefined when it is not wanted now. */
  onDecided({ certificate, batch }: DecidedSupply): QuorumCertificate | undefined {
    if (!this.isNeeded(certificate.sequence) || certificate.sequence > this.reach) return undefined;
    this.decide(certificate, batch);
    return this.adoptCertificate(certificate);
  }

  /** The tree grows from what a certificate decides, if that is higher. The certificate of its last block. */
  private adoptCertificate(certificate: CommitCertificate): QuorumCertificate | undefined {
    const { chain, signatures, view, sequence } = certificate;
    if (chain === undefined) return undefined;
    const headers = chainHeaders(this.context.hash, certificate, chain);
    const [first] = headers;
    const last = headers.at(-1);
    if (first === undefined || last === undefined) return undefined;
    const digest = blockDigest(this.context.hash, first);
    // What is below it here is decided with it, by the same chain.
    const path = this.tree.pathTo(digest);
    for (const [index, block] of path.slice(0, -1).entries()) {
      const above = [...path.slice(index + 1).map((next) => ({ view: next.view, batch: next.batch })), ...chain.above];
      const lower = { view: block.view, sequence: block.sequence, digest: block.batch, signatures };
      this.decide({ ...lower, chain: { parent: block.parent, above } }, this.proposals.get(block.digest)?.batch);
    }
    this.tree.adopt({ view, digest, sequence });
    this.dropUnheld();
    return { view: last.view, sequence: last.sequence, digest: blockDigest(this.context.hash, last), signatures };
  }

  /** A state was taken over: what was executed is committed, though the blocks that led to it are not here. */
  private adoptExecuted(): void {
    const sequence = this.context.ledger.executed;
    if (sequence <= this.tree.committed.sequence) return;
    this.tree.adopt({ view: 0 as View, digest: undefined, sequence });
    this.dropUnheld();
  }

  decided(sequence: Sequence): Decided | undefined {
    const { boundary } = this.context;
    return boundary > 0 && sequence > boundary ? undefined : this.decisions.get(sequence);
  }

  /** Puts back what a restarted member had decided, ascending. The certificate for the last block that it tells of. */
  restore(decided: Recovered['decided']): QuorumCertificate | undefined {
    this.adoptExecuted();
    for (const { certificate, batch } of decided)
      this.decisions.set(certificate.sequence, { certificate, batch: batch ?? 'null' });
    const last = decided.at(-1);
    return last === undefined ? undefined : this.adoptCertificate(last.certificate);
  }

  dropNeedless(): void {
    this.adoptExecuted();
    for (const sequence of this.decisions.keys()) if (!this.isNeeded(sequence)) this.decisions.delete(sequence);
  }

  /** True while a block below or at `tip` orders something and is not decided. */
  hasUndecided(tip: Digest): boolean {
    return this.tree.pathTo(tip).some(({ batch }) => batch !== NULL_DIGEST);
  }

  /** A view failed: blocks that nothing builds on go, but for the newest; what they ordered waits for another proposal. */
  onFailedView(newest: Digest, locked: Digest): void {
    const byView = [...this.proposals.values()].sort((a, b) => b.view - a.view);
    const latest = byView.slice(0, UNCERTIFIED_MAX).map(({ digest }) => digest);
    this.tree.retain([newest, locked, ...latest]);
    this.dropUnheld();
    this.resyncPool(newest);
  }

  /** Only what stands on the way to `tip` is proposed; everything else that waits may be proposed again. */
  private resyncPool(tip: Digest): void {
    this.context.pool.unproposeAll();
    for (const { digest } of this.tree.pathTo(tip)) {
      const proposal = this.proposals.get(digest);
      if (proposal !== undefined) this.notePoolOf(proposal);
    }
  }

  /** What stands in a proposal waits for its execution from now on, whoever brought it here; unless it was executed before. */
  private notePoolOf({ batch, sequence }: Proposal): void {
    const { ledger, pool } = this.context;
    for (const envelope of batch?.envelopes ?? [])
      if (!isExecuted(ledger, envelope)) pool.noteProposed(envelope, sequence);
  }

  private dropUnheld(): void {
    for (const digest of [...this.proposals.keys()])
      if (this.tree.get(digest) === undefined) this.proposals.delete(digest);
  }
}

const asBlock = ({ view, sequence, parent, batchDigest, digest }: Proposal): Block => ({
  view,
  sequence,
  parent,
  batch: batchDigest,
  digest,
});

/** The certificate of the lowest of these blocks, which stand on one another up to the one that was voted for. */
function certificateOf(path: readonly Block[], { signatures }: QuorumCertificate): CommitCertificate {
  const [decided, ...above] = path;
  invariant(decided !== undefined, 'a decided block is in the tree');
  const { view, sequence, batch, parent } = decided;
  const chain = { parent, above: above.map((block) => ({ view: block.view, batch: block.batch })) };
  return { view, sequence, digest: batch, signatures, chain };
}
