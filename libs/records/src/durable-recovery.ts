import type { Recovered } from '@concordat/consensus';
import {
  contradict,
  decodeBatch,
  decodeEpochTable,
  decodeFrame,
  epochOfMessage,
  decodePayload,
  isRejection,
  LayoutError,
  MEMBERS_MAX,
  readCheckpointCertificate,
  Reader,
  readPreparedCertificate,
  type Batch,
  type BlockReference,
  type CertificateLimits,
  type Digest,
  type Epoch,
  type EpochChange,
  type Hash,
  type MemberIndex,
  type MessageKind,
  type NewView,
  type Proposal,
  type Sequence,
  type Signed,
  type View,
  type WireLimits,
} from '@concordat/protocol';
import { DURABLE_KINDS, type DurableKind } from './durable';
import { decodeEvidence, type LimitsOfEpoch } from './evidence-record';
import type { LogRecord } from './group';

const ANY_LIMITS: CertificateLimits = { membersMax: MEMBERS_MAX, signatureBytesMax: 0xffff, chained: false };

/** What a log is read by. */
export interface RecoveryOptions {
  readonly hash: Hash;
  /** The epoch's. */
  readonly limits: WireLimits;
  /** Of all epochs so far: what was kept in older ones, proofs too, may be larger. */
  readonly widest: WireLimits;
  /** Of each epoch that is known. */
  readonly limitsOf: LimitsOfEpoch;
  /** Votes of older epochs bind nothing any more and are passed over. */
  readonly epoch: Epoch;
  /** Whose log it must be. */
  readonly self: MemberIndex;
}

/** What a vote log holds of a restarted member's past; its decisions and the state of its tail come from elsewhere. */
export type RecoveredVotes = Omit<Recovered, 'decided' | 'tornTail'>;

/**
 * Why a log cannot be used. unknown_kind: a newer version wrote it, or it is damaged. undecodable: as well. foreign: another
 * member's, or from an epoch that is still to come. contradictory: two of its votes are proof of equivocation.
 */
export type RecoveryErrorCode = 'unknown_kind' | 'undecodable' | 'foreign' | 'contradictory';

/** A record whose checksum holds says something that this member cannot have written. It must not start on it. */
export class RecoveryError extends Error {
  override readonly name = 'RecoveryError';

  constructor(
    readonly code: RecoveryErrorCode,
    /** Name of the record's kind, or its number when that is unknown. */
    readonly kind: DurableKind | number,
    /** Place of the record in the log as it was read, from 0. */
    readonly index: number,
    readonly reason: string,
  ) {
    super(`record ${String(index)} of the vote log (${String(kind)}) is ${code}: ${reason}`);
  }
}

const KIND_OF_CODE = new Map<number, DurableKind>(
  Object.entries(DURABLE_KINDS).map(([kind, code]) => [code, kind as DurableKind]),
);

/** The changes of epochs that a log tells of, oldest first: by them the rest of it is to be read. Throws a RecoveryError. */
export function recoverEpochs(records: Iterable<LogRecord>): EpochChange[] {
  const changes = new Map<Epoch, EpochChange>();
  let index = 0;
  for (const { kind, payload } of records) {
    if (kind === DURABLE_KINDS.epoch) {
      const change = readEpochChange(new Uint8Array(payload), index);
      changes.set(change.table.epoch, change);
    }
    index++;
  }
  return [...changes.values()].sort((a, b) => a.table.epoch - b.table.epoch);
}

/** The newest state in a log, as `recover` takes it: it tells in which epoch the member goes on. */
export function recoverState(records: Iterable<LogRecord>): RecoveredVotes['state'] {
  let newest: RecoveredVotes['state'];
  let index = 0;
  for (const { kind, payload } of records) {
    if (kind === DURABLE_KINDS.state) {
      try {
        newest = newerState(newest, new Reader(new Uint8Array(payload)));
      } catch (error) {
        if (error instanceof LayoutError) throw new RecoveryError('undecodable', 'state', index, error.message);
        throw error;
      }
    }
    index++;
  }
  return newest;
}

function newerState(known: RecoveredVotes['state'], reader: Reader): RecoveredVotes['state'] {
  const sequence = reader.u64() as Sequence;
  return known !== undefined && sequence < known.sequence ? known : { sequence, bytes: reader.raw(reader.left) };
}

