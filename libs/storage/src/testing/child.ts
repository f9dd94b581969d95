import { execFileSync, spawn, type ChildProcessByStdio } from 'node:child_process';
import { once } from 'node:events';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';

const ROOT = resolve(__dirname, '../../../..');
const MODULES = join(ROOT, 'node_modules');

/** A line of a child, parsed. */
export type Told = Readonly<Record<string, unknown>>;

/** Bundles `child-main.ts` into a file in `folder`, and returns its path. */
export function bundleChild(folder: string): string {
  const file = join(folder, 'child-main.cjs');
  const options = ['--platform', 'node', '--format', 'cjs', '--external', 'classic-level', '--file', file];
  const entry = join(__dirname, 'child-main.ts');
  const rolldown = join(MODULES, 'rolldown/bin/cli.mjs');
  const tsconfig = ['--tsconfig', join(ROOT, 'tsconfig.base.json')];
  execFileSync(process.execPath, [rolldown, entry, ...options, ...tsconfig], { cwd: ROOT, stdio: 'pipe' });
  return file;
}

/** A process that has a data folder open. */
export class Child {
  private readonly process: ChildProcessByStdio<Writable, Readable, null>;
  private readonly lines: AsyncIterator<string>;
  private readonly ended: Promise<unknown>;

  constructor(file: string, mode: 'hold' | 'work', folder: string) {
    this.process = spawn(process.execPath, [file, mode, folder], {
      stdio: ['pipe', 'pipe', 'inherit'],
      env: { ...process.env, NODE_PATH: MODULES },
    });
    this.ended = once(this.process, 'exit');
    this.lines = createInterface({ input: this.process.stdout })[Symbol.asyncIterator]();
  }

  /** The next thing that the child tells; undefined after the last. */
  async told(): Promise<Told | undefined> {
    const line = await this.lines.next();
    return line.done === true ? undefined : (JSON.parse(line.value) as Told);
  }

  /** Ends the child in an orderly way. */
  async end(): Promise<void> {
    this.process.stdin.end();
    await this.ended;
  }

  /** `kill -9`; resolves when it is gone. */
  async kill(): Promise<void> {
    this.process.kill('SIGKILL');
    await this.ended;
  }
}
