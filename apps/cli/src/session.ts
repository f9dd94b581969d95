import { type Command, Option } from 'commander';
import { EXIT, messageOf, usageError, type ExitCode } from './errors';
import { HttpApi } from './http-api';
import { httpUrl } from './options';
import { Output, type Surroundings } from './output';

/** Address that a member listens on when nothing else is said. */
export const DEFAULT_SERVER = 'http://127.0.0.1:8002';

/** Options of commands that ask a member over HTTP. */
export interface ServerOptions {
  readonly server?: string;
}

/** One run of the CLI: what its commands need, and how it ends. */
export class Session {
  /** Exit code of the command that ran. */
  exitCode: ExitCode = EXIT.done;

  constructor(
    readonly surroundings: Surroundings,
    readonly output: Output,
  ) {}

  /** The environment of this process. */
  get env(): Surroundings['env'] {
    return this.surroundings.env;
  }

  /** A command's action: its exit code becomes the run's. */
  action<Arguments extends readonly unknown[]>(
    run: (...args: Arguments) => ExitCode | Promise<ExitCode>,
  ): (...args: Arguments) => Promise<void> {
    return async (...args) => {
      this.exitCode = await run(...args);
    };
  }
}

/** The option of commands that ask a member over HTTP. */
export const serverOption = (): Option =>
  new Option('--server <url>', `the member to ask (default: CONCORDAT_URL, else ${DEFAULT_SERVER})`).argParser(httpUrl);

/** The member that `--server` or CONCORDAT_URL names. Throws a CliError for a CONCORDAT_URL that is no address. */
export function apiOf({ server }: ServerOptions, { env }: Session): HttpApi {
  if (server !== undefined) return new HttpApi(server);
  try {
    return new HttpApi(httpUrl(env['CONCORDAT_URL'] || DEFAULT_SERVER));
  } catch (thrown) {
    throw usageError(`CONCORDAT_URL: ${messageOf(thrown)}`, { cause: thrown });
  }
}

/** Registers a command's name, words and options; the caller adds the action. */
export type Register = (program: Command, session: Session) => void;
