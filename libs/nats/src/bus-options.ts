import { type InvariantError } from '@concordat/protocol';
import { type Authenticator, type ConnectionOptions, credsAuthenticator, nkeyAuthenticator } from 'nats';
import { type Backoff } from './backoff';
import { type BusStatus } from './bus';

/** How the member proves to the broker who it is. Never with its consensus key: the broker picks the bytes it signs. */
export type BusCredentials =
  | { readonly kind: 'nkey'; readonly seed: Uint8Array }
  | { readonly kind: 'creds'; readonly file: Uint8Array }
  | { readonly kind: 'user'; readonly user: string; readonly password: string }
  | { readonly kind: 'token'; readonly token: string };

/** Files in PEM for a TLS connection. */
export interface BusTls {
  readonly caFile?: string;
  readonly certFile?: string;
  readonly keyFile?: string;
}

/** Options of connectBus. */
export interface NatsBusOptions {
  /** `nats://host:port`, or several. User and password inside are used when `credentials` is missing. */
  readonly url: string | readonly string[];
  /** Name of this client at the broker. */
  readonly name: string;
  readonly credentials?: BusCredentials;
  readonly tls?: BusTls;
  /** First token(s) of reply subjects, where permissions need a prefix per member. Default `_INBOX`. */
  readonly inboxPrefix?: string;
  /** Keep trying the first connection for this long. Without it there is one attempt. */
  readonly waitOnFirstConnectMs?: number;
  /** Longest wait for one attempt. Default 2000. */
  readonly connectTimeoutMs?: number;
  /** Shortest wait between attempts. Default 100. */
  readonly reconnectDelayMinMs?: number;
  /** Longest wait between attempts. Default 2000. */
  readonly reconnectDelayMaxMs?: number;
  /** The broker is pinged this often; after two pings without an answer the connection counts as lost. Default 5000. */
  readonly pingIntervalMs?: number;
  /** Longest wait in flush() and close(). Default 5000. */
  readonly flushTimeoutMs?: number;
  /** Bytes that may be on their way to the broker; beyond it publishes are dropped. Default 64 MiB. */
  readonly outboundBytesMax?: number;
  /** Told of every change of the connection and every complaint of the broker. */
  readonly onStatus?: (status: BusStatus) => void;
  /** Told of a handler's exception. */
  readonly onError?: (error: Error, subject: string) => void;
  /**
   * Told of an InvariantError from a handler. From then on the bus delivers nothing: this process must stop. Without
   * onFatal the error is thrown outside of any handler, which ends a Node process.
   */
  readonly onFatal?: (error: InvariantError) => void;
}

/** Servers as the client wants them: `host:port`, without what must not be logged. */
export function serverList(url: string | readonly string[]): string[] {
  return (typeof url === 'string' ? url.split(',') : [...url]).map((text) => new URL(withScheme(text.trim())).host);
}

const withScheme = (url: string): string => (url.includes('://') ? url : `nats://${url}`);

/** The client ignores user and password in a URL, so they are taken from there. */
function credentialsInUrl(url: string | readonly string[]): BusCredentials | undefined {
  const first = typeof url === 'string' ? url.split(',')[0] : url[0];
  const { username, password } = new URL(withScheme((first ?? '').trim()));
  if (username === '') return undefined;
  return password === ''
    ? { kind: 'token', token: decodeURIComponent(username) }
    : { kind: 'user', user: decodeURIComponent(username), password: decodeURIComponent(password) };
}

function authentication(credentials: BusCredentials | undefined): {
  authenticator?: Authenticator;
  user?: string;
  pass?: string;
  token?: string;
} {
  switch (credentials?.kind) {
    case undefined:
      return {};
    case 'nkey':
      return { authenticator: nkeyAuthenticator(credentials.seed) };
    case 'creds':
      return { authenticator: credsAuthenticator(credentials.file) };
    case 'user':
      return { user: credentials.user, pass: credentials.password };
    case 'token':
      return { token: credentials.token };
  }
}

/** The client's options. Reconnects for ever, refused credentials included: an operator may be repairing them. */
export function connectionOptions(options: NatsBusOptions, backoff: Backoff): ConnectionOptions {
  return {
    servers: serverList(options.url),
    name: options.name,
    ...authentication(options.credentials ?? credentialsInUrl(options.url)),
    ...(options.tls === undefined ? {} : { tls: { ...options.tls } }),
    ...(options.inboxPrefix === undefined ? {} : { inboxPrefix: options.inboxPrefix }),
    timeout: options.connectTimeoutMs ?? 2_000,
    reconnect: true,
    maxReconnectAttempts: -1,
    ignoreAuthErrorAbort: true,
    reconnectDelayHandler: () => backoff.delayMs,
    pingInterval: options.pingIntervalMs ?? 5_000,
    maxPingOut: 2,
    noAsyncTraces: true,
  };
}
