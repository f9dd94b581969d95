import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { ROOT } from './ensure.mjs';

/** Runs the script of a package at the root; true when it succeeded. */
function succeeds([script, args]) {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [join(ROOT, 'node_modules', script), ...args], {
      cwd: ROOT,
      stdio: 'inherit',
    });
    child.on('error', (error) => {
      console.error(error);
      resolve(false);
    });
    child.on('exit', (code) => resolve(code === 0));
  });
}

/**
 * Runs checks, the first one beside the others, which run one after the other: two cores are kept busy. All of them
 * report; one that fails makes this process fail.
 */
export async function runAll([first, ...others]) {
  const rest = async () => {
    const results = [];
    for (const check of others) results.push(await succeeds(check));
    return results;
  };
  const results = await Promise.all([succeeds(first), rest()]);
  process.exitCode = results.flat().every(Boolean) ? 0 : 1;
}
