import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ROOT, SetupError, ensureBuilt, ensureDependencies, ensureNatsServer, ensureNode } from './ensure.mjs';

const GROUPS = [
  { name: 'unit', args: ['--ignoreProjects', 'e2e', '--maxWorkers', '2'] },
  { name: 'e2e', args: ['--selectProjects', 'e2e', '--runInBand'], specs: join(ROOT, 'e2e', 'src') },
];

function hasSpecs(folder) {
  return existsSync(folder) && readdirSync(folder, { recursive: true }).some((file) => file.endsWith('.spec.ts'));
}

/**
 * Runs one group of tests. Whatever keeps tests from running (a suite that does not load, a crash, no tests at all)
 * counts as a failure, so that a green line never means less than it says.
 */
function runGroup({ name, args }, env, folder) {
  const outputFile = join(folder, `${name}.json`);
  const jest = join(ROOT, 'node_modules', 'jest', 'bin', 'jest.js');
  const { status } = spawnSync(process.execPath, [jest, '--ci', ...args, '--json', `--outputFile=${outputFile}`], {
    cwd: ROOT,
    // jest prints its report on stderr, and the same JSON that it writes to the file on stdout.
    stdio: ['ignore', 'ignore', 'inherit'],
    env,
  });
  if (!existsSync(outputFile)) return { passed: 0, failed: 1, skipped: 0 };
  const results = JSON.parse(readFileSync(outputFile, 'utf8'));
  const passed = results.numPassedTests;
  const failed = results.numFailedTests + results.numRuntimeErrorTestSuites;
  const silentFailure = failed === 0 && (status !== 0 || passed === 0);
  return { passed, failed: silentFailure ? 1 : failed, skipped: results.numPendingTests + results.numTodoTests };
}

/** Runs the mutants: each one that is not killed by an assertion or a broken rule counts as a failure. */
function runMutants(folder) {
  const report = join(folder, 'mutants.json');
  const { status } = spawnSync(process.execPath, [join(ROOT, 'libs/simulator/mutants/main.mjs'), '--report', report], {
    cwd: ROOT,
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  if (!existsSync(report)) return { passed: 0, failed: 1, skipped: 0 };
  const { passed, failed } = JSON.parse(readFileSync(report, 'utf8'));
  const silentFailure = failed === 0 && (status !== 0 || passed === 0);
  return { passed, failed: silentFailure ? 1 : failed, skipped: 0 };
}

/** `npm test`: everything the tests need, then all of them. The last line is `N passed, N failed`. */
function runAll() {
  const total = { passed: 0, failed: 0, skipped: 0 };
  ensureNode();
  ensureDependencies();
  ensureBuilt();
  const env = { ...process.env, NATS_SERVER_BIN: ensureNatsServer() };
  const folder = mkdtempSync(join(tmpdir(), 'concordat-test-'));
  try {
    const add = (counts) => Object.keys(total).forEach((key) => (total[key] += counts[key]));
    for (const group of GROUPS.filter(({ specs }) => specs === undefined || hasSpecs(specs))) {
      add(runGroup(group, env, folder));
    }
    add(runMutants(folder));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  return total;
}

let total = { passed: 0, failed: 1, skipped: 0 };
try {
  total = runAll();
} catch (error) {
  console.error(error instanceof SetupError ? `concordat: ${error.message}` : error);
}
if (total.skipped > 0) console.log(`${total.skipped} skipped`);
console.log(`${total.passed} passed, ${total.failed} failed`);
process.exitCode = total.failed > 0 ? 1 : 0;
