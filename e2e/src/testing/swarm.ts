import { spawn, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { closeSync, existsSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createKeyFile, type StoredKey } from '@concordat/crypto';
import { findNatsServer, startNatsServer, type NatsServer } from '@concordat/nats';
import {
  createEpochTable,
  digest,
  genesisToJson,
  nodeId,
  toHex,
  type EngineName,
  type Genesis,
  type SignatureScheme,
} from '@concordat/protocol';
import { until } from './until';

/** Root of the checkout: the bundles under test lie in `dist` below it. */
export const ROOT = resolve(__dirname, '../../..');
const MEMBER = join(ROOT, 'dist/apps/consensus-node/main.cjs');

/** How a swarm is made. */
export interface SwarmOptions {
  readonly nodes?: number;
  readonly scheme?: SignatureScheme;
  /** How its members agree. Default PBFT. */
  readonly engine?: EngineName;
  readonly environment?: Readonly<Record<string, string>>;
  /** The broker, which the swarm then stops. Default: one of its own. */
  readonly broker?: Pick<NatsServer, 'url' | 'stop'>;
  /** Where each member finds the broker. Default: at the broker's own address. */
  readonly natsUrls?: readonly string[];
  /** K and L of the genesis; L is 2K. */
  readonly checkpointInterval?: number;
}

/** An answer over HTTP. */
export interface Answer {
  readonly status: number;
  readonly body: Record<string, unknown>;
}

/** Path of the nats-server that tests run. */
export function natsServerBinary(): string {
  const binary = findNatsServer(process.env);
  if (binary === undefined) throw new Error('no nats-server: npm test finds or installs one');
  return binary;
}

async function freePort(): Promise<number> {
  return new Promise((done, fail) => {
    const server = createServer();
    server.once('error', fail);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => {
        if (address === null || typeof address === 'string') fail(new Error('no port'));
        else done(address.port);
      });
    });
  });
}

/** One member: a process of its own, its data kept over restarts. */
export class MemberProcess {
  /** How the process ended each time that nobody had ended it. */
  readonly unasked: string[] = [];
  private child: ChildProcess | undefined;
  private asked = false;

  constructor(
    readonly name: string,
    readonly url: string,
    private readonly folder: string,
    private environment: Readonly<Record<string, string>>,
  ) {}

  get pid(): number | undefined {
    return this.child?.pid;
  }

  /** The member's log, for a failing test's message. */
  log(): string {
    const path = join(this.folder, 'member.log');
    return existsSync(path) ? readFileSync(path, 'utf8') : '';
  }

  /** Starts a process. `more` settings stand from now on. */
  start(more: Readonly<Record<string, string>> = {}): void {
    this.environment = { ...this.environment, ...more };
    const log = openSync(join(this.folder, 'member.log'), 'a');
    this.child = spawn(process.execPath, [MEMBER], {
      stdio: ['ignore', log, log],
      env: { ...process.env, ...this.environment },
    });
    closeSync(log);
    this.asked = false;
    this.child.once('exit', (code, signal) => {
      if (!this.asked) this.unasked.push(signal ?? `exit code ${String(code)}`);
    });
  }

  /** Ends the process and waits for it. */
  async end(signal: NodeJS.Signals): Promise<void> {
    const { child } = this;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    this.asked = true;
    const gone = new Promise<void>((done) => child.once('exit', () => done()));
    child.kill(signal);
    await gone;
  }

  /** Stops the process where it stands; it does not notice. */
  freeze(): void {
    this.child?.kill('SIGSTOP');
  }

  /** Lets a frozen process go on. */
  thaw(): void {
    this.child?.kill('SIGCONT');
  }

  async get(path: string): Promise<Answer> {
    return answerOf(await fetch(`${this.url}${path}`, { signal: AbortSignal.timeout(10_000) }));
  }

  async post(path: string, body: unknown, more: Readonly<Record<string, string>> = {}): Promise<Answer> {
    const headers = { 'content-type': 'application/json', ...more };
    const init = { method: 'POST', headers, body: JSON.stringify(body) };
    return answerOf(await fetch(`${this.url}${path}`, { ...init, signal: AbortSignal.timeout(20_000) }));
  }

  /** Proposes a value and waits for its decision. */
  async decide(value: unknown, more: Record<string, unknown> = {}): Promise<Record<string, unknown>> {
    const { status, body } = await this.post('/api/v1/propose?wait=true', { value, ...more });
    if (status !== 200 || body['status'] !== 'decided')
      throw new Error(`not decided: ${String(status)} ${JSON.stringify(body).slice(0, 300)}`);
    return body;
  }

  async healthy(deadlineMs = 30_000): Promise<Record<string, unknown>> {
    return until(`${this.name} healthy`, deadlineMs, async () => {
      const { status, body } = await this.get('/api/v1/health');
      return status === 200 && body['status'] === 'healthy' ? body : undefined;
    });
  }
}

