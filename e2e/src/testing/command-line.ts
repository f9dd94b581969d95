import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { ROOT } from './swarm';

const CLI = join(ROOT, 'dist/apps/cli/main.cjs');

/** How one command line ended, and the JSON that it said. */
export interface CommandResult {
  readonly exitCode: number;
  readonly body: Record<string, unknown>;
}

/** Runs `concordat ... --json` as a process of its own. */
export function concordat(...args: readonly string[]): Promise<CommandResult> {
  return new Promise((done, fail) => {
    execFile(process.execPath, [CLI, ...args, '--json'], (error, out, err) => {
      const exitCode = error === null ? 0 : error.code;
      const said = exitCode === 0 || out !== '' ? out : (err.trim().split('\n').at(-1) ?? '');
      try {
        done({ exitCode: Number(exitCode), body: JSON.parse(said) as Record<string, unknown> });
      } catch (cause) {
        fail(new Error(`${args.join(' ')}: ${out}${err}`, { cause }));
      }
    });
  });
}
