import { DebugEvents, Events, type Msg, type NatsConnection, type Status, type Subscription } from 'nats';
import { Backoff } from './backoff';
import {
  type Bus,
  type BusHandler,
  type BusReply,
  type BusState,
  type BusStats,
  type BusStatus,
  type BusSubscription,
  type RequestOptions,
  type SubscribeOptions,
} from './bus';
import { BusClosedError, BusRequestError, BusUnavailableError, PayloadTooLargeError } from './bus-errors';
import { type NatsBusOptions } from './bus-options';
import { faultOf, statusText } from './client-status';
import { settledWithin, withDeadline } from './deadline';
import { HandlerGuard } from './handler-guard';
import { OutboundBudget } from './outbound-budget';
import { replyOf, requestFailure } from './request-outcome';
import { assertPublishable, assertSubscribable } from './subject';

const OUTBOUND_BYTES_MAX = 64 * 1024 * 1024;
const FLUSH_TIMEOUT_MS = 5_000;

/** The Bus over one NATS connection. Made by connectBus. */
export class NatsBus implements Bus {
  private state: BusState = 'connected';
  private payloadBytesMax: number;
  private closing: Promise<void> | undefined;
  private readonly guard: HandlerGuard;
  private readonly budget: OutboundBudget;
  private readonly flushTimeoutMs: number;
  /** Subscriptions that the broker refused: the client drops them, and permissions may be repaired. */
  private readonly refused = new Set<() => void>();
  private readonly counts = {
    sentMessages: 0,
    sentBytes: 0,
    receivedMessages: 0,
    receivedBytes: 0,
    droppedDisconnected: 0,
    droppedOverflow: 0,
  };

  /** `connection` is the client's own, for what the port does not show (the services API). It belongs to this bus. */
  constructor(
    readonly connection: NatsConnection,
    private readonly options: NatsBusOptions,
    private readonly backoff: Backoff,
  ) {
    this.guard = new HandlerGuard(options);
    this.flushTimeoutMs = options.flushTimeoutMs ?? FLUSH_TIMEOUT_MS;
    this.budget = new OutboundBudget(options.outboundBytesMax ?? OUTBOUND_BYTES_MAX, () => connection.flush());
    this.payloadBytesMax = connection.info?.max_payload ?? 0;
    void this.watch();
    void connection.closed().then((cause) => this.onClosed(cause instanceof Error ? cause : undefined));
    this.tell({ kind: 'connected', server: connection.getServer(), reconnected: false });
  }

  get maxPayloadBytes(): number {
    return this.payloadBytesMax;
  }

  status(): BusState {
    return this.state;
  }

  stats(): BusStats {
    return { ...this.counts };
  }

  publish(subject: string, bytes: Uint8Array): boolean {
    this.assertSendable(subject, bytes);
    // The client would keep it in memory until its next attempt to connect, and lose it there.
    if (this.state !== 'connected') return this.dropped('droppedDisconnected');
    if (!this.budget.admits(bytes.length)) return this.dropped('droppedOverflow');
    try {
      this.connection.publish(subject, bytes);
    } catch {
      // Draining or just closed: what is left of the client's own checks.
      return this.dropped('droppedDisconnected');
    }
    this.counts.sentMessages += 1;
    this.counts.sentBytes += bytes.length;
    this.budget.onSent(bytes.length);
    return true;
  }

  subscribe(subject: string, handler: BusHandler, options: SubscribeOptions = {}): BusSubscription {
    assertSubscribable(subject);
    let live: Subscription | undefined;
    const open = (): void => {
      live = this.connection.subscribe(subject, {
        ...options,
        callback: (error, message) => {
          if (error === null) this.deliver(handler, message);
          else this.refused.add(open);
        },
      });
    };
    if (this.state === 'closed' || this.closing !== undefined) throw new BusClosedError('the bus is closed');
    open();
    const unsubscribe = (): void => {
      this.refused.delete(open);
      if (live?.isClosed() === false) live.unsubscribe();
    };
    return { subject, unsubscribe };
  }

  async request(subject: string, bytes: Uint8Array, { timeoutMs }: RequestOptions): Promise<BusReply> {
    this.assertSendable(subject, bytes);
    if (this.state !== 'connected')
      throw new BusRequestError('unavailable', `no connection for a request on ${subject}`);
    try {
      return replyOf(await this.connection.request(subject, bytes, { timeout: timeoutMs }));
    } catch (thrown) {
      throw requestFailure(thrown, subject, timeoutMs);
    }
  }

  async flush(): Promise<void> {
    if (this.state !== 'connected') throw new BusUnavailableError(`the bus is ${this.state}`);
    // The client never settles a flush that was under way when the connection was closed.
    const late = (): Error => new BusUnavailableError(`the broker did not answer within ${this.flushTimeoutMs} ms`);
    try {
      await withDeadline(this.connection.flush(), this.flushTimeoutMs, late);
    } catch (cause) {
      throw cause instanceof BusUnavailableError ? cause : new BusUnavailableError('connection lost', { cause });
    }
  }

  close(): Promise<void> {
    this.closing ??= this.drainAndClose();
    return this.closing;
  }

  private async drainAndClose(): Promise<void> {
    // Without a connection the client's drain() waits for one, and then stays open.
    if (this.state === 'connected') await settledWithin(this.connection.drain(), this.flushTimeoutMs);
    await this.connection.close();
    this.onClosed(undefined);
  }

  private assertSendable(subject: string, bytes: Uint8Array): void {
    assertPublishable(subject);
    if (bytes.length > this.payloadBytesMax) throw new PayloadTooLargeError(bytes.length, this.payloadBytesMax);
  }

  private dropped(reason: 'droppedDisconnected' | 'droppedOverflow'): false {
    this.counts[reason] += 1;
    return false;
  }

  private deliver(handler: BusHandler, message: Msg): void {
    this.counts.receivedMessages += 1;
    this.counts.receivedBytes += message.data.length;
    this.guard.run(handler, message.data, message.subject);
  }

  private async watch(): Promise<void> {
    for await (const status of this.connection.status()) this.onClientStatus(status);
  }

  private onClientStatus(status: Status): void {
    switch (status.type) {
      case DebugEvents.Reconnecting:
        this.backoff.onAttempt();
        break;
      case Events.Disconnect:
        this.onDisconnected(statusText(status));
        break;
      case Events.Reconnect:
        this.onReconnected(statusText(status));
        break;
      case Events.LDM:
        this.tell({ kind: 'lameDuck', server: statusText(status) });
        break;
      case Events.Error:
        this.tell(faultOf(status, this.connection));
        break;
      default: // the client's own steps
    }
  }

  private onDisconnected(server: string): void {
    // The client repeats itself when a reconnect fails half-way.
    if (this.state !== 'connected') return;
    this.state = 'disconnected';
    this.tell({ kind: 'disconnected', server });
  }

  private onReconnected(server: string): void {
    if (this.state !== 'disconnected') return;
    this.state = 'connected';
    this.backoff.reset();
    this.budget.reset();
    this.payloadBytesMax = this.connection.info?.max_payload ?? this.payloadBytesMax;
    const refused = [...this.refused];
    this.refused.clear();
    if (!this.connection.isDraining()) for (const open of refused) open();
    this.tell({ kind: 'connected', server, reconnected: true });
  }

  private onClosed(cause: Error | undefined): void {
    if (this.state === 'closed') return;
    this.state = 'closed';
    this.tell(cause === undefined ? { kind: 'closed' } : { kind: 'closed', cause });
  }

  private tell(status: BusStatus): void {
    this.guard.notify(() => this.options.onStatus?.(status));
  }
}
