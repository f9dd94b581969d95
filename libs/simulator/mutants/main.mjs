import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { performance } from 'node:perf_hooks';
import { ROOT } from './bundle.mjs';
import { failuresWithoutMutant, runSeeds, runTest } from './killers.mjs';
import patchModule from './patch.cjs';
import { failureText, killRow } from './report.mjs';
import { selfCheck } from './self-check.mjs';
import { MUTANTS } from './table/index.mjs';

/** @import { Kill, Mutant } from './types' */

/** Processes at once. */
const WORKERS = 2;

/** Hands out folders of their own in a temporary one. @param {string} base */
function folders(base) {
  let made = 0;
  return () => {
    const folder = join(base, String(made++));
    mkdirSync(folder);
    return folder;
  };
}

/** Does all the work, `WORKERS` pieces at a time. @param {readonly (() => Promise<void>)[]} work */
async function inParallel(work) {
  const left = [...work];
  const worker = async () => {
    for (let next = left.shift(); next !== undefined; next = left.shift()) await next();
  };
  await Promise.all(Array.from({ length: WORKERS }, worker));
}

/** Mutants whose patches do not fit the sources, with why. @param {readonly Mutant[]} mutants */
function misfits(mutants) {
  return mutants.flatMap(({ name, patches }) => {
    try {
      for (const file of new Set(patches.map((patch) => patch.file)))
        patchModule.patched(file, readFileSync(resolve(ROOT, file), 'utf8'), patches);
      return [];
    } catch (error) {
      return [`${name}: ${error instanceof Error ? error.message : String(error)}`];
    }
  });
}

/**
 * Sets every killer on its mutant, then runs the same tests and the same seeds over the unchanged sources.
 *
 * @param {readonly Mutant[]} mutants
 * @param {() => string} newFolder
 */
async function killAll(mutants, newFolder) {
  /** @type {Kill[]} */
  const kills = [];
  /** @type {string[]} */
  const faults = [];
  const note = (/** @type {Kill} */ kill) => {
    kills.push(kill);
    console.log(killRow(kill));
  };
  const pairs = mutants.flatMap((mutant) => mutant.killers.map((killer) => ({ mutant, killer })));
  const tests = pairs.map(({ killer }) => killer).filter((killer) => killer.kind === 'test');
  const testBaseline = async () => {
    if (tests.length > 0)
      for (const text of await failuresWithoutMutant(tests, newFolder())) faults.push(`without any mutant: ${text}`);
  };
  const attempts = pairs.map(({ mutant, killer }) => async () => {
    const outcome =
      killer.kind === 'seeds'
        ? await runSeeds(mutant.patches, killer, newFolder())
        : await runTest(mutant.patches, killer, newFolder());
    note({ mutant, killer, ...outcome });
  });
  const harness = async () => {
    faults.push(...(await selfCheck(newFolder)));
  };
  await inParallel([harness, testBaseline, ...attempts]);
  await inParallel(
    seedsUsed(kills).map(({ options, max }) => async () => {
      const outcome = await runSeeds([], { options: JSON.parse(options), max, rules: 'any' }, newFolder());
      if (outcome.verdict !== 'survived')
        faults.push(`without any mutant: options ${options}, seed ${outcome.seeds}: ${outcome.reason}`);
    }),
  );
  return { kills, faults };
}

/** For each set of options the seeds that killed something: 1 up to the greatest. @param {readonly Kill[]} kills */
function seedsUsed(kills) {
  const used = new Map();
  for (const { killer, verdict, seeds } of kills) {
    if (killer.kind !== 'seeds' || verdict !== 'killed') continue;
    const options = JSON.stringify(killer.options);
    used.set(options, Math.max(used.get(options) ?? 0, seeds));
  }
  return [...used].map(([options, max]) => ({ options, max }));
}

/** `node main.mjs [--report FILE] [NAME...]`: all mutants, or those named. */
async function main() {
  const args = process.argv.slice(2);
  const at = args.indexOf('--report');
  const report = at === -1 ? undefined : args.splice(at, 2)[1];
  const unknown = args.filter((name) => !MUTANTS.some((mutant) => mutant.name === name));
  if (unknown.length > 0) throw new Error(`no mutant is called ${unknown.join(', ')}`);
  const chosen = args.length === 0 ? MUTANTS : MUTANTS.filter(({ name }) => args.includes(name));
  const startedMs = performance.now();
  const unfit = misfits(chosen);
  const base = mkdtempSync(join(tmpdir(), 'concordat-mutants-'));
  try {
    const fit = chosen.filter(({ name }) => !unfit.some((text) => text.startsWith(`${name}: `)));
    const { kills, faults } = await killAll(fit, folders(base));
    const alive = kills.filter(({ verdict }) => verdict !== 'killed');
    for (const text of unfit) console.log(`MUTANT DOES NOT FIT ${text}`);
    for (const kill of alive) console.log(failureText(kill));
    for (const text of faults) console.log(`FAULT ${text}`);
    const failed = new Set([...alive.map(({ mutant }) => mutant.name), ...unfit]).size + faults.length;
    const killed = chosen.length - new Set([...alive.map(({ mutant }) => mutant.name), ...unfit]).size;
    const seconds = ((performance.now() - startedMs) / 1000).toFixed(1);
    console.log(`${killed} of ${chosen.length} mutants killed, ${faults.length} faults, ${seconds} s`);
    if (report !== undefined) writeFileSync(report, JSON.stringify({ passed: killed, failed }));
    process.exitCode = failed > 0 ? 1 : 0;
  } finally {
    rmSync(base, { recursive: true, force: true });
  }
}

await main();
