import { InvariantError } from '@concordat/protocol';
import { type MessageHandler } from '@nestjs/microservices';
import { type ServiceMsg } from 'nats';
import { firstValueFrom, isObservable } from 'rxjs';
import { ApiError, type ErrorBody, errorReply } from './api-error';
import { toError } from './deadline';
import { ServiceContext } from './service-context';

/** Where errors go that the caller is told nothing about. A pino logger is one. */
export interface ServiceLogger {
  error(fields: Readonly<Record<string, unknown>>, message: string): void;
}

/** What one verb needs to answer. */
export interface EndpointOptions {
  readonly verb: string;
  readonly handler: MessageHandler<unknown, ServiceContext>;
  /** The handler takes the payload's bytes, not JSON. */
  readonly raw: boolean;
  /** Requests that may be worked on at the same time. */
  readonly inFlightMax: number;
  readonly payloadBytesMax: number;
  /** Largest reply that the broker carries now. */
  readonly replyBytesMax: () => number;
  readonly logger: ServiceLogger;
  readonly onFatal: (error: InvariantError) => void;
}

/** Counts of one verb, as `$SRV.STATS` shows them in `data`: the client's own know nothing of asynchronous handlers. */
export interface EndpointCounts {
  requests: number;
  errors: number;
  overloaded: number;
  in_flight: number;
  processing_ms: number;
}

const UTF8 = new TextDecoder('utf-8', { fatal: true });
const JSON_BYTES = new TextEncoder();
const HEADER_BYTES_MAX = 1_024;
const HEADER_LENGTH_MAX = 200;
const MESSAGE_LENGTH_MAX = 1_024;

/** Answers the requests of one verb, on whatever subject they come. */
export class ServiceEndpoint {
  readonly counts: EndpointCounts = { requests: 0, errors: 0, overloaded: 0, in_flight: 0, processing_ms: 0 };
  private readonly working = new Set<Promise<void>>();

  constructor(readonly options: EndpointOptions) {}

  /** The client's callback. Never throws. */
  readonly receive = (error: Error | null, message: ServiceMsg): void => {
    // Without a reply subject nobody waits for the answer; what was asked is not done behind everybody's back.
    if (error !== null || message.reply === undefined || message.reply === '') return;
    this.counts.requests += 1;
    if (this.working.size >= this.options.inFlightMax) {
      this.counts.overloaded += 1;
      this.refuse(message, new ApiError(503, 'OVERLOADED', `${this.working.size} requests are being worked on`));
      return;
    }
    const work = this.answer(message);
    this.working.add(work);
    this.counts.in_flight = this.working.size;
    void work.finally(() => {
      this.working.delete(work);
      this.counts.in_flight = this.working.size;
    });
  };

  /** Resolves when all that is being worked on now is answered. */
  async idle(): Promise<void> {
    await Promise.all(this.working);
  }

  private async answer(message: ServiceMsg): Promise<void> {
    const startMs = performance.now();
    try {
      const header = (name: string): string | undefined => message.headers?.get(name) || undefined;
      const value = await this.call(this.decode(message.data), new ServiceContext([message.subject, header]));
      this.respond(message, value);
    } catch (thrown) {
      this.refuse(message, thrown);
    }
    this.counts.processing_ms += performance.now() - startMs;
  }

  private async call(payload: unknown, context: ServiceContext): Promise<unknown> {
    const value: unknown = await this.options.handler(payload, context);
    return isObservable(value) ? firstValueFrom(value, { defaultValue: null }) : value;
  }

  private decode(bytes: Uint8Array): unknown {
    const { payloadBytesMax, raw } = this.options;
    if (bytes.length > payloadBytesMax) {
      throw new ApiError(413, 'PAYLOAD_TOO_LARGE', `a request may have ${payloadBytesMax} bytes`, {
        bytes: bytes.length,
      });
    }
    if (raw) return bytes;
    if (bytes.length === 0) return {};
    try {
      return JSON.parse(UTF8.decode(bytes)) as unknown;
    } catch (cause) {
      throw new ApiError(400, 'MALFORMED_JSON', toError(cause).message);
    }
  }

  private respond(message: ServiceMsg, value: unknown): void {
    const bytes = JSON_BYTES.encode(JSON.stringify(value ?? null));
    const bytesMax = this.options.replyBytesMax();
    if (bytes.length > bytesMax) {
      throw new ApiError(
        500,
        'REPLY_TOO_LARGE',
        `the answer has ${bytes.length} bytes, the broker carries ${bytesMax}`,
      );
    }
    this.send(() => message.respond(bytes));
  }

  private refuse(message: ServiceMsg, thrown: unknown): void {
    const { status, body, intended } = errorReply(thrown);
    this.counts.errors += 1;
    if (!intended) this.log(thrown, 'handler failed');
    // A header is one line; the whole message is in the body.
    const line = body.error.message.replace(/\p{Cc}+/gu, ' ').slice(0, HEADER_LENGTH_MAX);
    this.send(() => message.respondError(status, line, JSON_BYTES.encode(this.bodyText(body))));
    if (thrown instanceof InvariantError) this.options.onFatal(thrown);
  }

  private bodyText(body: ErrorBody): string {
    // Details are the handler's: they may be too large to send, or no JSON at all (a cycle, a BigInt).
    const bare = { error: { code: body.error.code, message: body.error.message.slice(0, MESSAGE_LENGTH_MAX) } };
    try {
      const text = JSON.stringify(body);
      return text.length * 3 + HEADER_BYTES_MAX <= this.options.replyBytesMax() ? text : JSON.stringify(bare);
    } catch {
      return JSON.stringify(bare);
    }
  }

  /** A reply that cannot leave is lost: the caller's deadline tells it so. */
  private send(respond: () => boolean): void {
    try {
      respond();
    } catch (thrown) {
      this.log(thrown, 'reply lost');
    }
  }

  private log(thrown: unknown, what: string): void {
    this.options.logger.error({ err: toError(thrown), verb: this.options.verb }, what);
  }
}
