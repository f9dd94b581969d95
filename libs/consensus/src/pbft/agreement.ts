import {
  createBatch,
  invariant,
  NULL_DIGEST,
  reject,
  type Batch,
  type Commit,
  type CommitCertificate,
  type DecidedSupply,
  type Digest,
  type NewViewEntry,
  type PrePrepare,
  type Prepare,
  type PreparedCertificate,
  type Rejection,
  type Sequence,
  type Statement,
  type Verified,
} from '@concordat/protocol';
import { isExecuted } from '../ledger';
import { signedStatement, type Context } from '../member/context';
import type { OwnVotes } from './own-votes';
import { Slot } from './slot';

/**
 * The normal case of PBFT: PRE-PREPARE, PREPARE, COMMIT over a window of slots (Spec §3), and what a new view changes in
 * them. Decided slots wait here until the executor takes them in order.
 */
export class Agreement {
  private readonly slots = new Map<Sequence, Slot>();
  /** Next sequence that this member would propose as leader. */
  private nextSequence: Sequence;

  constructor(
    private readonly context: Context,
    private readonly ownVotes: OwnVotes,
  ) {
    this.nextSequence = (context.committee.table.baseSequence + 1) as Sequence;
  }

  get size(): number {
    return this.slots.size;
  }

  slot(sequence: Sequence): Slot | undefined {
    return this.slots.get(sequence);
  }

  /** Slots in no order. */
  all(): Iterable<Slot> {
    return this.slots.values();
  }

  /** Slots in ascending order. */
  slotsInOrder(): Slot[] {
    return [...this.slots.values()].sort((a, b) => a.sequence - b.sequence);
  }

  /** The slot, made when it is not there yet. */
  slotAt(sequence: Sequence): Slot {
    let slot = this.slots.get(sequence);
    if (slot === undefined) {
      slot = new Slot(sequence);
      this.slots.set(sequence, slot);
    }
    return slot;
  }

  /** Whether a phase message is worth its signature check. */
  admit(statement: Statement): Rejection | undefined {
    const { kind, view, sequence, digest } = statement;
    if (sequence <= this.context.stable || sequence > this.context.windowTop) {
      return reject(
        'outside_window',
        `sequence ${String(sequence)} is outside (${String(this.context.stable)}, ${String(this.context.windowTop)}]`,
      );
    }
    // A COMMIT of any view can complete a decision; the others serve only the view that they name.
    if (kind !== 'commit' && view < this.context.view) return reject('stale_view', `view ${String(view)} is over`);
    const slot = this.slots.get(sequence);
    if (slot === undefined) return undefined;
    // Past the quorum a vote for the same digest adds nothing. One for another digest may be evidence, and is opened.
    if (kind === 'commit' && slot.decision?.digest === digest) return reject('redundant', 'decided already');
    if (kind === 'prepare' && slot.prepared?.digest === digest && slot.prepared.view === view) {
      return reject('redundant', 'prepared already');
    }
    return undefined;
  }

  onPrePrepare(message: Verified<PrePrepare>): void {
    const { context } = this;
    const refusal = this.refusePrePrepare(message);
    if (refusal !== undefined) {
      context.reject(message.sender, refusal);
      return;
    }
    const slot = this.slotAt(message.sequence);
    slot.proposal ??= { view: message.view, digest: message.digest, signature: message.signature };
    if (message.batch !== undefined) this.hold(slot, message.batch);
    this.advance(slot);
  }

  /** Why a proposal is not accepted. Executed state plays no part: duplicates are skipped at execution (Spec §3). */
  private refusePrePrepare(message: Verified<PrePrepare>): Rejection | undefined {
    const { context } = this;
    const outside = this.admit(message);
    if (outside !== undefined) return outside;
    if (message.view > context.view) return reject('future_view', `view ${String(message.view)} has not started here`);
    const { proposal } = this.slots.get(message.sequence) ?? {};
    if (proposal !== undefined) {
      if (proposal.digest === message.digest) return undefined;
      const accepted: Statement = { ...signedStatement(message).statement, digest: proposal.digest };
      context.accuseOfEquivocation({ statement: accepted, signature: proposal.signature }, signedStatement(message));
      return reject('conflicting_proposal', `another digest was accepted at ${String(message.sequence)}`);
    }
    if (message.digest === NULL_DIGEST) return undefined;
    if (message.batch === undefined) return reject('malformed', 'a fresh proposal carries its batch');
    // The bound applies to fresh proposals only; a member's own returns from its host whatever its clock says by then.
    const distance = Math.abs(message.batch.time - context.at);
    if (message.sender !== context.self && distance > context.committee.table.logTimeBoundMs) {
      return reject('time_out_of_bounds', `the batch's time is ${String(distance)} ms from this member's clock`);
    }
    return undefined;
  }

