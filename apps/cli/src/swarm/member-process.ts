import { spawn } from 'node:child_process';
import { closeSync } from 'node:fs';
import { openLog } from './log-tail';
import { RestartPolicy } from './restart-policy';

/** What is started as one member. */
export interface MemberSpec {
  readonly nodeId: string;
  readonly logFile: string;
  readonly env: NodeJS.ProcessEnv;
}

/** A member's process as its keeper sees it: a ChildProcess is one. */
export interface MemberChild {
  readonly pid?: number | undefined;
  kill(signal: NodeJS.Signals): boolean;
  once(event: 'exit', listener: (code: number | null, signal: NodeJS.Signals | null) => void): unknown;
  once(event: 'error', listener: (error: Error) => void): unknown;
}

/** Starts a member's process. */
export type SpawnMember = (spec: MemberSpec) => MemberChild;

/** A member's process has ended without being asked to. */
export interface MemberEnd {
  readonly nodeId: string;
  readonly pid: number | undefined;
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** When it will be started again; undefined for never. */
  readonly restartInMs: number | undefined;
}

const STOP_TIMEOUT_MS = 10_000;
/**
 * Several members share a machine. A small nursery saves some 40 MB each, for a member's garbage is mostly buffers; and
 * threads that help one member to collect take the cores from the others.
 */
const MEMBER_FLAGS: readonly string[] = ['--max-semi-space-size=4', '--single-threaded-gc'];

/** Spawns members from a bundle, each in a process group of its own: Ctrl-C in the terminal is the parent's to handle. */
export const spawnFrom =
  (nodeMain: string): SpawnMember =>
  ({ logFile, env }) => {
    const log = openLog(logFile);
    try {
      return spawn(process.execPath, [...MEMBER_FLAGS, nodeMain], { stdio: ['ignore', log, log], env, detached: true });
    } finally {
      closeSync(log);
    }
  };

/** Keeps one member running until it is stopped. */
export class MemberProcess {
  private child: MemberChild | undefined;
  private ended: Promise<void> = Promise.resolve();
  private timer: NodeJS.Timeout | undefined;
  private stopping = false;
  private readonly policy: RestartPolicy;

  constructor(
    readonly spec: MemberSpec,
    private readonly options: {
      readonly spawn: SpawnMember;
      /** Asked at each death: whether to start it again. */
      readonly restarts: () => boolean;
      readonly policy?: RestartPolicy;
      readonly onStart: (pid: number) => void;
      /** Told of every end of the process, asked for or not. */
      readonly onGone: (pid: number) => void;
      readonly onEnd: (end: MemberEnd) => void;
    },
  ) {
    this.policy = options.policy ?? new RestartPolicy();
  }

  /** Process id, or undefined while there is none. */
  get pid(): number | undefined {
    return this.child?.pid;
  }

  /** Starts the process. */
  start(): void {
    const child = this.options.spawn(this.spec);
    const startMs = performance.now();
    this.child = child;
    if (child.pid !== undefined) this.options.onStart(child.pid);
    this.ended = new Promise((resolve) => {
      const onEnd = (code: number | null, signal: NodeJS.Signals | null): void => {
        if (this.child !== child) return;
        this.child = undefined;
        if (child.pid !== undefined) this.options.onGone(child.pid);
        resolve();
        if (!this.stopping) this.onDeath(child.pid, code, signal, performance.now() - startMs);
      };
      child.once('exit', onEnd);
      // A process that could not be started has no exit.
      child.once('error', () => onEnd(null, null));
    });
  }

  /** Ends the process and waits until it is gone: SIGTERM, and SIGKILL after ten seconds. */
  async stop(): Promise<void> {
    this.stopping = true;
    clearTimeout(this.timer);
    this.child?.kill('SIGTERM');
    const killer = setTimeout(() => this.kill(), STOP_TIMEOUT_MS);
    await this.ended;
    clearTimeout(killer);
  }

  /** Ends the process at once. */
  kill(): void {
    this.child?.kill('SIGKILL');
  }

  private onDeath(pid: number | undefined, code: number | null, signal: NodeJS.Signals | null, livedMs: number): void {
    const restartInMs = this.options.restarts() ? this.policy.onDeath(livedMs) : undefined;
    if (restartInMs !== undefined) this.timer = setTimeout(() => this.start(), restartInMs);
    this.options.onEnd({ nodeId: this.spec.nodeId, pid, code, signal, restartInMs });
  }
}
