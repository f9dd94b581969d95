import { runSeeds, runTest } from './killers.mjs';

/** @import { Outcome, Patch, TestKiller } from './types' */

const FILE = 'libs/consensus/src/pbft/agreement.ts';
const FIND = "return reject('future_view',";

/** @param {string} replace @returns {readonly Patch[]} */
const changed = (replace) => [{ file: FILE, find: FIND, replace }];

/** A test that the harmless change below does not touch. @type {TestKiller} */
const PASSING_TEST = {
  kind: 'test',
  file: 'libs/consensus/src/pbft/agreement.spec.ts',
  title: 'prepares an accepted proposal, its batch durable first',
};

/** What must become of changes that are no mutants: none of them may pass for a kill. */
const CASES = [
  { name: 'a change of nothing', verdict: 'survived', replace: `${FIND} /* as it is */` },
  { name: 'a source that does not parse', verdict: 'broken', replace: `return return ${FIND}` },
  { name: 'a name that nobody knows', verdict: 'broken', replace: `return unknownToAll('future_view',` },
];
const BY_TEST = [
  { name: 'a change of nothing, by a test', verdict: 'survived', replace: `${FIND} /* as it is */` },
  { name: 'a source that does not parse, by a test', verdict: 'broken', replace: `return return ${FIND}` },
];

/** A swarm in which members hear of views before they enter them. */
const SEEDS = { options: { members: 4, f: 1 }, max: 12, rules: ['agreement'] };

/**
 * Why the machinery itself could not be trusted: empty when it tells a kill from everything else.
 *
 * @param {() => string} newFolder
 * @returns {Promise<string[]>}
 */
export async function selfCheck(newFolder) {
  /** @type {string[]} */
  const faults = [];
  const expectVerdict = (/** @type {string} */ name, /** @type {string} */ verdict, /** @type {Outcome} */ outcome) => {
    if (outcome.verdict !== verdict)
      faults.push(`the harness takes ${name} for ${outcome.verdict}, not ${verdict}: ${outcome.reason}`);
  };
  for (const { name, verdict, replace } of CASES)
    expectVerdict(name, verdict, await runSeeds(changed(replace), SEEDS, newFolder()));
  for (const { name, verdict, replace } of BY_TEST)
    expectVerdict(name, verdict, await runTest(changed(replace), PASSING_TEST, newFolder()));
  return faults;
}
