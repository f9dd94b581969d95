import { IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import { stdSerializers } from 'pino';
import { pinoHttp } from 'pino-http';
import { createLogger, type LoggerOptions } from './logger';
import { prettyLine } from './pretty';

const SECRET = 'hunter2';

function logger(options: Partial<LoggerOptions> = {}) {
  const lines: string[] = [];
  const log = createLogger({ name: 'test', destination: { write: (line) => void lines.push(line) }, ...options });
  return { log, lines };
}

class Wallet {
  readonly seed = SECRET;
  readonly owner = 'ann';
}

const cycle: Record<string, unknown> = { password: SECRET };
cycle['self'] = cycle;

describe('createLogger', () => {
  it.each([
    ...[
      'key',
      'secret',
      'seed',
      'password',
      'token',
      'privateKey',
      'authorization',
      'Authorization',
      'clientSecret',
    ].map((field) => ({ name: `a field ${field}`, fields: { [field]: SECRET } })),
    { name: 'bytes in a field seed', fields: { seed: Buffer.from(SECRET) } },
    { name: 'the second level', fields: { config: { password: SECRET } } },
    { name: 'the fifth level', fields: { a: { b: { c: { d: { token: SECRET } } } } } },
    { name: 'below what is looked at', fields: { a: { b: { c: { d: { e: { f: { g: { token: SECRET } } } } } } } } },
    { name: 'inside an array', fields: { members: [{ name: 'n1' }, { key: SECRET }] } },
    { name: 'inside a map', fields: { headers: new Map([['authorization', SECRET]]) } },
    { name: 'inside a set', fields: { members: new Set([{ key: SECRET }]) } },
    { name: "a class's field", fields: { wallet: new Wallet() } },
    { name: "an error's field", fields: { err: Object.assign(new Error('failed'), { token: SECRET }) } },
    { name: "an error's cause", fields: { err: new Error('failed', { cause: { password: SECRET } }) } },
    { name: 'a circle', fields: { cycle } },
  ])('does not write $name', ({ fields }) => {
    const { log, lines } = logger();
    log.info(fields, 'happened');
    log.child(fields).info('happened');
    log.child({}).child(fields, { level: 'debug' }).debug('happened');
    const late = log.child({});
    late.setBindings(fields);
    late.info('happened');
    log.info('happened with %o and %j', fields, fields);
    expect(lines).toHaveLength(5);
    for (const line of lines) {
      expect(line).toContain('happened');
      expect(line).not.toContain(SECRET);
      expect(line).not.toContain(Buffer.from(SECRET).toJSON().data.join(','));
    }
  });

  it('does not write an error that is logged alone, but its words and stack', () => {
    const { log, lines } = logger();
    log.error(Object.assign(new Error('disk is full'), { password: SECRET }));
    expect(lines[0]).not.toContain(SECRET);
    const { msg, err } = JSON.parse(lines[0] ?? '') as { msg: string; err: Record<string, unknown> };
    expect(msg).toBe('disk is full');
    expect(err).toMatchObject({ type: 'Error', message: 'disk is full', password: '[censored]' });
    expect(err['stack']).toContain('logger.spec.ts');
  });

  it("does not write an HTTP request's credentials", () => {
    const { log, lines } = logger();
    const http = pinoHttp({ logger: log });
    const request = Object.assign(new IncomingMessage(new Socket()), { url: '/status', method: 'GET' });
    Object.assign(request.headers, { authorization: SECRET, cookie: SECRET, accept: 'text/html' });
    http.logger.info({ req: stdSerializers.req(request) }, 'asked');
    log.child({}, { serializers: { req: stdSerializers.req } }).info({ req: request }, 'asked');
    expect(lines).toHaveLength(2);
    for (const line of lines) {
      expect(line).not.toContain(SECRET);
      expect(JSON.parse(line)).toMatchObject({
        req: { method: 'GET', url: '/status', headers: { accept: 'text/html' } },
      });
    }
  });

  it('writes the rest: name, fields, level, time, public keys, sizes of bytes', () => {
    const { log, lines } = logger({ fields: { node: 'n1' } });
    log.warn({ publicKey: 'abc', digest: Uint8Array.of(1, 2), nested: { sequence: 7 } }, 'late by %d ms', 12);
    const entry = JSON.parse(lines[0] ?? '') as Record<string, unknown>;
    expect(entry).toMatchObject({
      level: 'warn',
      name: 'test',
      node: 'n1',
      publicKey: 'abc',
      digest: '2 bytes',
      nested: { sequence: 7 },
      msg: 'late by 12 ms',
    });
    expect(Number.isNaN(Date.parse(String(entry['time'])))).toBe(false);
  });

  it.each([
    { env: {}, level: 'info' },
    { env: { LOG_LEVEL: '' }, level: 'info' },
    { env: { LOG_LEVEL: 'debug' }, level: 'debug' },
    { env: { LOG_LEVEL: 'SILENT' }, level: 'silent' },
  ])('takes its level from $env', ({ env, level }) => {
    expect(logger({ env }).log.level).toBe(level);
  });

  it('does not start with a level that does not exist', () => {
    expect(() => logger({ env: { LOG_LEVEL: 'loud' } })).toThrow("LOG_LEVEL is 'loud', not one of trace, debug, info");
  });

  it('writes lines for people when asked, without the secrets', () => {
    const { log, lines } = logger({ pretty: true });
    log.info({ view: 3, token: SECRET }, 'entered');
    expect(lines[0]).toMatch(/^\d\d:\d\d:\d\d\.\d{3} INFO {2}test entered view=3 token="\[censored\]"\n$/);
  });

  it('pretty: copes with a line that lacks everything', () => {
    expect(prettyLine('{"a":1}')).toBe('      a=1\n');
  });
});
