import {
  Committee,
  decodeEpochTable,
  encodeEpochTable,
  equalBytes,
  fromBase64Url,
  invariant,
  LayoutError,
  type Writer,
  type Digest,
  type Epoch,
  type EpochTable,
  type Hash,
  type NodeId,
  type Reader,
  type Sequence,
} from '@concordat/protocol';
import { Authorities, type KeyVerifier } from './authorities';
import { changedTable } from './change';
import { KnownKeys, KNOWN_KEYS_MAX } from './known-keys';
import type { JoinOperation, Operation, RotateOperation } from './operation';
import { isRefusal, refuse, type Refusal } from './refusal';
import { joinProofBytes, operationBytes, parseSystemRequest } from './system-request';

/** What a Membership is made of. */
export interface MembershipOptions {
  readonly hash: Hash;
  readonly swarmId: Digest;
  /** Table of the epoch. */
  readonly table: EpochTable;
  readonly verify: KeyVerifier;
  /** Says whether `proof` proves that `accused` is Byzantine. A function of the bytes: the same on every member. */
  readonly proves: (proof: Uint8Array, accused: NodeId) => boolean;
}

/**
 * Why a system request changes nothing: nobody can read it, nobody who may ask for it approves it, its nonce is used, or the
 * rules forbid it. Only the first two leave its nonce unused.
 */
export type RefusalKind = 'unreadable' | 'unauthorised' | 'nonce-used' | 'forbidden';

/** Result of one system request, for whoever asked: same on every member. */
export interface ChangeResult {
  readonly accepted: boolean;
  /** Kind of the operation; '' when it could not be read. */
  readonly kind: string;
  /** Whom it is about; '' when it could not be read. */
  readonly nodeId: string;
  /** '' when accepted. */
  readonly reason: string;
  /** Undefined when accepted. */
  readonly refusal: RefusalKind | undefined;
  /** Last sequence before it takes effect; 0 when refused. */
  readonly boundary: Sequence;
  /** Epoch in which it takes effect; the current one when refused. */
  readonly epoch: Epoch;
}

/** A new key's claim may name a sequence that lies so far back: it was made for this swarm as it is now. */
export const JOIN_PROOF_AGE_MAX = 100_000;

const LAYOUT = 1;
const TABLE_BYTES_MAX = 1 << 21;

/**
 * The member table as replicated state (Spec §7): system requests change the table of the next epoch, which begins after the
 * boundary. Every member judges them on its own and comes to the same.
 */
export class Membership {
  private readonly authorities: Authorities;
  private knownKeys: KnownKeys;
  private pending: EpochTable | undefined;

  constructor(private readonly options: MembershipOptions) {
    const { hash, table, verify } = options;
    this.authorities = new Authorities(new Committee(table, hash), verify);
    this.knownKeys = new KnownKeys(hash);
    for (const { publicKey } of table.members) this.knownKeys.add(publicKey);
  }

  /** Last sequence of this epoch, once a change is pending; 0 for none. */
  get boundary(): Sequence {
    return this.pending?.baseSequence ?? (0 as Sequence);
  }

  /** Table of the next epoch as decided so far; undefined when nothing is pending. */
  get next(): EpochTable | undefined {
    return this.pending;
  }

  /** Executes one system request at `sequence`. */
  execute(sequence: Sequence, value: Uint8Array): ChangeResult {
    const { table } = this.options;
    invariant(
      sequence > table.baseSequence && (this.pending === undefined || sequence <= this.boundary),
      `sequence ${String(sequence)} is of epoch ${String(table.epoch)}`,
    );
    const request = parseSystemRequest(value);
    if (isRefusal(request)) return this.refused(undefined, 'unreadable', request);
    const { operation, approvals } = request;
    const authority = this.authorities.of(approvals, operationBytes(this.options.swarmId, operation));
    if (authority === undefined) {
      const reason = refuse('approved neither by one operator nor by a quorum of the members');
      return this.refused(operation, 'unauthorised', reason);
    }
    const used = this.authorities.use(authority, operation.nonce);
    if (used !== undefined) return this.refused(operation, 'nonce-used', used);
    // The nonce is used up now, whatever the rules say: else it could be replayed once they say otherwise.
    const changed = this.judge(sequence, operation);
    if (isRefusal(changed)) return this.refused(operation, 'forbidden', changed);
    this.pending = changed;
    if ('public_key' in operation) this.knownKeys.add(fromBase64Url(operation.public_key));
    return {
      accepted: true,
      kind: operation.kind,
      nodeId: operation.node_id,
      reason: '',
      refusal: undefined,
      boundary: this.boundary,
      epoch: changed.epoch,
    };
  }

