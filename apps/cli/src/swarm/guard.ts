import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { setTimeout as pause } from 'node:timers/promises';

/**
 * Ends the swarm's processes when this one is killed without a chance to do so itself (`kill -9`). It is a process of its
 * own that notices the end of its standard input: that happens whatever ended the writer.
 */
export interface Guard {
  readonly watch: (pid: number) => void;
  readonly forget: (pid: number) => void;
  /** Nothing is left to watch. */
  readonly close: () => void;
}

/** Starts the guard process. `cliMain` is this CLI's own bundle. */
export function startGuard(cliMain: string): Guard {
  const child = spawn(process.execPath, [cliMain, 'guard'], { stdio: ['pipe', 'ignore', 'ignore'], detached: true });
  // Without a guard the swarm works all the same, so its own end is no reason to fail.
  child.on('error', () => undefined);
  child.stdin.on('error', () => undefined);
  child.unref();
  const tell = (line: string): void => void child.stdin.write(`${line}\n`);
  return { watch: (pid) => tell(`+${pid}`), forget: (pid) => tell(`-${pid}`), close: () => child.stdin.end() };
}

/** The system's calls that the guard makes; tests give their own. */
export interface GuardSystem {
  readonly kill: (pid: number, signal: NodeJS.Signals | 0) => void;
  readonly pause: (ms: number) => Promise<unknown>;
}

const STEP_MS = 100;
const STEPS_MAX = 50;

/** The guard process: reads `+pid` and `-pid` until the input ends, then ends what is left. Five seconds after SIGTERM with SIGKILL. */
export async function runGuard(
  input: NodeJS.ReadableStream,
  system: GuardSystem = { kill: (pid, signal) => void process.kill(pid, signal), pause },
): Promise<void> {
  const pids = new Set<number>();
  for await (const line of createInterface({ input })) {
    const pid = Number(line.slice(1));
    if (!Number.isSafeInteger(pid) || pid <= 1) continue;
    if (line.startsWith('+')) pids.add(pid);
    else if (line.startsWith('-')) pids.delete(pid);
  }
  const send = (signal: NodeJS.Signals | 0): void => {
    for (const pid of pids) {
      try {
        system.kill(pid, signal);
      } catch {
        pids.delete(pid);
      }
    }
  };
  send('SIGTERM');
  for (let step = 0; step < STEPS_MAX && pids.size > 0; step++) {
    await system.pause(STEP_MS);
    send(0);
  }
  send('SIGKILL');
}
