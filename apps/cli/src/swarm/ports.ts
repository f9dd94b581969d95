import { createServer, type Server } from 'node:net';
import { CliError, EXIT, systemCode, usageError } from '../errors';

const PORT_MAX = 65_535;

function listen(port: number, host: string): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(port, host, () => resolve(server));
  });
}

const close = (server: Server): Promise<void> => new Promise((resolve) => server.close(() => resolve()));

const portOf = (server: Server): number => {
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
};

/** The `count` ports from `base` on. Rejects with a CliError that names the first one that somebody uses. */
export async function portsFrom(base: number, count: number, host: string): Promise<number[]> {
  if (base + count - 1 > PORT_MAX)
    throw usageError(`--port ${base} leaves no room for ${count} members: ports end at ${PORT_MAX}.`);
  const ports = Array.from({ length: count }, (_, index) => base + index);
  for (const port of ports) {
    try {
      await close(await listen(port, host));
    } catch (thrown) {
      const code = systemCode(thrown);
      const why = code === 'EADDRINUSE' ? 'is in use' : `cannot be listened on (${code ?? 'unknown error'})`;
      const message = `port ${port} ${why}: stop what listens there, or choose other ports with --port.`;
      throw new CliError(EXIT.no, 'PORT_IN_USE', message, { cause: thrown });
    }
  }
  return ports;
}

/** `count` ports that nobody uses now. */
export async function freePorts(count: number, host: string): Promise<number[]> {
  // All are open at the same time, so that no port comes twice.
  const servers = await Promise.all(Array.from({ length: count }, () => listen(0, host)));
  const ports = servers.map(portOf);
  await Promise.all(servers.map(close));
  return ports;
}
