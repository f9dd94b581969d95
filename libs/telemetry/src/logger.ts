import { type DestinationStream, destination as fileDescriptor, type Logger, pino, stdTimeFunctions } from 'pino';
import { censor, CENSORED } from './censor';
import { prettyStream } from './pretty';

/** Levels of a log, from all to nothing. */
export const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;
/** One of LOG_LEVELS. */
export type LogLevel = (typeof LOG_LEVELS)[number];

/** Options of createLogger. */
export interface LoggerOptions {
  /** The program's name, in every line. */
  readonly name: string;
  /** Fields in every line, such as swarm and node. */
  readonly fields?: Readonly<Record<string, string | number>>;
  /** Where LOG_LEVEL is looked up. Default: nowhere, and the level is info. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Lines for people instead of JSON. */
  readonly pretty?: boolean;
  /** Default: standard output, written at once so that the last line before an end is not lost. */
  readonly destination?: DestinationStream;
}

type BindingsTaker<Result> = (this: Logger, bindings: object, options?: object) => Result;

function levelOf(env: Readonly<Record<string, string | undefined>>): LogLevel {
  const text = env['LOG_LEVEL'] ?? '';
  if (text === '') return 'info';
  const level = LOG_LEVELS.find((known) => known === text.toLowerCase());
  if (level === undefined) throw new RangeError(`LOG_LEVEL is '${text}', not one of ${LOG_LEVELS.join(', ')}`);
  return level;
}

/** pino gives the fields of a child logger to no formatter. Children inherit from their parent, these methods included. */
function censorBindings(logger: Logger): Logger {
  const { child, setBindings } = logger as unknown as {
    child: BindingsTaker<Logger>;
    setBindings: BindingsTaker<undefined>;
  };
  return Object.assign(logger, {
    child(this: Logger, bindings: object, options?: object) {
      return child.call(this, censor(bindings) as object, options);
    },
    setBindings(this: Logger, bindings: object) {
      setBindings.call(this, censor(bindings) as object);
    },
  });
}

/**
 * Creates a pino logger that writes JSON lines and no secrets: see censor. It covers what is logged beside the message,
 * whatever its depth, and objects formatted into the message; not a secret that is the message.
 * Throws a RangeError for a LOG_LEVEL that does not exist.
 */
export function createLogger(options: LoggerOptions): Logger {
  const { name, fields = {}, env = {}, pretty = false, destination = fileDescriptor({ fd: 1, sync: true }) } = options;
  const logger = pino(
    {
      name,
      level: levelOf(env),
      base: { pid: process.pid, ...(censor(fields) as object) },
      timestamp: stdTimeFunctions.isoTime,
      formatters: {
        level: (level) => ({ level }),
        log: (entry) => censor(entry) as Record<string, unknown>,
      },
      hooks: {
        logMethod(args, method) {
          const [first, ...rest] = args as [string, ...string[]];
          method.apply(this, [first, ...rest.map((argument) => censor(argument) as string)]);
        },
      },
      // censor has turned errors into fields already, and pino's own serializer would take the result for an odd error.
      serializers: { err: (fields: unknown) => fields },
      // Requests and responses are turned into fields after the formatters have run.
      redact: {
        paths: ['req.headers.authorization', 'req.headers.cookie', 'res.headers["set-cookie"]'],
        censor: CENSORED,
      },
    },
    pretty ? prettyStream(destination) : destination,
  );
  return censorBindings(logger);
}
