import { type NatsConnection, type Service, type ServiceConfig } from 'nats';
import { toError } from './deadline';
import { type ServiceEndpoint } from './service-endpoint';

/** One subject of a service. */
export interface ServedSubject {
  readonly subject: string;
  readonly endpoint: ServiceEndpoint;
}

/** A verb as an endpoint's name, in which the services API allows no dot. */
const endpointName = (verb: string): string => verb.replaceAll('.', '-');

/**
 * One service of the NATS services API that can be started and stopped again and again.
 *
 * A service is stopped as a whole: the client ends all of it when one of its subscriptions ends, so endpoints cannot come
 * and go one by one.
 */
export class ServiceLifecycle {
  private service: Service | undefined;

  constructor(
    private readonly connection: NatsConnection,
    private readonly config: ServiceConfig,
    private readonly subjects: readonly ServedSubject[],
    /** Told when the service ends by itself: the broker refused one of its subscriptions. */
    private readonly onLost: (error: Error) => void,
  ) {}

  /** Registers all endpoints. Does nothing while the service runs. */
  async start(): Promise<void> {
    if (this.service?.isStopped === false) return;
    const service = await this.connection.services.add({ ...this.config, statsHandler: this.statsOf });
    this.service = service;
    void service.stopped.then((cause) => {
      if (this.service !== service) return;
      this.service = undefined;
      // Closing the connection ends the service too, and without an error.
      if (cause !== null) this.onLost(toError(cause));
    });
    for (const { subject, endpoint } of this.subjects) {
      service.addEndpoint(endpointName(endpoint.options.verb), { subject, handler: endpoint.receive });
    }
  }

  /** Takes no more requests; those that arrived are still answered. Resolves when the broker knows. */
  async stop(): Promise<void> {
    const service = this.service;
    this.service = undefined;
    await service?.stop();
  }

  private readonly statsOf = ({ subject }: { readonly subject: string }): Promise<unknown> =>
    Promise.resolve(this.subjects.find((served) => served.subject === subject)?.endpoint.counts);
}
