import { connect, type NatsConnection } from 'nats';
import { Backoff } from './backoff';
import { BusConnectError } from './bus-errors';
import { connectionOptions, type NatsBusOptions, serverList } from './bus-options';
import { pause, toError } from './deadline';
import { NatsBus } from './nats-bus';

/**
 * Tries until `deadlineMs` (performance.now). The client's own waitOnFirstConnect cannot be stopped: it would go on trying
 * in the background after the caller has given up.
 */
async function connectBefore(deadlineMs: number, options: NatsBusOptions, backoff: Backoff): Promise<NatsConnection> {
  for (;;) {
    try {
      return await connect(connectionOptions(options, backoff));
    } catch (thrown) {
      const cause = toError(thrown);
      if (performance.now() + backoff.delayMs >= deadlineMs) {
        const waited = options.waitOnFirstConnectMs === undefined ? '' : ` within ${options.waitOnFirstConnectMs} ms`;
        const servers = serverList(options.url).join(', ');
        throw new BusConnectError(`no connection to NATS at ${servers}${waited}: ${cause.message}`, { cause });
      }
      await pause(backoff.delayMs);
      backoff.onAttempt();
    }
  }
}

/**
 * Connects to a NATS broker. Once connected the bus reconnects for ever, with a growing and jittered wait.
 * Rejects with BusConnectError when the first connection fails; see waitOnFirstConnectMs.
 */
export async function connectBus(options: NatsBusOptions): Promise<NatsBus> {
  const backoff = new Backoff({
    delayMinMs: options.reconnectDelayMinMs ?? 100,
    delayMaxMs: options.reconnectDelayMaxMs ?? 2_000,
  });
  const deadlineMs = performance.now() + (options.waitOnFirstConnectMs ?? 0);
  const connection = await connectBefore(deadlineMs, options, backoff);
  backoff.reset();
  return new NatsBus(connection, options, backoff);
}
