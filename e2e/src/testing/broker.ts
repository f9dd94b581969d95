import { randomInt } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { NatsServerError, startNatsServer, type NatsServer } from '@concordat/nats';
import { natsServerBinary } from './swarm';

/** Below where systems take the ports of outgoing connections: nobody must sit on the broker's port while it is away. */
const PORTS = [15_000, 30_000] as const;
const START_ATTEMPTS = 20;

/** A nats-server with JetStream that can be killed, with all its data, and come back on the same port. */
export class Broker {
  /** Times that it was killed and its data wiped. */
  crashes = 0;

  private constructor(
    private server: NatsServer,
    private readonly folder: string,
  ) {}

  static async start(): Promise<Broker> {
    const folder = mkdtempSync(join(tmpdir(), 'concordat-broker-'));
    for (let attempt = 1; ; attempt++) {
      try {
        return new Broker(await launch(randomInt(...PORTS), folder), folder);
      } catch (error) {
        if (!(error instanceof NatsServerError) || error.code !== 'port_in_use' || attempt === START_ATTEMPTS)
          throw error;
      }
    }
  }

  get url(): string {
    return this.server.url;
  }

  get port(): number {
    return this.server.port;
  }

  /** Kills it and deletes everything that it kept. */
  async crash(): Promise<void> {
    await this.server.stop('SIGKILL');
    const store = storeOf(this.folder);
    if (readdirSync(store).length === 0) throw new Error('the broker kept nothing that could be wiped');
    rmSync(store, { recursive: true });
    this.crashes += 1;
  }

  /** Starts it again, empty, where it was. */
  async restart(): Promise<void> {
    this.server = await launch(this.port, this.folder);
  }

  async stop(): Promise<void> {
    await this.server.stop('SIGKILL');
    rmSync(this.folder, { recursive: true, force: true });
  }
}

const storeOf = (folder: string): string => join(folder, 'store');

function launch(port: number, folder: string): Promise<NatsServer> {
  mkdirSync(storeOf(folder), { recursive: true });
  return startNatsServer({ binary: natsServerBinary(), port, storeDir: storeOf(folder) });
}
