import { findNatsServer } from '../find-nats-server';
import { type NatsServer, type NatsServerOptions, startNatsServer } from '../nats-server';

/** Starts a real nats-server for a test; without one the test fails, it is not skipped. */
export function startBroker(options: Partial<NatsServerOptions> = {}): Promise<NatsServer> {
  const binary = findNatsServer(process.env);
  if (binary === undefined) throw new Error('these tests need nats-server: set NATS_SERVER_BIN');
  return startNatsServer({ binary, ...options });
}
