import { createRequire } from 'node:module';
import { performance } from 'node:perf_hooks';

/** @import { Violation } from '../src/index' */

/**
 * A process of its own per mutant: `node run-seeds.mjs BUNDLE JSON`. Runs seed after seed until one of the rules is broken,
 * or, with `rules: 'any'`, until any is, and prints the Outcome as JSON.
 */
const [, , bundle = '', request = '{}'] = process.argv;
const { options, max, rules } = JSON.parse(request);
const { runSchedule } = createRequire(import.meta.url)(bundle);

/** An engine that throws by accident is no defence of ours; a broken invariant is. */
const isAccident = (/** @type {Violation} */ { rule, text }) =>
  rule === 'engine-throws' && !text.startsWith('InvariantError');

function run() {
  for (let seed = 1; seed <= max; seed++) {
    const { violations } = runSchedule(seed, options);
    const accident = violations.find(isAccident);
    if (accident !== undefined) return { verdict: 'broken', seeds: seed, reason: `seed ${seed}: ${accident.text}` };
    const kill = violations.find((/** @type {Violation} */ { rule }) => rules === 'any' || rules.includes(rule));
    if (kill !== undefined) {
      return { verdict: 'killed', seeds: seed, reason: `${kill.rule} at member ${kill.member}: ${kill.text}` };
    }
  }
  return { verdict: 'survived', seeds: max, reason: `${max} seeds break none of its rules` };
}

const startedMs = performance.now();
const outcome = run();
console.log(JSON.stringify({ ...outcome, durationMs: performance.now() - startedMs }));
