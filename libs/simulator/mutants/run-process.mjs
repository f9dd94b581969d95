import { spawn } from 'node:child_process';
import { ROOT } from './bundle.mjs';

/** No mutant may run for ever: an endless loop shows nothing. */
const TIMEOUT_MS = 150_000;

/**
 * Runs a Node script to its end.
 *
 * @param {readonly string[]} args
 * @param {Record<string, string>} [env]
 * @returns {Promise<{ readonly output: string, readonly errors: string, readonly code: number | null }>}
 */
export function runNode(args, env = {}) {
  return new Promise((done, failed) => {
    const child = spawn(process.execPath, args, {
      cwd: ROOT,
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: TIMEOUT_MS,
    });
    let output = '';
    let errors = '';
    child.stdout.on('data', (chunk) => (output += chunk));
    child.stderr.on('data', (chunk) => (errors += chunk));
    child.on('error', failed);
    child.on('close', (code) => done({ output, errors, code }));
  });
}
