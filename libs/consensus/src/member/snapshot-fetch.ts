import {
  FETCH_CHUNKS_MAX,
  OBSERVER,
  reject,
  STATE_CHUNK_BYTES,
  stateChunkCount,
  verifyStateChunk,
  type CheckpointCertificate,
  type NodeId,
  type Rejection,
  type Sequence,
  type SnapshotChunk,
  type SnapshotOffer,
  type Statement,
  type StateShape,
  type Verified,
} from '@concordat/protocol';
import type { SnapshotProgress } from '../replica';
import type { Context } from './context';
import { fetchDraft } from './fetch-draft';

/** Chunks that one FETCH asks for, and all FETCHes together have under way. */
const CHUNKS_PER_REQUEST = Math.min(8, FETCH_CHUNKS_MAX);
const CHUNKS_UNDER_WAY_MAX = 32;
/** Ticks after which what did not come is asked of somebody else. */
const REQUEST_TICKS = 2;
/** Ticks without a single good chunk after which another snapshot is better than this one. */
const STALL_TICKS = 6;

/** Somebody who may have a state. */
export interface SnapshotSource {
  readonly node: NodeId;
  readonly executed: Sequence;
}

/** A state that a quorum certified. */
interface Offer {
  readonly certificate: CheckpointCertificate;
  readonly shape: StateShape;
}

/** What one member was asked for last. */
interface Request {
  /** Indexes that have not come. */
  readonly missing: Set<number>;
  readonly askedAt: number;
  /** Indexes of it that have come. */
  received: number;
}

/** A state on its way. Every chunk in it was verified. */
interface Transfer extends Offer {
  readonly count: number;
  readonly chunks: Map<number, Uint8Array>;
  /** Sent a chunk that is not of this state: not asked again. */
  readonly liars: Set<NodeId>;
  /** Offered another state when asked for this one, or let a request run out: asked again when nobody else is left. */
  readonly passedOver: Set<NodeId>;
  readonly requests: Map<NodeId, Request>;
}

/**
 * Fetches the state after a stable checkpoint, chunk by chunk, from everybody who has it (Spec §10).
 *
 * Nothing here rests on anybody's word: an offer proves itself by its quorum certificate, each chunk by its path. What has
 * been verified stays, whoever goes away, for as long as somebody serves the rest.
 */
export class SnapshotFetch {
  private transfer: Transfer | undefined;
  /** Another offer that came meanwhile: taken when this one is served no more. */
  private other: Offer | undefined;
  private sources: readonly SnapshotSource[] = [];
  /** Whom it asked for something: only their answers are looked at. */
  private readonly asked = new Set<NodeId>();
  /** Decided sequences alone will not do. */
  private starved = false;
  private turn = 0;
  private ticks = 0;
  private progressAt = 0;

  constructor(
    private readonly context: Context,
    /** Puts a whole state in place of this member's. */
    private readonly install: (certificate: CheckpointCertificate, state: Uint8Array) => void,
  ) {}

  /** True while a state comes in: single decisions would only cost bandwidth. */
  get isUnderWay(): boolean {
    return this.transfer !== undefined && !this.isStalled;
  }

  progress(): SnapshotProgress | undefined {
    const { transfer } = this;
    if (transfer === undefined) return undefined;
    const { certificate, chunks, count } = transfer;
    return { sequence: certificate.sequence, chunks: chunks.size, chunksInAll: count };
  }

  /** At each STATUS. `starved`: no supplier has the decision that comes next, or none sends it. */
  onTick(sources: readonly SnapshotSource[], starved: boolean): void {
    this.ticks++;
    this.sources = sources;
    this.starved = starved;
    const { executed } = this.context.ledger;
    if (this.transfer !== undefined && this.transfer.certificate.sequence <= executed) this.abandon();
    if (this.transfer === undefined) {
      const highest = Math.max(executed, ...sources.map((source) => source.executed)) as Sequence;
      if (this.isWanted(highest)) this.askForOffer();
      return;
    }
    this.releaseOverdue(this.transfer);
    if (this.isStalled) this.leaveStalled(this.transfer);
    this.askForChunks();
  }

  /** Whether an offer or a chunk is worth its checks. */
  admit(statement: Statement): Rejection | undefined {
    const node = this.nodeOf(statement);
    if (node === undefined || !this.asked.has(node) || statement.sequence <= this.context.ledger.executed)
      return reject('unsolicited', `${statement.kind} that was not asked for`);
    if (statement.kind === 'chunk' && statement.sequence !== this.transfer?.certificate.sequence)
      return reject('unsolicited', 'a chunk of another state than the one that is fetched');
    return undefined;
  }

  onOffer(message: Verified<SnapshotOffer>): void {
    const node = this.nodeOf(message);
    const refusal = this.admit(message);
    if (refusal !== undefined || node === undefined) {
      if (refusal !== undefined) this.context.reject(this.context.senderHere(message), refusal);
      return;
    }
    const { certificate, shape } = message;
    const { transfer } = this;
    if (transfer === undefined) {
      if (this.isWanted(certificate.sequence)) this.begin({ certificate, shape });
      return;
    }
    if (certificate.sequence === transfer.certificate.sequence) {
      transfer.passedOver.delete(node);
      return;
    }
    transfer.passedOver.add(node);
    transfer.requests.delete(node);
    if (this.other === undefined || this.other.certificate.sequence < certificate.sequence)
      this.other = { certificate, shape };
    if (this.isStalled) this.begin(this.other);
    else this.askForChunks();
  }

