/** What an API answers with when it does not answer: the same over NATS and over HTTP. */
export interface ErrorBody {
  readonly error: {
    /** For machines: upper-case words joined by `_`. */
    readonly code: string;
    /** For people. */
    readonly message: string;
    /** JSON that helps to repair the request. */
    readonly details?: unknown;
  };
}

/** A refusal that the caller is told of in full. `status` is an HTTP status from 400 to 599. */
export class ApiError extends Error {
  override readonly name = 'ApiError';

  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    readonly details?: unknown,
  ) {
    super(message);
  }
}

/** An error as it leaves the process. */
export interface ErrorReply {
  readonly status: number;
  readonly body: ErrorBody;
  /** False for an error that the caller is told nothing about: it belongs in the log. */
  readonly intended: boolean;
}

/** The answer for anything that a handler threw: an ApiError as it is, anything else as 500 INTERNAL without its words. */
export function errorReply(thrown: unknown): ErrorReply {
  if (!(thrown instanceof ApiError)) {
    return { status: 500, body: { error: { code: 'INTERNAL', message: 'internal error' } }, intended: false };
  }
  const { status, code, message, details } = thrown;
  const error = details === undefined ? { code, message } : { code, message, details };
  return { status, body: { error }, intended: true };
}