  onPrepare(message: Verified<Prepare>): void {
    const refusal = this.admit(message);
    if (refusal !== undefined) {
      this.context.reject(message.sender, refusal);
      return;
    }
    const slot = this.slotAt(message.sequence);
    const recorded = slot.recordPrepare(message);
    if (recorded.kind === 'conflict') {
      // The first vote stands. A second one is proof, never weight: a liar cannot weigh on both sides.
      this.context.accuseOfEquivocation(signedStatement(recorded.earlier), signedStatement(message));
    } else if (recorded.kind === 'new') this.commitIfPrepared(slot);
  }

  onCommit(message: Verified<Commit>): void {
    const refusal = this.admit(message);
    if (refusal !== undefined) {
      this.context.reject(message.sender, refusal);
      return;
    }
    const slot = this.slotAt(message.sequence);
    const recorded = slot.recordCommit(message);
    if (recorded.kind === 'conflict') {
      this.context.accuseOfEquivocation(signedStatement(recorded.earlier), signedStatement(message));
    } else if (recorded.kind === 'new') {
      const certificate = slot.commitQuorum(this.context.committee, message);
      if (certificate !== undefined) this.decide(slot, certificate);
    }
  }

  /** A decided sequence from somebody who has it. Its certificate was checked: it decides, whoever sent it (Spec §10). */
  onDecided(message: Verified<DecidedSupply>): void {
    const { certificate, batch } = message;
    const { boundary, committee, ledger } = this.context;
    const reach = ledger.executed + committee.table.windowSize;
    const beyond = boundary > 0 && certificate.sequence > boundary;
    if (certificate.sequence <= ledger.executed || certificate.sequence > reach || beyond) {
      this.context.reject(
        this.context.senderHere(message),
        reject('unsolicited', `sequence ${String(certificate.sequence)} is not wanted now`),
      );
      return;
    }
    const slot = this.slotAt(certificate.sequence);
    this.decide(slot, certificate);
    if (batch !== undefined) this.hold(slot, batch);
  }

  private decide(slot: Slot, certificate: CommitCertificate): void {
    if (slot.decision !== undefined && slot.decision.digest !== certificate.digest) {
      const { digest } = slot.decision;
      const reason = `sequence ${String(slot.sequence)} has two valid certificates, for ${digest} and ${certificate.digest}: more than f members lie`;
      this.context.emit({ kind: 'halt', reason });
      return;
    }
    slot.decision ??= certificate;
  }

  /** A batch that was asked for by its digest. True when a slot wanted it. */
  onBatch(batch: Batch): boolean {
    let wanted = false;
    for (const slot of this.slots.values()) {
      if (!slot.wantedDigests().includes(batch.digest)) continue;
      wanted = true;
      this.hold(slot, batch);
      this.advance(slot);
    }
    return wanted;
  }

  /** Proposes what waits, as far as pipeline and window allow. */
  propose(): void {
    const { context } = this;
    const { batchSize } = context.config;
    const { table } = context.committee;
    // A leader without the stable state does not know what is executed; its view ends by the timer of the others.
    if (context.ledger.executed < context.stable) return;
    // What was decided by others, or came as a whole state, is not proposed again.
    this.nextSequence = Math.max(this.nextSequence, context.ledger.executed + 1) as Sequence;
    while (
      context.leads &&
      context.pool.hasUnproposed &&
      this.nextSequence <= context.windowTop &&
      this.mayOpen(this.nextSequence - 1 - context.ledger.executed)
    ) {
      const sequence = this.nextSequence;
      const envelopes = context.pool.take(sequence, Math.min(batchSize, table.batchRequestsMax), table.batchBytesMax);
      const batch = createBatch(context.hash, context.at, envelopes);
      this.nextSequence = (sequence + 1) as typeof sequence;
      this.persistBatch(this.slotAt(sequence), batch);
      this.ownVotes.cast({ kind: 'prePrepare', view: context.view, sequence, digest: batch.digest, batch });
    }
    this.fillToBoundary();
  }

