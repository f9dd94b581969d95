/** How the command ends: scripts rely on it. */
export const EXIT = {
  /** Done, decided, or it holds. */
  done: 0,
  /** Not decided, or it does not hold. */
  no: 1,
  /** The command line or the request is wrong. */
  usage: 2,
  /** Nobody answers. */
  unreachable: 3,
} as const;

/** A value of EXIT. */
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** A fault that the person at the keyboard can understand: its message is one sentence. `code` is for machines. */
export class CliError extends Error {
  override readonly name = 'CliError';

  constructor(
    readonly exitCode: ExitCode,
    readonly code: string,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/** The command line asks for something that cannot be. */
export const usageError = (message: string, options?: ErrorOptions): CliError =>
  new CliError(EXIT.usage, 'USAGE', message, options);

/** The thrown value's message. */
export const messageOf = (thrown: unknown): string => (thrown instanceof Error ? thrown.message : String(thrown));

/** The system's code of a failed call (`ENOENT`, `EADDRINUSE`), or undefined. */
export const systemCode = (thrown: unknown): string | undefined => {
  const code = (thrown as { code?: unknown } | null)?.code;
  return typeof code === 'string' ? code : undefined;
};
