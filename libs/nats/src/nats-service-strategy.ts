import { API_VERBS, type ApiVerb, type InvariantError, subjectsOf } from '@concordat/protocol';
import { type CustomTransportStrategy, type MessageHandler, Server } from '@nestjs/microservices';
import { settledWithin, toError } from './deadline';
import { throwOutside } from './handler-guard';
import { type NatsBus } from './nats-bus';
import { ServiceEndpoint, type ServiceLogger } from './service-endpoint';
import { ServiceLifecycle } from './service-lifecycle';

/** Transport of `@MessagePattern(verb, NATS_SERVICE)`, where an application has several. */
export const NATS_SERVICE: unique symbol = Symbol('nats-service');

/** Second argument of `@MessagePattern(verb, extras)`. */
export interface VerbExtras {
  /** The handler takes a Uint8Array, not JSON. */
  readonly raw?: boolean;
  /** Requests of this verb that may be worked on at the same time. */
  readonly inFlightMax?: number;
  /** Largest request of this verb. */
  readonly payloadBytesMax?: number;
}

/** Options of NatsServiceStrategy. */
export interface NatsServiceOptions {
  /** The strategy does not close it. */
  readonly bus: NatsBus;
  readonly swarm: string;
  readonly node: string;
  /** Semantic version, shown by `$SRV.INFO`. */
  readonly version: string;
  /** Name of the service of ready members; that of all members is `<name>-member`. Default 'concordat'. */
  readonly name?: string;
  /** Whether to take requests meant for any ready member from the start. Default false; see setReady. */
  readonly ready?: boolean;
  /** Requests per verb that may be worked on at the same time; more are refused with 503. Default 256. */
  readonly inFlightMax?: number;
  /** Largest request. Default: what the broker carries. */
  readonly payloadBytesMax?: number;
  /** Longest wait in close() for requests that are being worked on. Default 5000. */
  readonly closeTimeoutMs?: number;
  readonly logger: ServiceLogger;
  /** Told of an InvariantError from a handler: this process must stop. Without it the error ends the process. */
  readonly onFatal?: (error: InvariantError) => void;
}

/**
 * Nest transport over the NATS services API. A handler of `@MessagePattern('propose')` answers on
 * `bft.<swarm>.api.propose`, shared with all ready members, and on `bft.<swarm>.api.propose.<node>`, where it answers alone.
 *
 * The two are two services, since one can only be stopped as a whole: `<name>` is there while the member is ready,
 * `<name>-member` always.
 */
export class NatsServiceStrategy extends Server implements CustomTransportStrategy {
  override readonly transportId = NATS_SERVICE;
  private endpoints: readonly ServiceEndpoint[] = [];
  private member: ServiceLifecycle | undefined;
  private shared: ServiceLifecycle | undefined;
  private ready: boolean;
  private changing: Promise<void> = Promise.resolve();

  constructor(private readonly options: NatsServiceOptions) {
    super();
    this.ready = options.ready ?? false;
  }

  /** Called by Nest, once all handlers are known. */
  listen(callback: (error?: Error) => void): void {
    this.start().then(
      () => callback(),
      (thrown: unknown) => callback(toError(thrown)),
    );
  }

  /**
   * A ready member takes requests that are meant for any member; one that is not leaves them to the others, and answers on
   * its own subjects only. Resolves when the broker knows.
   */
  setReady(ready: boolean): Promise<void> {
    this.ready = ready;
    return this.applyReady();
  }

  /** Called by Nest. Takes no more requests and waits for those that are being worked on. */
  async close(): Promise<void> {
    await this.setReady(false);
    await this.member?.stop();
    await settledWithin(
      Promise.all(this.endpoints.map((endpoint) => endpoint.idle())),
      this.options.closeTimeoutMs ?? 5_000,
    );
  }

  /** Nest's hook for a transport's own events, of which there are none: see NatsBusOptions.onStatus. */
  on(event: string): never {
    throw new Error(`the NATS service transport has no event '${event}'`);
  }

  /** The client's connection. */
  unwrap<T>(): T {
    return this.options.bus.connection as T;
  }

  private async start(): Promise<void> {
    const { swarm, node, version, bus, name = 'concordat' } = this.options;
    const handlers: readonly [string, MessageHandler<unknown, unknown, unknown>][] = [...this.messageHandlers];
    this.endpoints = handlers.map(([pattern, handler]) => this.endpointOf(pattern, handler));
    const bySwarm = subjectsOf(swarm);
    const config = { version, metadata: { swarm, node } };
    const subjects = (member?: string) =>
      this.endpoints.map((endpoint) => ({ subject: bySwarm.api(endpoint.options.verb as ApiVerb, member), endpoint }));
    // nats.js 2.29 gives every endpoint a queue group. One that only this member is in answers as if there were none.
    const own = { ...config, name: `${name}-member`, description: `member ${node} of ${swarm}`, queue: node };
    const any = { ...config, name, description: `ready members of ${swarm}`, queue: 'ready' };
    const onLost = (error: Error): void => this.options.logger.error({ err: error }, 'the broker ended a service');
    this.member = new ServiceLifecycle(bus.connection, own, subjects(node), onLost);
    this.shared = new ServiceLifecycle(bus.connection, any, subjects(), onLost);
    await this.member.start();
    await this.applyReady();
  }

  /** One change at a time; the last one asked for stands. */
  private applyReady(): Promise<void> {
    const apply = async (): Promise<void> => {
      await (this.ready ? this.shared?.start() : this.shared?.stop());
      // Not connected: the client registers what there is when it is.
      if (this.options.bus.status() === 'connected') await this.options.bus.flush().catch(() => undefined);
    };
    this.changing = this.changing.then(apply, apply);
    return this.changing;
  }

  private endpointOf(pattern: string, handler: MessageHandler<unknown, unknown, unknown>): ServiceEndpoint {
    const { bus, logger, onFatal = throwOutside } = this.options;
    if (!API_VERBS.some((verb) => verb === pattern)) {
      throw new Error(`@MessagePattern('${pattern}') is no verb of the API (${API_VERBS.join(', ')})`);
    }
    if (handler.isEventHandler === true) throw new Error(`'${pattern}': the API has requests, no @EventPattern`);
    const extras = (handler.extras ?? {}) as VerbExtras;
    return new ServiceEndpoint({
      verb: pattern,
      handler,
      raw: extras.raw ?? false,
      inFlightMax: extras.inFlightMax ?? this.options.inFlightMax ?? 256,
      payloadBytesMax: extras.payloadBytesMax ?? this.options.payloadBytesMax ?? bus.maxPayloadBytes,
      replyBytesMax: () => bus.maxPayloadBytes,
      logger,
      onFatal,
    });
  }
}
