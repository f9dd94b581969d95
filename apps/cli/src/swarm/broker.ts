import { connectBus, findNatsServer, NatsServerError, startNatsServer, type NatsServer } from '@concordat/nats';
import { CliError, EXIT, messageOf } from '../errors';
import { type Guard } from './guard';
import { RestartPolicy } from './restart-policy';

/** The NATS server that a swarm uses. */
export interface Broker {
  readonly url: string;
  /** Ends it, if it is this process's own. */
  stop(): Promise<void>;
}

/** The broker's process has ended without being asked to. */
export interface BrokerEnd {
  /** When it will be started again; undefined for never. */
  readonly restartInMs: number | undefined;
}

const CONNECT_WAIT_MS = 3_000;
const PREFERRED_PORT = 4222;

/** Takes a running server. Rejects with a CliError when nobody answers there. */
export async function useBroker(url: string): Promise<Broker> {
  try {
    const bus = await connectBus({ url, name: 'concordat-up', waitOnFirstConnectMs: CONNECT_WAIT_MS });
    await bus.close();
  } catch (thrown) {
    throw new CliError(EXIT.unreachable, 'NATS_UNREACHABLE', `${messageOf(thrown)}.`, { cause: thrown });
  }
  return { url, stop: () => Promise.resolve() };
}

/** Starts a nats-server on port 4222, or on a free one when that is in use or `anyPort` asks for it. Rejects with a CliError. */
export async function startBroker(options: {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly anyPort: boolean;
  readonly guard: Guard;
  readonly onEnd: (end: BrokerEnd) => void;
}): Promise<Broker> {
  const binary = findNatsServer(options.env);
  if (binary === undefined) {
    const message =
      'there is no nats-server here: install one (https://github.com/nats-io/nats-server/releases), set NATS_SERVER_BIN to its path, or use a running one with --nats URL.';
    throw new CliError(EXIT.no, 'NO_NATS_SERVER', message);
  }
  try {
    const server = options.anyPort ? await startNatsServer({ binary }) : await startPreferred(binary);
    return new OwnBroker(binary, server, options);
  } catch (thrown) {
    throw new CliError(EXIT.no, 'NATS_SERVER_FAILED', `${messageOf(thrown)}.`, { cause: thrown });
  }
}

async function startPreferred(binary: string): Promise<NatsServer> {
  try {
    return await startNatsServer({ binary, port: PREFERRED_PORT });
  } catch (thrown) {
    if (thrown instanceof NatsServerError && thrown.code === 'port_in_use') return startNatsServer({ binary });
    throw thrown;
  }
}

/** A nats-server that is started again, on the same port, when it dies. */
class OwnBroker implements Broker {
  readonly url: string;
  private stopping = false;
  private timer: NodeJS.Timeout | undefined;
  private readonly policy = new RestartPolicy();

  constructor(
    private readonly binary: string,
    private server: NatsServer,
    private readonly options: { readonly guard: Guard; readonly onEnd: (end: BrokerEnd) => void },
  ) {
    this.url = server.url;
    this.watch(server);
  }

  async stop(): Promise<void> {
    this.stopping = true;
    clearTimeout(this.timer);
    await this.server.stop();
  }

  private watch(server: NatsServer): void {
    const startMs = performance.now();
    this.options.guard.watch(server.pid);
    void server.exited.then(() => {
      this.options.guard.forget(server.pid);
      if (!this.stopping) this.onDeath(performance.now() - startMs);
    });
  }

  private onDeath(livedMs: number): void {
    const restartInMs = this.policy.onDeath(livedMs);
    this.options.onEnd({ restartInMs });
    if (restartInMs !== undefined) this.timer = setTimeout(() => void this.restart(), restartInMs);
  }

  private async restart(): Promise<void> {
    try {
      const server = await startNatsServer({ binary: this.binary, port: this.server.port });
      this.server = server;
      if (this.stopping) await server.stop();
      else this.watch(server);
    } catch {
      if (!this.stopping) this.onDeath(0);
    }
  }
}
