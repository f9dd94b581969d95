import { createServer, type Server } from 'node:http';
import { type AddressInfo } from 'node:net';

/** An answer: a status and a JSON value, or text as it is. */
export interface FakeAnswer {
  readonly status?: number;
  readonly body: unknown;
}

/** A request as it came. */
export interface FakeRequest {
  readonly method: string;
  readonly url: string;
  /** The header Concordat-Signature, when it was sent. */
  readonly signature?: string;
  readonly body: unknown;
}

/** Answers by `METHOD path` (without the query). */
export type Routes = Readonly<Record<string, (request: FakeRequest) => FakeAnswer>>;

/** An HTTP server that answers as a member would, or wrongly on purpose. */
export class FakeServer {
  readonly requests: FakeRequest[] = [];

  private constructor(private readonly server: Server) {}

  /** Listens on `port`, by default on a free one. */
  static async listen(routes: Routes, port = 0): Promise<FakeServer> {
    const server = createServer((incoming, outgoing) => {
      let text = '';
      incoming.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
      incoming.on('end', () => {
        const { method = '', url = '' } = incoming;
        const signature = incoming.headers['concordat-signature'];
        const parsed = text === '' ? undefined : (JSON.parse(text) as unknown);
        const request = { method, url, body: parsed, ...(typeof signature === 'string' ? { signature } : {}) };
        fake.requests.push(request);
        const route = routes[`${method} ${url.split('?')[0] ?? ''}`];
        const { status = 200, body } = route?.(request) ?? {
          status: 404,
          body: { error: { code: 'NOT_FOUND', message: 'no such route' } },
        };
        outgoing.writeHead(status, { 'content-type': 'application/json', connection: 'close' });
        outgoing.end(typeof body === 'string' ? body : JSON.stringify(body));
      });
    });
    const fake = new FakeServer(server);
    await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
    return fake;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  async close(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }
}
