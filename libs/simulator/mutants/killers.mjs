import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { stripVTControlCharacters } from 'node:util';
import { bundleSimulator, ROOT } from './bundle.mjs';
import { runNode } from './run-process.mjs';

/** @import { Outcome, Patch, TestKiller } from './types' */

const here = (/** @type {string} */ name) => fileURLToPath(new URL(name, import.meta.url));
const escaped = (/** @type {string} */ text) => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
const firstLine = (/** @type {string} */ text) => text.split('\n', 1)[0] ?? '';

/** @param {string} reason @returns {Outcome} */
const broken = (reason) => ({ verdict: 'broken', seeds: 0, durationMs: 0, reason });

/**
 * Runs seeds of the simulator over patched sources.
 *
 * @param {readonly Patch[]} patches
 * @param {{ readonly options: object, readonly max: number, readonly rules: readonly string[] | 'any' }} killer
 * @param {string} folder for the bundle
 * @returns {Promise<Outcome>}
 */
export async function runSeeds(patches, { options, max, rules }, folder) {
  let bundle;
  try {
    bundle = await bundleSimulator(patches, folder);
  } catch (error) {
    return broken(`does not build: ${firstLine(String(error))}`);
  }
  const request = JSON.stringify({ options, max, rules });
  const { output, errors, code } = await runNode([here('run-seeds.mjs'), bundle, request]);
  if (code !== 0) return broken(`does not run (code ${code}): ${errors.trim().slice(-300)}`);
  return JSON.parse(output);
}

/**
 * One run of jest over patched sources: how often each test of those titles passed and failed, and why.
 *
 * @param {readonly Patch[]} patches
 * @param {readonly TestKiller[]} tests
 * @param {string} folder for the report
 * @returns {Promise<{ readonly fault: string | undefined, readonly results: readonly any[] }>}
 */
async function runJest(patches, tests, folder) {
  const report = join(folder, 'jest.json');
  const files = [...new Set(tests.map(({ file }) => resolve(ROOT, file)))];
  const pattern = `(${tests.map(({ title }) => escaped(title)).join('|')})$`;
  const { errors } = await runNode(
    [
      ...[resolve(ROOT, 'node_modules/jest/bin/jest.js'), '--ci', '--runInBand', '--config', here('jest.config.cjs')],
      ...['--testNamePattern', pattern, '--json', `--outputFile=${report}`, '--runTestsByPath', ...files],
    ],
    { MUTANT_PATCHES: JSON.stringify(patches) },
  );
  let parsed;
  try {
    parsed = JSON.parse(await readFile(report, 'utf8'));
  } catch {
    return { fault: `jest does not run: ${errors.trim().slice(-300)}`, results: [] };
  }
  const unloaded = parsed.testResults.find((/** @type {any} */ suite) => suite.assertionResults.length === 0);
  const fault = unloaded === undefined ? undefined : `does not load: ${firstLine(unloaded.message)}`;
  const results = parsed.testResults.flatMap((/** @type {any} */ suite) =>
    suite.assertionResults.map((/** @type {any} */ result) => ({ ...result, file: suite.name })),
  );
  return { fault, results };
}

const ACCIDENT = /^(TypeError|ReferenceError|SyntaxError|RangeError: Maximum call stack)/;

/** @param {readonly any[]} results @param {TestKiller} test */
const resultsOf = (results, { file, title }) =>
  results.filter(
    (result) => result.title === title && result.file === resolve(ROOT, file) && result.status !== 'pending',
  );

/**
 * Runs one test over patched sources.
 *
 * @param {readonly Patch[]} patches
 * @param {TestKiller} test
 * @param {string} folder for the report
 * @returns {Promise<Outcome>}
 */
export async function runTest(patches, test, folder) {
  const { fault, results } = await runJest(patches, [test], folder);
  if (fault !== undefined) return broken(fault);
  const found = resultsOf(results, test);
  if (found.length === 0) return broken(`${test.file} has no test of that title`);
  const durationMs = found.reduce((sum, { duration }) => sum + (duration ?? 0), 0);
  const failed = found.find(({ status }) => status === 'failed');
  if (failed === undefined) return { verdict: 'survived', seeds: 1, durationMs, reason: 'the test passes' };
  const message = readable(failed.failureMessages[0] ?? '');
  const verdict = ACCIDENT.test(message) ? 'broken' : 'killed';
  return { verdict, seeds: 1, durationMs, reason: message };
}

/**
 * The tests that did not pass over the unchanged sources, with why.
 *
 * @param {readonly TestKiller[]} tests
 * @param {string} folder
 * @returns {Promise<string[]>}
 */
export async function failuresWithoutMutant(tests, folder) {
  const { fault, results } = await runJest([], tests, folder);
  if (fault !== undefined) return [fault];
  return tests.flatMap((test) => {
    const found = resultsOf(results, test);
    if (found.length === 0) return [`${test.file} has no test "${test.title}"`];
    return found
      .filter(({ status }) => status !== 'passed')
      .map(({ failureMessages }) => `${test.title}: ${readable(failureMessages[0] ?? '')}`);
  });
}

/** The words of a failed assertion without colours, places in files and empty lines. @param {string} message */
function readable(message) {
  const lines = stripVTControlCharacters(message)
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('at '));
  return lines
    .slice(0, 5)
    .join(' ')
    .replace(/^Error: (?=expect\()/, '')
    .slice(0, 300);
}