function readEpochChange(payload: Uint8Array, index: number): EpochChange {
  try {
    const reader = new Reader(payload);
    const table = decodeEpochTable(reader.long(payload.length));
    const certificate = readCheckpointCertificate(reader, ANY_LIMITS);
    reader.end();
    return { table, certificate };
  } catch (error) {
    if (error instanceof LayoutError) throw new RecoveryError('undecodable', 'epoch', index, error.message);
    throw error;
  }
}

/**
 * What the log says, from the first record to the last. Throws a RecoveryError.
 *
 * Where several records tell of one thing the highest counts, never the first found: of states and stable checkpoints the
 * one with the highest sequence, of the prepared certificates of a slot the one of the highest view. What a stable
 * checkpoint covers is dropped as soon as the checkpoint is read, so that memory is bounded by the window, not by the log.
 */
export function recover(records: Iterable<LogRecord>, options: RecoveryOptions): RecoveredVotes {
  const recovery = new Recovery(options);
  let index = 0;
  for (const record of records) recovery.take(record, index++);
  return recovery.result();
}

const slotKey = (sequence: Sequence, digest: Digest): string => `${String(sequence)} ${digest}`;

class Recovery {
  private state: RecoveredVotes['state'];
  private stable: RecoveredVotes['stable'];
  private votes: Signed[] = [];
  /** By slot and digest: a batch may have been proposed for two slots. */
  private readonly batches = new Map<string, { readonly sequence: Sequence; readonly batch: Batch }>();
  private readonly prepared = new Map<Sequence, RecoveredVotes['prepared'][number]>();
  private readonly newViews: Signed<NewView>[] = [];
  /** By digest: the base of a newer file repeats some. */
  private readonly proposals = new Map<Digest, Signed<Proposal>>();
  private locked: BlockReference | undefined;
  private abstained: View | undefined;
  /** Of kinds that bind for a whole view the newest counts, whatever is stable: heights say nothing about views. */
  private readonly newest = new Map<MessageKind, Signed>();
  private readonly evidence: RecoveredVotes['evidence'][number][] = [];

  constructor(private readonly options: RecoveryOptions) {}

  take(record: LogRecord, index: number): void {
    const kind = KIND_OF_CODE.get(record.kind);
    if (kind === undefined) throw new RecoveryError('unknown_kind', record.kind, index, 'no such kind');
    try {
      this.read(kind, record, index);
    } catch (error) {
      if (error instanceof LayoutError) throw new RecoveryError('undecodable', kind, index, error.message);
      throw error;
    }
  }

  result(): RecoveredVotes {
    return {
      state: this.state,
      stable: this.stable,
      votes: [...new Set([...this.votes.map((vote) => this.withBatch(vote)), ...this.newest.values()])],
      proposals: [...this.proposals.values()],
      locked: this.locked,
      abstained: this.abstained,
      batches: [...this.batches.values()],
      prepared: [...this.prepared.values()].sort((a, b) => a.sequence - b.sequence),
      newViews: this.newViews,
      evidence: this.evidence,
    };
  }

  private read(kind: DurableKind, record: LogRecord, index: number): void {
    const { hash, widest } = this.options;
    // In an array of its own: a view would keep the whole file in memory for as long as the smallest part of it.
    const payload = new Uint8Array(record.payload);
    const reader = new Reader(payload);
    switch (kind) {
      case 'vote': {
        const vote = this.message(payload, kind, index);
        if (vote !== undefined) this.takeVote(vote, index);
        return;
      }
      case 'epoch':
        // Read by recoverEpochs, before anything else.
        return;
      case 'batch': {
        const batch = decodeBatch(hash, payload, widest);
        const sequence = record.sequence as Sequence;
        if (sequence > this.stableSequence) this.batches.set(slotKey(sequence, batch.digest), { sequence, batch });
        return;
      }
      case 'prepared': {
        // Of an older epoch it may have more signers than this one has members; its place tells that nobody needs it.
        const certificate = readPreparedCertificate(reader, widest);
        reader.end();
        const { sequence, view } = certificate;
        const known = this.prepared.get(sequence);
        if (sequence > this.stableSequence && (known === undefined || known.view < view)) {
          this.prepared.set(sequence, certificate);
        }
        return;
      }
      case 'newView': {
        const message = this.message(payload, kind, index);
        if (message === undefined) return;
        if (message.kind !== 'newView') throw new LayoutError(`a ${message.kind} in its place`);
        this.newViews.push(message);
        return;
      }
      case 'proposal': {
        const message = this.message(payload, kind, index);
        if (message === undefined) return;
        if (message.kind !== 'proposal') throw new LayoutError(`a ${message.kind} in its place`);
        if (message.sequence > this.stableSequence) this.proposals.set(message.digest, message);
        return;
      }
      case 'lock': {
        const epoch = reader.u64();
        const locked = { view: reader.u64() as View, digest: reader.digest() };
        reader.end();
        if (epoch > this.options.epoch) throw this.fromAhead(kind, index, epoch);
        if (epoch === this.options.epoch && locked.view > (this.locked?.view ?? -1)) this.locked = locked;
        return;
      }
      case 'abstention': {
        const epoch = reader.u64();
        const through = reader.u64() as View;
        reader.end();
        if (epoch > this.options.epoch) throw this.fromAhead(kind, index, epoch);
        if (epoch === this.options.epoch && through > (this.abstained ?? -1)) this.abstained = through;
        return;
      }
      case 'state': {
        this.state = newerState(this.state, reader);
        return;
      }
      case 'stable': {
        const certificate = readCheckpointCertificate(reader, widest);
        reader.end();
        if (certificate.sequence <= this.stableSequence) return;
        this.stable = certificate;
        this.dropThrough(certificate.sequence);
        return;
      }
      case 'evidence':
        this.evidence.push(decodeEvidence(hash, reader, this.options.limitsOf));
        return;
    }
  }

