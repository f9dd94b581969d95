import {
  digestBytes,
  digestOfBytes,
  epochTableHash,
  invariant,
  LayoutError,
  NULL_DIGEST,
  OUTCOMES,
  purposeDigest,
  purposeHash,
  Reader,
  StateTree,
  Writer,
  ZERO_DIGEST,
  type Batch,
  type CheckpointContent,
  type Committee,
  type Digest,
  type Envelope,
  type Epoch,
  type Epochs,
  type EpochTable,
  type Hash,
  type Millis,
  type NodeId,
  type Request,
  type Sequence,
} from '@concordat/protocol';
import { Deduplication, type NonceVerdict } from './deduplication';
import type { KeyVerifier } from './membership/authorities';
import { Membership } from './membership/membership';
import type { Judge } from './judge';
import type { RequestedChange } from './replica';

/** What executing one sequence did. */
export interface Execution {
  readonly outcomes: Uint8Array;
  readonly logTime: Millis;
  readonly headDigest: Digest;
  readonly changes: readonly RequestedChange[];
}

/** What a ledger judges by. */
export interface LedgerOptions {
  readonly hash: Hash;
  readonly swarmId: Digest;
  readonly epochs: Epochs;
  /** Of the epoch whose sequences it executes. */
  readonly committee: Committee;
  readonly judge: Judge;
}

const STATE_LAYOUT = 3;

/**
 * The replicated state: what every honest member has after the same sequences, bit for bit.
 *
 * It holds what decides a request's outcome (log time, nonces) and a chain over all outcomes. Nothing local enters it: no
 * view, no signer set, no clock (Spec §3).
 */
export class Ledger {
  private sequence = 0 as Sequence;
  private time = 0 as Millis;
  private head: Digest;
  private decidedCount = 0;
  private deduplication: Deduplication;
  private membership: Membership;
  private readonly hash: Hash;
  private readonly table: EpochTable;

  /** The state at genesis; `restore` puts another in its place. */
  constructor(private readonly options: LedgerOptions) {
    const { hash, committee } = options;
    this.hash = hash;
    this.table = committee.table;
    this.deduplication = this.emptyDeduplication();
    this.membership = this.membershipOf(committee);
    this.head = purposeDigest(hash, 'history', digestBytes(committee.hash));
  }

  /** Last sequence of the epoch, once one is decided on; 0 for none. */
  get boundary(): Sequence {
    return this.membership.boundary;
  }

  /** Table of the epoch after the boundary, as decided so far. */
  get nextTable(): EpochTable | undefined {
    return this.membership.next;
  }

  /** Of the epoch whose sequences it executes. */
  get committee(): Committee {
    return this.options.committee;
  }

  /** Last executed sequence. */
  get executed(): Sequence {
    return this.sequence;
  }

  get logTime(): Millis {
    return this.time;
  }

  /** Chain over everything executed. */
  get headDigest(): Digest {
    return this.head;
  }

  /** Requests with the outcome `decided`. */
  get totalDecided(): number {
    return this.decidedCount;
  }

  /** Whether a request with that nonce could still be executed as decided. */
  verdict(signerKey: string, nonce: bigint): NonceVerdict {
    return this.deduplication.verdict(signerKey, nonce);
  }

  /** True when a signer that is new here would be accepted now. */
  hasRoomFor(signerKey: string): boolean {
    return this.deduplication.hasRoomFor(signerKey);
  }

  /** Executes the next sequence; `batch` is undefined for the null batch. */
  execute(sequence: Sequence, batch: Batch | undefined): Execution {
    invariant(
      sequence === this.sequence + 1,
      `sequence ${String(sequence)} is executed after ${String(this.sequence)}`,
    );
    this.sequence = sequence;
    // logTime(n) = max(logTime(n-1), time in the batch): data, never a clock (Spec §6).
    if (batch !== undefined && batch.time > this.time) this.time = batch.time;
    const outcomes: number[] = [];
    const changes: RequestedChange[] = [];
    for (const envelope of batch?.envelopes ?? []) this.executeEnvelope(envelope, outcomes, changes);
    const result = Uint8Array.from(outcomes);
    const outcomesHash = purposeHash(this.hash, 'outcomes', new Writer(8).u64(this.time).bytes(), result);
    this.head = purposeDigest(
      this.hash,
      'history',
      digestBytes(this.head),
      new Writer(8).u64(sequence).bytes(),
      digestBytes(batch?.digest ?? NULL_DIGEST),
      outcomesHash,
    );
    return { outcomes: result, logTime: this.time, headDigest: this.head, changes };
  }

  /**
   * The state at the current sequence with its chunks, and what a CHECKPOINT says of it. Drops what can no longer matter
   * first, on every member at the same place.
   */
  checkpoint(): { readonly content: CheckpointContent; readonly tree: StateTree } {
    this.deduplication.forget(this.time);
    const tree = new StateTree(this.hash, this.encode());
    const { boundary, nextTable } = this;
    const nextTableHash = nextTable === undefined ? ZERO_DIGEST : epochTableHash(this.hash, nextTable);
    return { content: { stateDigest: tree.digest, boundary, nextTableHash }, tree };
  }

  /** The whole state in its one encoding: what a checkpoint's digest is made of, and what a restart begins with. */
  encode(): Uint8Array {
    const writer = new Writer(1024)
      .u8(STATE_LAYOUT)
      .u64(this.table.epoch)
      .digest(this.options.committee.hash)
      .u64(this.sequence)
      .u64(this.time)
      .u64(this.decidedCount)
      .digest(this.head);
    this.deduplication.write(writer);
    this.membership.write(writer);
    return writer.bytes();
  }

