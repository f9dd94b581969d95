import 'reflect-metadata';
import { type RunningNode, startNode } from './start/start-node';

/** How the process ends. */
const EXIT = { stopped: 0, failed: 1, refused: 2 } as const;
const STOP_TIMEOUT_MS = 1_900;
const VERSION = '0.1.0';

/** One line on standard error, and the end. Whatever waits for the disk or the network is given up: it may not leave any more. */
function die(message: string, code: number = EXIT.failed): never {
  process.stderr.write(`consensus-node: ${message.replaceAll('\n', ' ')}\n`);
  process.exit(code);
}

const messageOf = (thrown: unknown): string => (thrown instanceof Error ? thrown.message : String(thrown));

async function stopOnSignal(starting: Promise<RunningNode>, signal: string): Promise<never> {
  setTimeout(() => die(`did not stop within ${STOP_TIMEOUT_MS} ms of ${signal}`), STOP_TIMEOUT_MS).unref();
  try {
    const node = await starting;
    await node.stop();
  } catch (thrown) {
    die(messageOf(thrown));
  }
  process.exit(EXIT.stopped);
}

function main(): void {
  process.on('uncaughtException', (error) => die(`${error.name}: ${error.message}`));
  process.on('unhandledRejection', (thrown) => die(messageOf(thrown)));
  const starting = startNode({ env: process.env, version: VERSION, onFatal: (message) => die(message) });
  let stopping = false;
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.on(signal, () => {
      if (!stopping) void stopOnSignal(starting, signal);
      stopping = true;
    });
  }
  starting.catch((thrown: unknown) => die(messageOf(thrown), EXIT.refused));
}

main();
