import { type ArgumentsHost, Catch, type ExceptionFilter, HttpException } from '@nestjs/common';
import { ApiError, errorReply, type ErrorReply } from '@concordat/nats';
import { InvariantError } from '@concordat/protocol';
import { type MemberLogger } from '../member/member-observer';

/** The part of a Fastify reply that an error needs. */
export interface ErrorSink {
  status(code: number): ErrorSink;
  send(body: unknown): unknown;
}

const CODES: Readonly<Record<number, string>> = {
  400: 'BAD_REQUEST',
  404: 'NOT_FOUND',
  405: 'METHOD_NOT_ALLOWED',
  408: 'REQUEST_TIMEOUT',
  413: 'PAYLOAD_TOO_LARGE',
  414: 'URI_TOO_LONG',
  415: 'UNSUPPORTED_MEDIA_TYPE',
};

function statusOf(thrown: unknown): number | undefined {
  if (thrown instanceof HttpException) return thrown.getStatus();
  const status = (thrown as { readonly statusCode?: unknown } | null)?.statusCode;
  return typeof status === 'number' && status >= 400 && status < 500 ? status : undefined;
}

/** The framework's own refusals as ApiErrors; everything else as it is. */
function asApiError(thrown: unknown): unknown {
  const status = statusOf(thrown);
  if (thrown instanceof ApiError || status === undefined || status >= 500) return thrown;
  const code = CODES[status] ?? 'BAD_REQUEST';
  const message = status === 415 ? 'the content type must be application/json' : (thrown as Error).message;
  return new ApiError(status, code, message);
}

/** What Fastify refuses before there is a route, and so before the filter: paths that are too long or badly escaped. */
export function answerFrameworkError(error: Error, reply: ErrorSink): void {
  const { status, body } = errorReply(asApiError(error));
  reply.status(status).send(body);
}

/** Whatever a request ends with leaves as `{error: {code, message, details}}`. */
@Catch()
export class HttpErrors implements ExceptionFilter<unknown> {
  constructor(
    private readonly logger: Pick<MemberLogger, 'error'>,
    /** Told of an InvariantError: this process must stop. */
    private readonly onFatal: (error: InvariantError) => void,
  ) {}

  catch(thrown: unknown, host: ArgumentsHost): void {
    const reply: ErrorReply = errorReply(asApiError(thrown));
    if (!reply.intended) this.logger.error({ err: thrown }, 'request failed');
    host.switchToHttp().getResponse<ErrorSink>().status(reply.status).send(reply.body);
    if (thrown instanceof InvariantError) this.onFatal(thrown);
  }
}
