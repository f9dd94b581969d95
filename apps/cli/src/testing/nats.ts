import { findNatsServer, startNatsServer, type NatsServer } from '@concordat/nats';

/** A real nats-server for a test; without one the test fails, it is not skipped. */
export function startTestBroker(): Promise<NatsServer> {
  const binary = findNatsServer(process.env);
  if (binary === undefined) throw new Error('these tests need nats-server: set NATS_SERVER_BIN');
  return startNatsServer({ binary });
}
