import { type LoggerService, type NestApplicationOptions } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { JSON_DEPTH_MAX, readJson } from '@concordat/client';
import { ApiError } from '@concordat/nats';
import { type InvariantError, METADATA_BYTES_MAX, VALUE_BYTES_MAX } from '@concordat/protocol';
import { type NodeMetrics } from '@concordat/telemetry';
import { answerFrameworkError, type ErrorSink, HttpErrors } from './api/http-errors';
import { type MemberPort } from './api/member-port';
import { AppModule } from './app.module';
import { type MemberLogger } from './member/member-observer';

/** What the HTTP application needs. */
export interface HttpAppOptions {
  readonly member: MemberPort;
  readonly metrics: Pick<NodeMetrics, 'scrape'>;
  readonly logger: Pick<MemberLogger, 'error'>;
  readonly onFatal: (error: InvariantError) => void;
  /** Nest's own words; nothing is said without it. */
  readonly nestLogger?: LoggerService;
}

type NestOptions = Pick<NestApplicationOptions, 'logger' | 'abortOnError' | 'bodyParser'>;

/** Value and metadata with every character escaped, and the rest of a body. */
const BODY_BYTES_MAX = 6 * (VALUE_BYTES_MAX + METADATA_BYTES_MAX) + 4_096;
/** A client's id is 43 characters, its nonce 20: no legal path is longer. */
const PARAM_LENGTH_MAX = 256;
const REQUEST_TIMEOUT_MS = 30_000;

/** Every other content type is 415. The depth is checked before anything is parsed: the value stands one level inside. */
function acceptJsonOnly(adapter: FastifyAdapter): void {
  const fastify = adapter.getInstance();
  fastify.removeAllContentTypeParsers();
  fastify.addContentTypeParser<Buffer>('application/json', { parseAs: 'buffer' }, (_request, body, done) => {
    const reading = readJson(body, JSON_DEPTH_MAX + 1);
    if (reading.ok) done(null, reading.value);
    else
      done(
        new ApiError(400, 'MALFORMED_JSON', `body is ${reading.reason}`, [
          { field: 'body', message: `is ${reading.reason}` },
        ]),
      );
  });
}

/** The Nest application on Fastify; not listening yet. */
export async function createHttpApp(options: HttpAppOptions): Promise<NestFastifyApplication> {
  const adapter = new FastifyAdapter({
    bodyLimit: BODY_BYTES_MAX,
    routerOptions: { maxParamLength: PARAM_LENGTH_MAX },
    // A body that trickles in holds a socket, nothing else.
    requestTimeout: REQUEST_TIMEOUT_MS,
    forceCloseConnections: true,
    return503OnClosing: false,
    frameworkErrors: (error: Error, _request: unknown, reply: unknown) =>
      answerFrameworkError(error, reply as ErrorSink),
  });
  acceptJsonOnly(adapter);
  const nest: NestOptions = { logger: options.nestLogger ?? false, abortOnError: false, bodyParser: false };
  const app = await NestFactory.create<NestFastifyApplication>(
    AppModule.of(options.member, options.metrics),
    adapter,
    nest,
  );
  app.useGlobalFilters(new HttpErrors(options.logger, options.onFatal));
  return app;
}
