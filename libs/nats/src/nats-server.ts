import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createConnection } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { settledWithin, withDeadline } from './deadline';

/** Why a nats-server did not start. */
export type NatsServerFailure = 'port_in_use' | 'exited' | 'timeout';

/** A nats-server that did not start. The message ends with what it said. */
export class NatsServerError extends Error {
  override readonly name = 'NatsServerError';

  constructor(
    readonly code: NatsServerFailure,
    message: string,
  ) {
    super(message);
  }
}

/** Options of startNatsServer. */
export interface NatsServerOptions {
  /** Path of the binary; see findNatsServer. */
  readonly binary: string;
  /** Default 'free': one that nobody uses. */
  readonly port?: number | 'free';
  /** Folder for JetStream, which is off without it. */
  readonly storeDir?: string;
  /** Default 1 MiB, as the server's own. */
  readonly maxPayloadBytes?: number;
  /** More lines for the configuration file: authorization, TLS, a monitoring port. No log file: the log is read. */
  readonly config?: string;
  /** Longest wait until it accepts connections. Default 10000. */
  readonly startTimeoutMs?: number;
  /** Told of every line that it logs. */
  readonly onLog?: (line: string) => void;
}

/** A running nats-server on 127.0.0.1. */
export interface NatsServer {
  readonly url: string;
  readonly port: number;
  readonly pid: number;
  /** Resolves when the process has ended, for whatever reason. */
  readonly exited: Promise<void>;
  /** Ends the process and waits until it is gone. SIGTERM, unless asked otherwise; SIGKILL after five seconds. */
  stop(signal?: NodeJS.Signals): Promise<void>;
}

const LINES_KEPT = 20;
const STOP_TIMEOUT_MS = 5_000;
const LISTENING = /Listening for client connections on .*:(\d+)\s*$/;

function configText(options: NatsServerOptions): string {
  const { port = 'free', storeDir, maxPayloadBytes, config } = options;
  const lines = ['host: "127.0.0.1"', `port: ${port === 'free' ? -1 : port}`];
  if (maxPayloadBytes !== undefined) lines.push(`max_payload: ${maxPayloadBytes}`);
  if (storeDir !== undefined) lines.push(`jetstream { store_dir: ${JSON.stringify(storeDir)} }`);
  if (config !== undefined) lines.push(config);
  return `${lines.join('\n')}\n`;
}

/** Resolves with the port once the server says that it listens; rejects when it ends before. */
function listeningPort(
  child: ChildProcess,
  exited: Promise<void>,
  lines: string[],
  options: NatsServerOptions,
): Promise<number> {
  return new Promise((resolve, reject) => {
    let rest = '';
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      const parts = (rest + text).split('\n');
      rest = parts.pop() ?? '';
      for (const line of parts) {
        lines.push(line);
        if (lines.length > LINES_KEPT) lines.shift();
        options.onLog?.(line);
        const port = LISTENING.exec(line)?.[1];
        if (port !== undefined) resolve(Number(port));
      }
    });
    void exited.then(() => {
      const said = lines.join('\n');
      const inUse = said.includes('address already in use');
      const what = inUse ? `port ${String(options.port)} is in use` : 'nats-server ended at once';
      reject(new NatsServerError(inUse ? 'port_in_use' : 'exited', `${what}: ${said}`));
    });
  });
}

/** Resolves when the server greets a client. */
function greeting(port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = createConnection(port, '127.0.0.1');
    socket.once('data', () => {
      socket.destroy();
      resolve();
    });
    socket.once('error', reject);
    socket.once('end', () => reject(new Error('closed without a greeting')));
  });
}

/**
 * Starts a nats-server on 127.0.0.1 and waits until it accepts clients. It ends with stop(), and when this process exits by
 * itself; a signal that ends this process leaves it running, so an owner that may be signalled calls stop().
 * Rejects with a NatsServerError.
 */
export async function startNatsServer(options: NatsServerOptions): Promise<NatsServer> {
  const folder = mkdtempSync(join(tmpdir(), 'concordat-nats-'));
  const configFile = join(folder, 'nats-server.conf');
  writeFileSync(configFile, configText(options), { mode: 0o600 });
  const child = spawn(options.binary, ['-c', configFile], { stdio: ['ignore', 'ignore', 'pipe'] });
  const lines: string[] = [];
  const kill = (): boolean => child.kill('SIGKILL');
  process.once('exit', kill);
  const exited = new Promise<void>((resolve) => {
    child.once('error', (error) => lines.push(error.message));
    child.once('close', () => {
      process.removeListener('exit', kill);
      rmSync(folder, { recursive: true, force: true });
      resolve();
    });
  });
  const stop = async (signal: NodeJS.Signals = 'SIGTERM'): Promise<void> => {
    child.kill(signal);
    if (await settledWithin(exited, STOP_TIMEOUT_MS)) return;
    kill();
    await exited;
  };
  const timeoutMs = options.startTimeoutMs ?? 10_000;
  const late = (): Error =>
    new NatsServerError('timeout', `nats-server not ready in ${timeoutMs} ms: ${lines.join('\n')}`);
  try {
    const ready = listeningPort(child, exited, lines, options).then(async (port) => greeting(port).then(() => port));
    const port = await withDeadline(ready, timeoutMs, late);
    return { url: `nats://127.0.0.1:${port}`, port, pid: child.pid ?? 0, exited, stop };
  } catch (error) {
    await stop('SIGKILL');
    throw error;
  }
}
