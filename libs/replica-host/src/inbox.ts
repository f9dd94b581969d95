import type { Authentic, MemberIndex, Millis, Rejection, Verified } from '@concordat/protocol';
import type { HostConfig } from './config';
import { FairQueue } from './fair-queue';
import { Fifo } from './fifo';
import type { Lane } from './ports';

/** Whoever submitted an envelope waits for this to be called, once. */
export type Answer = (rejection: Rejection | undefined) => void;

/** What waits for its step. `at` is the time of its arrival. */
export type Arrival =
  /** Sealed here and durable. */
  | { readonly kind: 'own'; readonly message: Verified }
  /** A whole frame, still to be opened. */
  | { readonly kind: 'frame'; readonly at: Millis; readonly from: MemberIndex; readonly bytes: Uint8Array }
  | { readonly kind: 'submit'; readonly at: Millis; readonly envelope: Authentic; readonly answer: Answer };

/**
 * What arrived and was not stepped yet, bounded per member. First this member's own votes, then consensus, then requests;
 * while both wait, one of the client lane follows so many of the consensus lane, so that neither starves.
 */
export class Inbox {
  private readonly own = new Fifo<Arrival>();
  private readonly lanes: Readonly<Record<Lane, FairQueue<Arrival>>>;
  private consensusInRow = 0;

  constructor(
    private readonly self: MemberIndex,
    private readonly config: HostConfig,
  ) {
    const ofMember = { itemsMax: config.inboxPerMemberMessagesMax, bytesMax: config.inboxPerMemberBytesMax };
    const ofGateway = { itemsMax: config.submitsMax, bytesMax: config.submitBytesMax };
    this.lanes = {
      consensus: new FairQueue(() => ofMember),
      client: new FairQueue((member) => (member === this.self ? ofGateway : ofMember)),
    };
  }

  get size(): number {
    return this.own.size + this.lanes.consensus.size + this.lanes.client.size;
  }

  /** Bounded by what the replica voted and the disk has taken. */
  pushOwn(message: Verified): void {
    this.own.push({ kind: 'own', message });
  }

  /**
   * False when the sender's share of the lane is full: the newest is dropped. Copies the bytes when they are a view, which
   * would keep the socket's whole chunk in memory for as long as they wait.
   */
  pushFrame(lane: Lane, from: MemberIndex, at: Millis, bytes: Uint8Array): boolean {
    const kept = bytes.byteLength === bytes.buffer.byteLength ? bytes : new Uint8Array(bytes);
    return this.lanes[lane].push(from, { kind: 'frame', at, from, bytes: kept }, bytes.length);
  }

  /** False when as much waits of this member's own gateway as may. */
  pushSubmit(at: Millis, envelope: Authentic, answer: Answer): boolean {
    const { bytes } = envelope;
    return this.lanes.client.push(this.self, { kind: 'submit', at, envelope, answer }, bytes.length);
  }

  /** The next one; undefined when nothing waits. */
  take(): Arrival | undefined {
    const own = this.own.shift();
    if (own !== undefined) return own;
    const { consensus, client } = this.lanes;
    const clientsTurn = client.size > 0 && this.consensusInRow >= this.config.consensusPerClient;
    if (consensus.size === 0 || clientsTurn) {
      this.consensusInRow = 0;
      return client.take();
    }
    this.consensusInRow++;
    return consensus.take();
  }

  clear(): void {
    this.own.clear();
    this.lanes.consensus.clear();
    this.lanes.client.clear();
  }
}
