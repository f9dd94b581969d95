import { type Bus, BusClosedError, PayloadTooLargeError } from '@concordat/nats';
import { type MessageKind, type NodeId, subjectsOf } from '@concordat/protocol';
import { type NetworkPort } from '@concordat/replica-host';

/** Subjects that are remembered: more than the largest swarm has of its own. */
const NAMES_MAX = 16_384;

/** The bus as the host wants it: kinds by name, and nothing that throws. */
export class BusNetwork implements NetworkPort {
  private readonly subjects: ReturnType<typeof subjectsOf>;
  /** Made once per subject: thousands of messages a second go to a few dozen of them. Bounded. */
  private readonly names = new Map<string, string>();

  constructor(
    private readonly bus: Pick<Bus, 'publish' | 'flush' | 'subscribe'>,
    swarm: string,
    private readonly self: string,
    /** Told of a message that the broker would not carry. */
    private readonly onUnsendable: (kind: MessageKind, error: Error) => void,
    /** How messages are made shorter for their way. Absent: they are not. */
    private readonly pack?: (kind: MessageKind, bytes: Uint8Array) => Uint8Array,
  ) {
    this.subjects = subjectsOf(swarm);
  }

  broadcast(kind: MessageKind, bytes: Uint8Array): void {
    this.publish(
      kind,
      this.name(kind, () => this.subjects.consensus(this.self, kind)),
      bytes,
    );
  }

  send(receiver: NodeId, kind: MessageKind, bytes: Uint8Array): void {
    this.publish(
      kind,
      this.name(`${receiver} ${kind}`, () => this.subjects.direct(receiver, this.self, kind)),
      bytes,
    );
  }

  flush(): Promise<void> {
    return this.bus.flush();
  }

  /** Hands every message for this member to `receive`, with the name of the node on whose subject it came. */
  listen(receive: (bytes: Uint8Array, via: string) => void): void {
    // bft.<swarm>.consensus.<sender>.<kind> and bft.<swarm>.direct.<receiver>.<sender>.<kind>
    const take =
      (senderToken: number) =>
      (bytes: Uint8Array, subject: string): void =>
        receive(bytes, subject.split('.')[senderToken] ?? '');
    this.bus.subscribe(this.subjects.allConsensus, take(3));
    this.bus.subscribe(this.subjects.allDirect(this.self), take(4));
  }

  private name(key: string, make: () => string): string {
    let name = this.names.get(key);
    if (name === undefined) {
      name = make();
      // Observers are answered under names that they choose.
      if (this.names.size >= NAMES_MAX) this.names.clear();
      this.names.set(key, name);
    }
    return name;
  }

  private publish(kind: MessageKind, subject: string, bytes: Uint8Array): void {
    try {
      this.bus.publish(subject, this.pack?.(kind, bytes) ?? bytes);
    } catch (error) {
      if (!(error instanceof PayloadTooLargeError) && !(error instanceof BusClosedError)) throw error;
      this.onUnsendable(kind, error);
    }
  }
}