  /** Appends everything, in its one encoding. */
  write(writer: Writer): void {
    writer.u8(LAYOUT);
    this.authorities.write(writer);
    this.knownKeys.write(writer);
    writer.long(this.pending === undefined ? new Uint8Array(0) : encodeEpochTable(this.pending));
  }

  /** Reads what `write` wrote into this fresh instance of the same epoch. Throws a LayoutError; this one is useless then. */
  read(reader: Reader): void {
    const layout = reader.u8();
    if (layout !== LAYOUT) throw new LayoutError(`membership layout ${String(layout)} is unknown`);
    this.authorities.read(reader);
    this.knownKeys = KnownKeys.read(this.options.hash, reader);
    const table = reader.long(TABLE_BYTES_MAX);
    this.pending = table.length === 0 ? undefined : decodeEpochTable(table);
    this.checkRead();
  }

  /** Membership of the epoch that begins with `next`: nonces and known keys stay, nothing is pending. */
  succeed(): Membership {
    invariant(this.pending !== undefined, 'an epoch follows once a change is pending');
    const next = new Membership({ ...this.options, table: this.pending });
    next.authorities.inherit(this.authorities, this.options.table);
    next.knownKeys = this.knownKeys.copy();
    return next;
  }

  private judge(sequence: Sequence, operation: Operation): EpochTable | Refusal {
    const { proves } = this.options;
    const changed = changedTable(this.pending ?? this.firstPending(sequence), operation);
    if (isRefusal(changed)) return changed;
    if (operation.kind === 'isolate' && !proves(fromBase64Url(operation.proof), operation.node_id as NodeId))
      return refuse(`the proof proves nothing against ${operation.node_id}`);
    if (operation.kind === 'join' || operation.kind === 'rotate')
      return this.newKeyRefusal(sequence, operation) ?? changed;
    return changed;
  }

  /**
   * This epoch's table as the next one's. The boundary is the first checkpoint at or above s + L: nothing beyond it can have
   * been voted on before the change at s was executed everywhere it matters (Spec §7).
   */
  private firstPending(sequence: Sequence): EpochTable {
    const { table } = this.options;
    const { checkpointInterval, windowSize } = table;
    const boundary = Math.ceil((sequence + windowSize) / checkpointInterval) * checkpointInterval;
    return { ...table, epoch: (table.epoch + 1) as Epoch, baseSequence: boundary as Sequence };
  }

  private newKeyRefusal(sequence: Sequence, operation: JoinOperation | RotateOperation): Refusal | undefined {
    const { table, swarmId, verify } = this.options;
    const publicKey = fromBase64Url(operation.public_key);
    if (operation.epoch !== table.epoch)
      return refuse(`the key's proof is for epoch ${String(operation.epoch)}, this is ${String(table.epoch)}`);
    if (operation.stable_sequence > sequence)
      return refuse(`the key's proof names sequence ${String(operation.stable_sequence)}, which is to come`);
    if (operation.stable_sequence < sequence - JOIN_PROOF_AGE_MAX)
      return refuse(`the key's proof is more than ${String(JOIN_PROOF_AGE_MAX)} sequences old`);
    if (this.knownKeys.has(publicKey)) return refuse('the key stood in a table of this swarm before');
    if (this.knownKeys.isFull) return refuse(`this swarm has seen ${String(KNOWN_KEYS_MAX)} keys, its maximum`);
    const claim = joinProofBytes(swarmId, {
      epoch: table.epoch,
      stableSequence: operation.stable_sequence as Sequence,
      nodeId: operation.node_id as NodeId,
      publicKey,
    });
    if (!verify(publicKey, claim, fromBase64Url(operation.proof_of_possession)))
      return refuse('the proof of possession does not hold');
    return undefined;
  }

  private refused(operation: Operation | undefined, refusal: RefusalKind, { refused }: Refusal): ChangeResult {
    return {
      accepted: false,
      kind: operation?.kind ?? '',
      nodeId: operation?.node_id ?? '',
      reason: refused,
      refusal,
      boundary: 0 as Sequence,
      epoch: this.options.table.epoch,
    };
  }

  private checkRead(): void {
    const { table } = this.options;
    const { pending } = this;
    for (const { publicKey } of [...table.members, ...(pending?.members ?? [])])
      if (!this.knownKeys.has(publicKey)) throw new LayoutError("a member's key is not among the known ones");
    if (pending === undefined) return;
    if (pending.epoch !== table.epoch + 1 || pending.baseSequence <= table.baseSequence)
      throw new LayoutError('the pending table does not follow the current one');
    const { epoch, baseSequence, f, members } = table;
    if (!equalBytes(encodeEpochTable({ ...pending, epoch, baseSequence, f, members }), encodeEpochTable(table)))
      throw new LayoutError('the pending table changes what no operation changes');
  }
}
