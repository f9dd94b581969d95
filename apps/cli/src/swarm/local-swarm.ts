import { CliError, EXIT } from '../errors';
import { type Broker } from './broker';
import { type Guard } from './guard';
import { waitUntilHealthy, type MemberAddress } from './health-wait';
import { lastLines, logSize } from './log-tail';
import { MemberProcess, type MemberEnd, type SpawnMember } from './member-process';
import { type SwarmState } from './state-folder';

/** glibc: give freed buffers back to the system soon. Members' buffers live briefly; without this they stay resident. */
const MEMORY = { MALLOC_MMAP_THRESHOLD_: '65536', MALLOC_TRIM_THRESHOLD_: '131072' };

/** What a local swarm is made of. */
export interface LocalSwarmOptions {
  readonly state: SwarmState;
  readonly broker: Broker;
  readonly guard: Guard;
  /** One for each member, in the genesis's order. */
  readonly httpPorts: readonly number[];
  /** Passed on to the members, below what the swarm itself sets. */
  readonly env: NodeJS.ProcessEnv;
  readonly spawn: SpawnMember;
  /** Whether a member that dies is started again. */
  readonly restarts: boolean;
  /** Told of a member that dies once the swarm is up. */
  readonly onMemberEnd: (end: MemberEnd) => void;
  /** Told of a member that was started again. */
  readonly onMemberRestart: (nodeId: string, pid: number) => void;
}

const LOG_LINES_SHOWN = 12;

/** Members of one swarm, each a process of its own on this machine. */
export class LocalSwarm {
  readonly members: readonly (MemberAddress & { readonly process: MemberProcess })[];
  private started = false;
  /** Where this run's part of each log begins. */
  private readonly logStarts: ReadonlyMap<string, number>;
  private readonly startFailed = new AbortController();

  constructor(private readonly options: LocalSwarmOptions) {
    this.logStarts = new Map(options.state.members.map(({ logFile }) => [logFile, logSize(logFile)]));
    this.members = options.state.members.map(({ nodeId }, index) => {
      const port = options.httpPorts[index] ?? 0;
      return { nodeId, url: `http://127.0.0.1:${port}`, process: this.createProcess(index, port) };
    });
  }

  /** Starts all members and waits until all are healthy. Rejects with a CliError that shows the culprit's last words. */
  async start(options: {
    readonly timeoutMs: number;
    readonly signal: AbortSignal;
    readonly onHealthy: (count: number) => void;
  }): Promise<void> {
    for (const { process } of this.members) process.start();
    const signal = AbortSignal.any([options.signal, this.startFailed.signal]);
    const laggards = await waitUntilHealthy(this.members, { ...options, signal });
    this.started = true;
    options.signal.throwIfAborted();
    this.startFailed.signal.throwIfAborted();
    const [first] = laggards;
    if (first === undefined) return;
    const others = laggards.length > 1 ? ` (nor are ${laggards.length - 1} others)` : '';
    const what = `${first.nodeId} is not healthy after ${options.timeoutMs / 1000} s${others}: ${first.reason}`;
    throw this.startError('NOT_HEALTHY', first.nodeId, what);
  }

  /** Ends all members and waits until they are gone. */
  async stop(): Promise<void> {
    await Promise.all(this.members.map(({ process }) => process.stop()));
  }

  /** Ends all members at once. */
  kill(): void {
    for (const { process } of this.members) process.kill();
  }

  private createProcess(index: number, port: number): MemberProcess {
    const { state, broker, guard, env, spawn } = this.options;
    const place = state.members[index];
    if (place === undefined) throw new RangeError(`no member ${index}`);
    const own = {
      NODE_ID: place.nodeId,
      DATA_DIR: place.dataDir,
      GENESIS_FILE: state.genesisFile,
      KEY_FILE: place.keyFile,
      NEXT_KEY_FILE: place.nextKeyFile,
      JOIN: String(place.joined),
      NATS_URL: broker.url,
      HTTP_PORT: String(port),
    };
    return new MemberProcess(
      {
        nodeId: place.nodeId,
        logFile: place.logFile,
        env: { ...MEMORY, HTTP_HOST: '127.0.0.1', LOG_LEVEL: 'info', ...env, ...own },
      },
      {
        spawn,
        restarts: () => this.started && this.options.restarts,
        onStart: (pid) => {
          guard.watch(pid);
          if (this.started) this.options.onMemberRestart(place.nodeId, pid);
        },
        onGone: guard.forget,
        onEnd: (end) => this.onEnd(end),
      },
    );
  }

  private onEnd(end: MemberEnd): void {
    if (this.started) {
      this.options.onMemberEnd(end);
      return;
    }
    const what = `${end.nodeId} ended while the swarm was starting (${describeEnd(end)})`;
    this.startFailed.abort(this.startError('MEMBER_ENDED', end.nodeId, what));
  }

  private startError(code: string, nodeId: string, what: string): CliError {
    const logFile = this.options.state.members.find((member) => member.nodeId === nodeId)?.logFile ?? '';
    const lines = lastLines(logFile, LOG_LINES_SHOWN, this.logStarts.get(logFile)).map((line) => `  ${line}`);
    const said = lines.length === 0 ? '' : `; the end of ${logFile}:\n${lines.join('\n')}`;
    return new CliError(EXIT.no, code, `${what}${said}`);
  }
}

/** How a process ended, in words. */
export const describeEnd = ({ code, signal }: Pick<MemberEnd, 'code' | 'signal'>): string =>
  signal === null ? `exit code ${String(code ?? 'unknown')}` : signal;
