import 'reflect-metadata';
import { type INestMicroservice, Logger, Module, type Type } from '@nestjs/common';
import { NestApplicationContextOptions } from '@nestjs/common/interfaces/nest-application-context-options.interface';
import { NestFactory } from '@nestjs/core';
import { type NatsConnection, connect } from 'nats';
import { connectBus } from '../connect-bus';
import { type NatsBus } from '../nats-bus';
import { type NatsServer, type NatsServerOptions } from '../nats-server';
import { type NatsServiceOptions, NatsServiceStrategy } from '../nats-service-strategy';
import { ServiceErrorFilter } from '../service-error-filter';
import { startBroker } from './broker';

Logger.overrideLogger(false);

/** One answer, as a plain NATS client sees it. */
export interface Answer {
  readonly body: unknown;
  readonly code: string | undefined;
  readonly message: string | undefined;
}

/** One member's API. */
export interface ServiceMember {
  readonly strategy: NatsServiceStrategy;
  readonly bus: NatsBus;
  /** What went to the log: the error's message, and the log's. */
  readonly logged: string[];
  close(): Promise<void>;
}

/** A broker, members that answer there, and a plain client. */
export class ServiceSwarm {
  private readonly members: ServiceMember[] = [];

  private constructor(
    readonly broker: NatsServer,
    readonly client: NatsConnection,
  ) {}

  /** Starts the broker. */
  static async start(options: Partial<NatsServerOptions> = {}): Promise<ServiceSwarm> {
    const broker = await startBroker(options);
    return new ServiceSwarm(broker, await connect({ servers: broker.url, reconnect: false }));
  }

  /** Starts a member whose API is `controller`. Its replies lack the node's name unless the controller adds it. */
  async member(
    controller: Type,
    options: Partial<NatsServiceOptions> & { readonly user?: string } = {},
  ): Promise<ServiceMember> {
    const url =
      options.user === undefined ? this.broker.url : this.broker.url.replace('//', `//${options.user}:secret@`);
    const bus = await connectBus({ url, name: 'member', reconnectDelayMinMs: 5, reconnectDelayMaxMs: 20 });
    const logged: string[] = [];
    const logger = {
      error: (fields: Readonly<Record<string, unknown>>, what: string) =>
        logged.push(`${String(fields['err'])} | ${what}`),
    };
    const strategy = new NatsServiceStrategy({
      bus,
      swarm: 's1',
      node: 'n1',
      version: '1.2.3',
      ready: true,
      logger,
      ...options,
    });
    @Module({ controllers: [controller] })
    class Api {}
    const transport = Object.assign(new NestApplicationContextOptions(), { strategy });
    const app: INestMicroservice = await NestFactory.createMicroservice(Api, transport);
    app.useGlobalFilters(new ServiceErrorFilter());
    const close = async (): Promise<void> => {
      await app.close();
      await bus.close();
    };
    const member: ServiceMember = { strategy, bus, logged, close };
    try {
      await app.listen();
    } catch (error) {
      await bus.close();
      throw error;
    }
    this.members.push(member);
    return member;
  }

  /** Asks as `nats req` does: text in, JSON out. */
  async ask(
    subject: string,
    payload: string | Uint8Array = '',
    headers?: Parameters<NatsConnection['request']>[2],
  ): Promise<Answer> {
    const reply = await this.client.request(subject, payload, { timeout: 5_000, ...headers });
    const text = reply.string();
    return {
      body: JSON.parse(text) as unknown,
      code: reply.headers?.get('Nats-Service-Error-Code'),
      message: reply.headers?.get('Nats-Service-Error'),
    };
  }

  /** Stops the members, not the broker. */
  async closeMembers(): Promise<void> {
    await Promise.all(this.members.splice(0).map((member) => member.close()));
  }

  /** Stops everything. */
  async close(): Promise<void> {
    await this.closeMembers();
    await this.client.close();
    await this.broker.stop();
  }
}