  /**
   * Replaces the state by one that `encode` wrote, in this epoch or at the very end of the one before. Throws a LayoutError.
   */
  restore(bytes: Uint8Array): void {
    const reader = new Reader(bytes);
    const committee = readOwner(reader, this.options.epochs);
    this.sequence = reader.u64() as Sequence;
    this.time = reader.u64() as Millis;
    this.decidedCount = reader.u64();
    this.head = digestOfBytes(reader.raw(32));
    this.deduplication = this.emptyDeduplication();
    this.deduplication.read(reader);
    this.membership = this.membershipOf(committee);
    this.membership.read(reader);
    reader.end();
    if (committee.epoch !== this.table.epoch) this.beginEpoch();
  }

  /** Another ledger of the same kind, with the genesis state, for an epoch. */
  blank(committee: Committee): Ledger {
    return new Ledger({ ...this.options, committee });
  }

  /** The state at the end of an epoch becomes the one that the next begins with. */
  private beginEpoch(): void {
    const { next } = this.membership;
    const follows =
      next !== undefined &&
      this.sequence === this.table.baseSequence &&
      epochTableHash(this.hash, next) === this.options.committee.hash;
    if (!follows) {
      const place = `the state after sequence ${String(this.sequence)}`;
      throw new LayoutError(`${place} does not lead into epoch ${String(this.table.epoch)}`);
    }
    this.membership = this.membership.succeed();
  }

  private membershipOf(committee: Committee): Membership {
    const { hash, swarmId, epochs, judge } = this.options;
    const verify: KeyVerifier = (key, bytes, signature) => judge.verify(key, bytes, signature);
    const proves = (proof: Uint8Array, accused: NodeId): boolean =>
      judge.proves(epochs, this.table.epoch, proof, accused);
    return new Membership({ hash, swarmId, table: committee.table, verify, proves });
  }

  private emptyDeduplication(): Deduplication {
    return new Deduplication(this.table.nonceWindow, this.table.clientsMax);
  }

  private executeEnvelope(envelope: Envelope, outcomes: number[], changes: RequestedChange[]): void {
    envelope.requests.forEach((request, index) => {
      const outcome = this.executeRequest(envelope.signerKey, envelope.firstNonce + BigInt(index), request);
      outcomes.push(outcome === OUTCOMES.decided ? this.applyChange(request, outcomes.length, changes) : outcome);
    });
  }

  /** A system request is judged here, by every member alike; any other changes nothing but the history. */
  private applyChange({ category, value }: Request, place: number, changes: RequestedChange[]): number {
    if (category === 'system') {
      const change = this.membership.execute(this.sequence, value);
      changes.push({ ...change, request: place });
      if (!change.accepted) return OUTCOMES.invalid;
    }
    this.decidedCount++;
    return OUTCOMES.decided;
  }

  private executeRequest(signerKey: string, nonce: bigint, request: Request): number {
    const verdict = this.deduplication.verdict(signerKey, nonce);
    if (verdict === 'used') return OUTCOMES.duplicate;
    if (request.expiresAt < this.time) return OUTCOMES.expired;
    // A deadline too far ahead would keep its signer's record for too long.
    if (request.expiresAt > this.time + this.table.requestLifetimeMaxMs) return OUTCOMES.refused;
    if (verdict === 'below-window' || !this.deduplication.hasRoomFor(signerKey)) return OUTCOMES.refused;
    // A retry that was signed before this moment has a deadline within a lifetime of its signer's clock.
    const { requestLifetimeMaxMs, logTimeBoundMs } = this.table;
    this.deduplication.mark(signerKey, nonce, (this.time + requestLifetimeMaxMs + logTimeBoundMs) as Millis);
    return OUTCOMES.decided;
  }
}

/** The committee of the epoch in which a state was written; a LayoutError for one that is not known. */
function readOwner(reader: Reader, epochs: Epochs): Committee {
  const layout = reader.u8();
  if (layout !== STATE_LAYOUT) throw new LayoutError(`state layout ${String(layout)} is unknown`);
  const committee = epochs.of(reader.u64() as Epoch);
  const tableHash = reader.digest();
  if (committee?.hash !== tableHash) throw new LayoutError('the epoch of a stored state is not known');
  return committee;
}

/**
 * The epoch in which a member goes on from a stored state: the one that it was written in, or the next when that ended
 * with it and the next is known. Without a state it is the first. A member may know of later epochs by proof; their
 * decisions it still lacks. Throws a LayoutError.
 */
export function epochToResume(epochs: Epochs, state: Uint8Array | undefined): Committee {
  const [genesis] = epochs.all;
  invariant(genesis !== undefined, 'there is an epoch');
  if (state === undefined) return genesis;
  const reader = new Reader(state);
  const committee = readOwner(reader, epochs);
  const sequence = reader.u64();
  const next = epochs.of((committee.epoch + 1) as Epoch);
  return next?.table.baseSequence === sequence ? next : committee;
}

/** True when none of an envelope's requests could still be decided: every nonce is used or below its signer's window. */
export function isExecuted(ledger: Ledger, envelope: Envelope): boolean {
  return envelope.requests.every(
    (_, index) => ledger.verdict(envelope.signerKey, envelope.firstNonce + BigInt(index)) !== 'fresh',
  );
}