async function answerOf(response: Response): Promise<Answer> {
  const text = await response.text();
  return { status: response.status, body: (text === '' ? {} : JSON.parse(text)) as Record<string, unknown> };
}

/** A swarm of real processes on a real nats-server, in a temporary folder. */
export class Swarm {
  private constructor(
    readonly folder: string,
    readonly genesis: Genesis,
    readonly nats: Pick<NatsServer, 'url' | 'stop'>,
    /** May ask for changes of the member table. */
    readonly operator: StoredKey,
    private readonly environment: Readonly<Record<string, string>>,
  ) {}

  private readonly processes: MemberProcess[] = [];

  /** All nodes that were made, those of the genesis first. */
  get members(): readonly MemberProcess[] {
    return this.processes;
  }

  /** Starts all and waits until every member is healthy. */
  static async start(options: SwarmOptions = {}): Promise<Swarm> {
    const { nodes = 4, scheme = 'ed25519', engine = 'pbft', environment = {} } = options;
    if (!existsSync(MEMBER)) throw new Error('dist is missing: run npm run build');
    const folder = mkdtempSync(join(tmpdir(), 'concordat-e2e-'));
    const names = Array.from({ length: nodes }, (_, index) => nodeId(`node-${String(index)}`));
    const keys = names.map((name) => {
      mkdirSync(join(folder, name), { mode: 0o700 });
      return createKeyFile(join(folder, name, 'key.json'), scheme);
    });
    const members = names.map((name, index) => ({
      nodeId: name,
      publicKey: keys[index]?.publicKey ?? new Uint8Array(0),
      weight: 1,
    }));
    const operator = createKeyFile(join(folder, 'operator.json'), scheme);
    const table = createEpochTable({
      engine,
      members,
      signatureScheme: scheme,
      operators: [operator.publicKey],
      ...(options.checkpointInterval === undefined ? {} : { checkpointInterval: options.checkpointInterval }),
    });
    const genesis: Genesis = { swarm: 'e2e', random: digest(toHex(randomBytes(32))), table };
    writeFileSync(join(folder, 'genesis.json'), JSON.stringify(genesisToJson(genesis)));
    const nats = options.broker ?? (await startNatsServer({ binary: natsServerBinary() }));
    const swarm = new Swarm(folder, genesis, nats, operator, environment);
    for (const [index, name] of names.entries())
      await swarm.make(name, { NATS_URL: options.natsUrls?.[index] ?? nats.url });
    for (const member of swarm.members) member.start();
    try {
      await swarm.healthy();
    } catch (error) {
      await swarm.stop();
      throw error;
    }
    return swarm;
  }

  /** A further node, with a new key, that no table names yet. It is not started. */
  async add(name: string): Promise<MemberProcess> {
    mkdirSync(join(this.folder, name), { mode: 0o700 });
    createKeyFile(join(this.folder, name, 'key.json'), this.genesis.table.signatureScheme);
    return this.make(name, { NATS_URL: this.nats.url, JOIN: 'true' });
  }

  private async make(name: string, more: Readonly<Record<string, string>>): Promise<MemberProcess> {
    const port = await freePort();
    const own = join(this.folder, name);
    const made = new MemberProcess(name, `http://127.0.0.1:${String(port)}`, own, {
      ...this.environment,
      NODE_ID: name,
      DATA_DIR: join(own, 'data'),
      GENESIS_FILE: join(this.folder, 'genesis.json'),
      KEY_FILE: join(own, 'key.json'),
      NEXT_KEY_FILE: join(own, 'next-key.json'),
      HTTP_HOST: '127.0.0.1',
      HTTP_PORT: String(port),
      ...more,
    });
    this.processes.push(made);
    return made;
  }

  /** The node of that name. */
  named(name: string): MemberProcess {
    return this.member(this.members.findIndex((member) => member.name === name));
  }

  member(index: number): MemberProcess {
    const member = this.members[index];
    if (member === undefined) throw new Error(`no member ${String(index)}`);
    return member;
  }

  async healthy(): Promise<void> {
    try {
      await Promise.all(this.members.map((member) => member.healthy()));
    } catch (error) {
      throw new Error(this.members.map((member) => `${member.name}: ${member.log().slice(-1500)}`).join('\n'), {
        cause: error,
      });
    }
  }

  /** Index of the member that leads, as `witness` says. */
  async leader(witness = 0): Promise<number> {
    const { body } = await this.member(witness).get('/api/v1/health');
    return this.members.findIndex((member) => member.name === body['leader_node']);
  }

  async stop(): Promise<void> {
    await Promise.all(this.members.map((member) => member.end('SIGKILL')));
    await this.nats.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }
}