  /** An epoch ends at its boundary, whether or not there is something to order until then (Spec §7). */
  private fillToBoundary(): void {
    const { context } = this;
    if (context.boundary === 0 || !context.leads) return;
    for (let sequence = this.nextSequence; sequence <= context.windowTop; sequence++) {
      this.nextSequence = (sequence + 1) as Sequence;
      this.ownVotes.cast({ kind: 'prePrepare', view: context.view, sequence, digest: NULL_DIGEST, batch: undefined });
    }
  }

  /**
   * Whether one more sequence may be opened beside those in flight. The first few open at once, however little they carry;
   * more only with full batches: what comes meanwhile goes into the next one, and all of it shares its votes.
   */
  private mayOpen(inFlight: number): boolean {
    const { config, pool, committee } = this.context;
    if (inFlight < Math.min(config.eagerDepth, config.pipelineDepth)) return true;
    return inFlight < config.pipelineDepth && pool.fills(config.batchSize, committee.table.batchBytesMax);
  }

  /** Starts a view with what its NEW-VIEW says; everything above that is open again. */
  enterView(entries: readonly NewViewEntry[], lowest: Sequence): void {
    const { context } = this;
    for (const slot of this.slots.values()) slot.proposal = undefined;
    context.pool.unproposeAll();
    const last = entries.at(-1)?.sequence ?? lowest;
    this.nextSequence = (Math.max(last, context.stable, context.ledger.executed) + 1) as Sequence;
    for (const { sequence, digest, signature } of entries) {
      if (sequence <= context.stable) continue;
      this.slotAt(sequence).proposal = { view: context.view, digest, signature };
    }
    for (const slot of this.slotsInOrder()) {
      slot.dropUnnamedBatches();
      this.noteProposed(slot);
      this.advance(slot);
    }
  }

  /** Puts back what a restarted member had prepared, and what it had proposed itself in its view. */
  restore(prepared: readonly PreparedCertificate[], proposals: readonly PrePrepare[]): void {
    const { context } = this;
    for (const certificate of prepared) {
      const slot = this.slotAt(certificate.sequence);
      if (slot.prepared === undefined || slot.prepared.view < certificate.view) slot.prepared = certificate;
    }
    for (const slot of this.slots.values()) {
      if (slot.prepared?.view !== context.view) continue;
      slot.proposal ??= { view: context.view, digest: slot.prepared.digest, signature: slot.prepared.leaderSignature };
    }
    for (const proposal of proposals) {
      if (proposal.view !== context.view) continue;
      const { digest, signature } = proposal as Verified<PrePrepare>;
      this.slotAt(proposal.sequence).proposal ??= { view: context.view, digest, signature };
    }
    const last = Math.max(this.ownVotes.lastProposed(context.view), context.ledger.executed, context.stable);
    this.nextSequence = Math.max(this.nextSequence, last + 1) as Sequence;
    for (const slot of this.slots.values()) this.noteProposed(slot);
  }

  /** Gives the votes that a crash kept from being made: a log may end between a prepared certificate and its COMMIT. */
  resume(): void {
    for (const slot of this.slotsInOrder()) this.advance(slot);
  }

  /** What this member has prepared above `low`, ascending: what its VIEW-CHANGE must tell. */
  preparedAbove(low: Sequence): PreparedCertificate[] {
    const certificates: PreparedCertificate[] = [];
    for (const slot of this.slotsInOrder())
      if (slot.sequence > low && slot.prepared !== undefined) certificates.push(slot.prepared);
    return certificates;
  }

  /** The batch, from whichever slot holds it. */
  batchOf(digest: Digest): Batch | undefined {
    for (const slot of this.slots.values()) {
      const batch = slot.batchOf(digest);
      if (batch !== undefined && batch !== 'null') return batch;
    }
    return undefined;
  }

  /** Digests of batches that slots name and nobody has brought yet. */
  missingBatches(max: number): Digest[] {
    const missing: Digest[] = [];
    for (const slot of this.slotsInOrder()) {
      for (const digest of slot.wantedDigests()) if (missing.length < max) missing.push(digest);
    }
    return missing;
  }