  onChunk(message: Verified<SnapshotChunk>): void {
    const { context, transfer } = this;
    const sender = context.senderHere(message);
    const node = this.nodeOf(message);
    const request = node === undefined ? undefined : transfer?.requests.get(node);
    const refusal = this.admit(message);
    if (
      refusal !== undefined ||
      transfer === undefined ||
      node === undefined ||
      request?.missing.has(message.index) !== true
    ) {
      context.reject(sender, refusal ?? reject('unsolicited', `chunk ${String(message.index)} was not asked of it`));
      return;
    }
    if (!verifyStateChunk(context.hash, transfer.shape, message.index, message.bytes, message.path)) {
      transfer.liars.add(node);
      transfer.requests.delete(node);
      const what = `chunk ${String(message.index)} is not of the certified state after ${String(message.sequence)}`;
      context.reject(sender, reject('bad_chunk', what));
      this.askForChunks();
      return;
    }
    request.missing.delete(message.index);
    request.received++;
    transfer.chunks.set(message.index, message.bytes);
    this.progressAt = this.ticks;
    if (transfer.chunks.size === transfer.count) this.complete(transfer);
    else if (request.missing.size === 0) {
      transfer.requests.delete(node);
      this.askForChunks();
    }
  }

  private get isStalled(): boolean {
    return this.ticks - this.progressAt >= STALL_TICKS;
  }

  private isWanted(sequence: Sequence): boolean {
    const { ledger, config } = this.context;
    if (sequence <= ledger.executed) return false;
    return this.starved || sequence - ledger.executed > config.snapshotGap;
  }

  private begin({ certificate, shape }: Offer): void {
    this.other = undefined;
    this.progressAt = this.ticks;
    this.transfer = {
      certificate,
      shape,
      count: stateChunkCount(shape.bytes),
      chunks: new Map(),
      liars: new Set(),
      passedOver: new Set(),
      requests: new Map(),
    };
    this.askForChunks();
  }

  private abandon(): void {
    this.transfer = undefined;
    this.other = undefined;
    this.asked.clear();
  }

  private complete({ certificate, shape, chunks }: Transfer): void {
    const state = new Uint8Array(shape.bytes);
    for (const [index, bytes] of chunks) state.set(bytes, index * STATE_CHUNK_BYTES);
    this.abandon();
    this.install(certificate, state);
  }

  /** What a member did not send in time is asked of others. */
  private releaseOverdue({ requests, passedOver }: Transfer): void {
    for (const [node, { askedAt, received }] of requests) {
      if (this.ticks - askedAt < REQUEST_TICKS) continue;
      requests.delete(node);
      // A part may be all that the member's bounds allowed it to send.
      if (received === 0) passedOver.add(node);
    }
  }

  /** Nobody serves this state, as it seems: another one that was offered, else whatever is offered next. */
  private leaveStalled(transfer: Transfer): void {
    if (this.other !== undefined) {
      this.begin(this.other);
      return;
    }
    transfer.passedOver.clear();
    this.askForOffer();
  }

  private askForOffer(): void {
    const source = this.sources[this.turn++ % this.sources.length];
    if (source === undefined) return;
    const atLeast = (this.context.ledger.executed + 1) as Sequence;
    this.ask(source.node, { sequence: atLeast, from: 0, count: 0 });
  }

  /** Everybody who may have the state has one request under way, as far as the bound for all of them reaches. */
  private askForChunks(): void {
    const { transfer } = this;
    if (transfer === undefined) return;
    const { certificate, requests } = transfer;
    const underWay = new Set([...requests.values()].flatMap(({ missing }) => [...missing]));
    for (const node of this.candidates(transfer)) {
      if (underWay.size >= CHUNKS_UNDER_WAY_MAX) return;
      const range = nextRange(transfer, underWay);
      const [from] = range;
      if (from === undefined) return;
      for (const index of range) underWay.add(index);
      requests.set(node, { missing: new Set(range), askedAt: this.ticks, received: 0 });
      this.ask(node, { sequence: certificate.sequence, from, count: range.length });
    }
  }

  /** Whom to ask now, in turn: who was passed over only when nobody else is left. */
  private candidates({ certificate, liars, passedOver, requests }: Transfer): NodeId[] {
    const able = this.sources
      .filter(({ node, executed }) => executed >= certificate.sequence && !liars.has(node))
      .map(({ node }) => node);
    const willing = able.filter((node) => !passedOver.has(node));
    if (willing.length === 0) passedOver.clear();
    const free = (willing.length > 0 ? willing : able).filter((node) => !requests.has(node));
    const first = free.length === 0 ? 0 : this.turn++ % free.length;
    return [...free.slice(first), ...free.slice(0, first)];
  }

  private ask(node: NodeId, snapshot: { sequence: Sequence; from: number; count: number }): void {
    const { nodeId } = this.context;
    if (node === nodeId) return;
    this.asked.add(node);
    this.context.emit({ kind: 'send', to: this.context.addressOf(node), draft: fetchDraft(nodeId, { snapshot }) });
  }

  private nodeOf({ epoch, sender }: Statement): NodeId | undefined {
    return sender === OBSERVER ? undefined : this.context.epochs.of(epoch)?.member(sender)?.nodeId;
  }
}

/** The first chunks in a row that nobody has sent or was asked for. */
function nextRange({ count, chunks }: Transfer, underWay: ReadonlySet<number>): number[] {
  const range: number[] = [];
  for (let index = 0; index < count && range.length < CHUNKS_PER_REQUEST; index++) {
    if (!chunks.has(index) && !underWay.has(index)) range.push(index);
    else if (range.length > 0) break;
  }
  return range;
}
