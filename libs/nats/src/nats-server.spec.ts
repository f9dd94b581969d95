import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from 'nats';
import { findNatsServer } from './find-nats-server';
import { NatsServerError, startNatsServer } from './nats-server';
import { startBroker } from './testing/broker';

const isAlive = (pid: number): boolean => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'concordat-spec-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('startNatsServer', () => {
  it('starts on a free port with what was asked, and is gone after stop', async () => {
    const lines: string[] = [];
    const server = await startBroker({
      maxPayloadBytes: 4_096,
      storeDir: join(folder, 'store'),
      onLog: (line) => lines.push(line),
    });
    const client = await connect({ servers: server.url });
    expect(client.info).toMatchObject({ max_payload: 4_096, jetstream: true, port: server.port });
    await client.close();
    expect(isAlive(server.pid)).toBe(true);
    await Promise.all([server.stop(), server.stop()]);
    expect(isAlive(server.pid)).toBe(false);
    await server.exited;
    expect(lines.some((line) => line.includes('Server is ready'))).toBe(true);
  });

  it('says that the port is in use', async () => {
    const first = await startBroker();
    try {
      const failure = await startBroker({ port: first.port }).catch((error: unknown) => error);
      expect(failure).toBeInstanceOf(NatsServerError);
      expect(failure).toMatchObject({ code: 'port_in_use' });
      expect((failure as Error).message).toContain(`port ${first.port} is in use`);
    } finally {
      await first.stop();
    }
  });

  it.each([
    {
      name: 'a configuration that it does not take',
      options: { config: 'no_such_option: 1' },
      code: 'exited',
      says: 'no_such_option',
    },
    { name: 'a binary that is not there', options: { binary: '/nowhere/nats-server' }, code: 'exited', says: 'ENOENT' },
  ])('passes on what it said: $name', async ({ options, code, says }) => {
    const failure = (await startBroker(options).catch((error: unknown) => error)) as NatsServerError;
    expect(failure).toMatchObject({ name: 'NatsServerError', code });
    expect(failure.message).toContain(says);
  });

  it('ends a process that never gets ready', async () => {
    const binary = join(folder, 'mute');
    writeFileSync(binary, '#!/bin/sh\necho starting >&2\nexec sleep 60\n');
    chmodSync(binary, 0o755);
    await expect(startNatsServer({ binary, startTimeoutMs: 200 })).rejects.toMatchObject({
      code: 'timeout',
      message: expect.stringContaining('starting') as string,
    });
  });
});

describe('findNatsServer', () => {
  const binary = (...parts: string[]): string => {
    const path = join(folder, ...parts);
    writeFileSync(path, '');
    chmodSync(path, 0o755);
    return path;
  };

  it('takes NATS_SERVER_BIN, and nothing else when it is wrong', () => {
    const chosen = binary('mine');
    expect(findNatsServer({ NATS_SERVER_BIN: chosen, PATH: '/usr/sbin' })).toBe(chosen);
    expect(findNatsServer({ NATS_SERVER_BIN: join(folder, 'misspelt'), PATH: '/usr/sbin' })).toBeUndefined();
  });

  it('looks through PATH in order, past folders and files that cannot run', () => {
    const found = binary('nats-server');
    expect(findNatsServer({ PATH: `/nowhere:${folder}`, NATS_SERVER_BIN: '' })).toBe(found);
    chmodSync(found, 0o644);
    expect(findNatsServer({ PATH: folder })).not.toBe(found);
  });
});