  private get stableSequence(): number {
    return this.stable?.sequence ?? this.options.limits.baseSequence;
  }

  private takeVote(vote: Signed, index: number): void {
    const { self } = this.options;
    if (vote.sender !== self) {
      throw new RecoveryError('foreign', 'vote', index, `sealed by member ${String(vote.sender)}, not ${String(self)}`);
    }
    if (vote.kind === 'proposal' || vote.kind === 'vote' || vote.kind === 'timeout') {
      const known = this.newest.get(vote.kind);
      if (known !== undefined && contradict(known, vote))
        throw new RecoveryError('contradictory', 'vote', index, `a second ${vote.kind} for view ${String(vote.view)}`);
      if (known === undefined || known.view < vote.view) this.newest.set(vote.kind, vote);
      // A proposal is also a block, which others ask for.
      if (vote.kind !== 'proposal') return;
    }
    if (isNeeded(vote, this.stableSequence)) this.votes.push(vote);
  }

  private fromAhead(kind: DurableKind, index: number, said: number): RecoveryError {
    return new RecoveryError(
      'foreign',
      kind,
      index,
      `of epoch ${String(said)}, here it is ${String(this.options.epoch)}`,
    );
  }

  /** Undefined for one of an older epoch: it binds nothing any more, and may be larger than this one's bounds. */
  private message(payload: Uint8Array, kind: DurableKind, index: number): Signed | undefined {
    const { hash, limits, epoch } = this.options;
    const said = epochOfMessage(payload);
    if (said > epoch) throw this.fromAhead(kind, index, said);
    if (said < epoch) return undefined;
    const frame = decodeFrame(payload, limits);
    const message = isRejection(frame) ? frame : decodePayload(hash, frame, limits);
    if (isRejection(message)) {
      throw new RecoveryError('undecodable', kind, index, `${message.code}: ${message.reason}`);
    }
    return message;
  }

  private dropThrough(stable: Sequence): void {
    this.votes = this.votes.filter((vote) => isNeeded(vote, stable));
    for (const [digest, { sequence }] of this.proposals) if (sequence <= stable) this.proposals.delete(digest);
    for (const [key, { sequence }] of this.batches) if (sequence <= stable) this.batches.delete(key);
    for (const sequence of this.prepared.keys()) if (sequence <= stable) this.prepared.delete(sequence);
  }

  /** A proposal's batch may stand in a record of its own, once; the digest that is signed is the batch's. */
  private withBatch(vote: Signed): Signed {
    if (vote.kind !== 'prePrepare' || vote.batch !== undefined) return vote;
    const held = this.batches.get(slotKey(vote.sequence, vote.digest));
    return held === undefined ? vote : { ...vote, batch: held.batch };
  }
}

/** A slot's votes end with its stability, except the CHECKPOINT itself: members that lag ask for it. */
function isNeeded({ kind, sequence }: Signed, stable: number): boolean {
  switch (kind) {
    case 'prePrepare':
    case 'prepare':
    case 'commit':
    case 'proposal':
      return sequence > stable;
    case 'checkpoint':
      return sequence >= stable;
    default:
      return true;
  }
}
