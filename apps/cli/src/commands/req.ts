import {
  BusConnectError,
  BusRequestError,
  connectBus,
  InvalidSubjectError,
  PayloadTooLargeError,
} from '@concordat/nats';
import { type Command } from 'commander';
import { CliError, EXIT, messageOf, usageError, type ExitCode } from '../errors';
import { integer, natsUrl } from '../options';
import { type Session } from '../session';

interface ReqOptions {
  readonly nats?: string;
  readonly timeoutMs: number;
}

const DEFAULT_NATS = 'nats://127.0.0.1:4222';

/** `concordat req SUBJECT JSON`: a bare NATS request. Exit 1 when the answer is a service error, 3 when there is none. */
export function registerReq(program: Command, session: Session): void {
  program
    .command('req')
    .description('send a bare NATS request, as the nats tool would, and print the reply')
    .argument('<subject>', 'for example bft.local.api.cluster.status')
    .argument('[json]', 'payload, sent as it is', '')
    .option('--nats <url>', `NATS server (default: NATS_URL, else ${DEFAULT_NATS})`, natsUrl)
    .option('--timeout-ms <ms>', 'longest wait for the reply', integer(1, 3_600_000), 10_000)
    .action(
      session.action((subject: string, payload: string, options: ReqOptions) =>
        request(subject, payload, options, session),
      ),
    );
}

async function request(subject: string, payload: string, options: ReqOptions, session: Session): Promise<ExitCode> {
  const url = options.nats ?? session.env['NATS_URL'] ?? DEFAULT_NATS;
  try {
    const bus = await connectBus({ url, name: 'concordat-cli' });
    try {
      const reply = await bus.request(subject, new TextEncoder().encode(payload), { timeoutMs: options.timeoutMs });
      session.surroundings.out(`${new TextDecoder().decode(reply.bytes)}\n`);
      if (reply.error === undefined) return EXIT.done;
      throw new CliError(
        EXIT.no,
        `SERVICE_ERROR_${reply.error.status}`,
        `${subject} answered ${reply.error.status}: ${reply.error.message}`,
      );
    } finally {
      await bus.close();
    }
  } catch (thrown) {
    throw explained(thrown);
  }
}

function explained(thrown: unknown): CliError {
  if (thrown instanceof CliError) return thrown;
  const message = messageOf(thrown);
  if (thrown instanceof BusConnectError)
    return new CliError(EXIT.unreachable, 'UNREACHABLE', message, { cause: thrown });
  if (thrown instanceof BusRequestError) {
    return new CliError(EXIT.unreachable, thrown.code.toUpperCase(), message, { cause: thrown });
  }
  if (thrown instanceof InvalidSubjectError || thrown instanceof PayloadTooLargeError)
    return usageError(message, { cause: thrown });
  // What is left comes from a NATS_URL that is no address: the bus itself rejects with its own errors only.
  return usageError(`NATS_URL: ${message}`, { cause: thrown });
}