  /**
   * Forgets slots that are stable and executed. On a member that lags also two other sorts, in which it has voted nothing:
   * stable ones far above what it has executed, which come back by FETCH when their turn comes; and executed ones beyond
   * its window, which its decision store holds.
   */
  dropNeedless(): void {
    const { stable, windowTop, ledger, committee } = this.context;
    const low = Math.min(stable, ledger.executed);
    const reach = ledger.executed + committee.table.windowSize;
    for (const sequence of this.slots.keys()) {
      const far = sequence > reach && sequence <= stable;
      const beyond = sequence > windowTop && sequence <= ledger.executed;
      if (sequence <= low || far || beyond) this.slots.delete(sequence);
    }
  }

  /** Makes the batch of an entry durable, so that the leader of a new view can serve what it proposes again. */
  makeDurable(sequence: Sequence, digest: Digest): void {
    const slot = this.slots.get(sequence);
    const batch = slot?.batchOf(digest);
    if (slot !== undefined && batch !== undefined && batch !== 'null') this.persistBatch(slot, batch);
  }

  private hold(slot: Slot, batch: Batch): void {
    slot.hold(batch);
    this.noteProposed(slot);
  }

  /** What stands in a proposal waits for its execution from now on, whoever brought it here; unless it was executed before. */
  private noteProposed(slot: Slot): void {
    const { ledger, pool } = this.context;
    const digest = slot.decision?.digest ?? slot.proposal?.digest;
    const batch = digest === undefined ? undefined : slot.batchOf(digest);
    if (slot.sequence <= ledger.executed || batch === undefined || batch === 'null') return;
    for (const envelope of batch.envelopes)
      if (!isExecuted(ledger, envelope)) pool.noteProposed(envelope, slot.sequence);
  }

  private advance(slot: Slot): void {
    this.prepareIfAccepted(slot);
    this.commitIfPrepared(slot);
  }

  /** PREPARE for the proposal of this view, once its batch is here: whoever is asked for the batch later must have it. */
  private prepareIfAccepted(slot: Slot): void {
    const { context } = this;
    const { proposal, sequence } = slot;
    if (!context.active || proposal?.view !== context.view || context.leader === context.self) return;
    if (!slot.holds(proposal.digest) || this.contradictsDecision(slot, proposal.digest)) return;
    if (this.ownVotes.check('prepare', proposal.view, sequence, proposal.digest) !== 'new') return;
    const batch = slot.batchOf(proposal.digest);
    if (batch !== undefined && batch !== 'null') this.persistBatch(slot, batch);
    this.ownVotes.cast({ kind: 'prepare', view: proposal.view, sequence, digest: proposal.digest });
  }

  /** COMMIT once the proposal is prepared: batch and prepared certificate are durable before it leaves (Spec §6). */
  private commitIfPrepared(slot: Slot): void {
    const { context } = this;
    const { proposal, sequence } = slot;
    if (!context.active || proposal?.view !== context.view || !slot.holds(proposal.digest)) return;
    if (this.contradictsDecision(slot, proposal.digest)) return;
    if (this.ownVotes.check('commit', proposal.view, sequence, proposal.digest) !== 'new') return;
    const certificate = slot.isPrepared(proposal) ? slot.prepared : slot.prepareQuorum(context.committee);
    if (certificate === undefined) return;
    const batch = slot.batchOf(proposal.digest);
    if (batch !== undefined && batch !== 'null') this.persistBatch(slot, batch);
    slot.prepared = certificate;
    context.emit({ kind: 'persist', record: { kind: 'prepared', certificate } });
    this.ownVotes.cast({ kind: 'commit', view: proposal.view, sequence, digest: proposal.digest });
  }

  /** A leader that equivocates may show this member another digest than the one that a quorum decided. */
  private contradictsDecision(slot: Slot, digest: Digest): boolean {
    return slot.decision !== undefined && slot.decision.digest !== digest;
  }

  private persistBatch(slot: Slot, batch: Batch): void {
    invariant(batch.digest !== NULL_DIGEST, 'the null batch has no content');
    slot.hold(batch);
    if (slot.needsDurableBatch(batch.digest))
      this.context.emit({ kind: 'persist', record: { kind: 'batch', sequence: slot.sequence, batch } });
  }
}
