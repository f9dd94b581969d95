import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ExitCode } from '../errors';
import { type Surroundings } from '../output';
import { runCli } from '../program';
import { type Register } from '../session';

/** What a command line said, and how it ended. */
export interface Captured {
  readonly exitCode: ExitCode;
  readonly out: string;
  readonly err: string;
}

/** Surroundings that keep what is written. */
export class CapturedSurroundings implements Surroundings {
  readonly interactive = false;
  outText = '';
  errText = '';
  /** Called after each write. */
  onWrite: () => void = () => undefined;

  constructor(readonly env: Surroundings['env'] = {}) {}

  readonly out = (text: string): void => {
    this.outText += text;
    this.onWrite();
  };

  readonly err = (text: string): void => {
    this.errText += text;
    this.onWrite();
  };
}

/** Runs one command line. */
export async function run(
  args: readonly string[],
  env: Surroundings['env'] = {},
  commands?: readonly Register[],
): Promise<Captured> {
  const surroundings = new CapturedSurroundings(env);
  const exitCode = await runCli(args, surroundings, commands);
  return { exitCode, out: surroundings.outText, err: surroundings.errText };
}

/** A folder for one test file; `remove` deletes it. */
export function temporaryFolder(): { readonly path: string; readonly remove: () => void } {
  const path = mkdtempSync(join(tmpdir(), 'concordat-cli-test-'));
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}
