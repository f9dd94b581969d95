import { randomBytes } from 'node:crypto';
import { nativeHash, type KeyPair } from '@concordat/crypto';
import { connectBus, type NatsBus } from '@concordat/nats';
import {
  decodeFrame,
  decodePayload,
  digest,
  isRejection,
  sequence,
  subjectsOf,
  toHex,
  view,
  type Committee,
  type Draft,
  type Epochs,
  type Fetch,
  type NodeId,
  type Signed,
  type SnapshotOffer,
} from '@concordat/protocol';
import { sealedBy } from './liar';
import type { Swarm } from './swarm';
import { until } from './until';

const STATUS_INTERVAL_MS = 50;
const CHUNK_BYTES = 65_536;
const nowhere = { view: view(0), sequence: sequence(0) } as const;
const someDigest = () => digest(toHex(randomBytes(32)));

/**
 * A member's key in the hands of somebody who helps whoever is behind, and lies: it proves that epochs ended, offers the
 * state that a quorum certified, and sends other bytes for its chunks and forged certificates for decisions.
 */
export class CatchUpLiar {
  /** Answers that were lies, by kind. */
  readonly lies = { chunk: 0, decided: 0 };
  private offer: Signed<SnapshotOffer> | undefined;
  private readonly heartbeat: NodeJS.Timeout;

  private constructor(
    private readonly swarm: Swarm,
    private readonly name: NodeId,
    private readonly key: KeyPair,
    private readonly epochs: Epochs,
    private readonly bus: NatsBus,
    private readonly victim: NodeId,
  ) {
    bus.subscribe(subjectsOf(swarm.genesis.swarm).allDirect(name), (bytes) => this.onMessage(bytes));
    this.heartbeat = setInterval(() => this.announce(), STATUS_INTERVAL_MS);
  }

  /** `epochs`: those of the swarm now. `victim`: whom it tells of them. */
  static async connect(
    swarm: Swarm,
    { name, key, epochs, victim }: { name: NodeId; key: KeyPair; epochs: Epochs; victim: NodeId },
  ): Promise<CatchUpLiar> {
    const bus = await connectBus({ url: swarm.nats.url, name: 'liar' });
    return new CatchUpLiar(swarm, name, key, epochs, bus, victim);
  }

  /** Gets the offer of an honest member, as any member may. */
  async learnOffer(from: NodeId): Promise<void> {
    const snapshot = { sequence: sequence(1), from: 0, count: 0 };
    const nothing = { batches: [], viewChanges: [], envelopes: [], decided: undefined };
    await until('an honest member offers its state', 20_000, () => {
      this.send(from, { kind: 'fetch', ...nowhere, origin: this.name, ...nothing, snapshot });
      return Promise.resolve(this.offer);
    });
  }

  async close(): Promise<void> {
    clearInterval(this.heartbeat);
    await this.bus.close();
  }

  private get committee(): Committee {
    return this.epochs.newest;
  }

  private announce(): void {
    if (this.offer === undefined) return;
    for (const change of this.epochs.changesAfter(this.swarm.genesis.table.epoch, 8))
      this.send(this.victim, { kind: 'epochChange', view: view(0), sequence: change.certificate.sequence, change });
    const executed = sequence(this.offer.certificate.sequence + 1_000_000);
    this.send(this.victim, {
      kind: 'status',
      view: view(0),
      sequence: executed,
      promisedView: view(0),
      stableSequence: this.offer.certificate.sequence,
      oldestSequence: sequence(1),
      headDigest: someDigest(),
      slots: [],
      waiting: [],
      viewChangesHeld: [],
      silent: [],
    });
  }

  private onMessage(bytes: Uint8Array): void {
    const { limits } = this.epochs;
    const frame = decodeFrame(bytes, limits);
    const message = isRejection(frame) ? frame : decodePayload(nativeHash, frame, limits);
    if (isRejection(message)) return;
    if (message.kind === 'snapshot') this.offer ??= message;
    else if (message.kind === 'fetch') this.answer(message);
  }

  private answer({ origin, decided, snapshot }: Fetch): void {
    if (this.offer === undefined) return;
    const { certificate, shape } = this.offer;
    if (snapshot?.count === 0)
      this.send(origin, { kind: 'snapshot', view: view(0), sequence: certificate.sequence, certificate, shape });
    for (let index = snapshot?.from ?? 0; index < (snapshot?.from ?? 0) + (snapshot?.count ?? 0); index++) {
      this.lies.chunk++;
      const wrong = new Uint8Array(randomBytes(Math.min(CHUNK_BYTES, shape.bytes)));
      this.send(origin, {
        kind: 'chunk',
        view: view(0),
        sequence: certificate.sequence,
        index,
        bytes: wrong,
        path: [],
      });
    }
    if (decided === undefined) return;
    this.lies.decided++;
    const signatures = this.committee.indexesInOrder.map((sender) => ({
      sender,
      signature: new Uint8Array(randomBytes(64)),
    }));
    const forged = { view: view(0), sequence: decided.from, digest: someDigest(), signatures };
    this.send(origin, {
      kind: 'decided',
      view: view(0),
      sequence: decided.from,
      batch: undefined,
      certificate: forged,
    });
  }

  private send(to: NodeId, draft: Draft): void {
    const subject = subjectsOf(this.swarm.genesis.swarm).direct(to, this.name, draft.kind);
    this.bus.publish(subject, sealedBy(this.swarm, this.name, this.key, this.committee, draft));
  }
}
