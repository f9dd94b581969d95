/** @import { Patch, SeedKiller, TestKiller } from '../types' */

const ALIASES = {
  pbft: 'libs/consensus/src/pbft',
  member: 'libs/consensus/src/member',
  hotstuff: 'libs/consensus/src/hotstuff',
  consensus: 'libs/consensus/src',
  protocol: 'libs/protocol/src',
  records: 'libs/records/src',
  storage: 'libs/storage/src',
  host: 'libs/replica-host/src',
  crypto: 'libs/crypto/src',
  client: 'libs/client/src',
  node: 'apps/consensus-node/src',
  simulator: 'libs/simulator/src',
};

/** 'pbft/agreement' is libs/consensus/src/pbft/agreement.ts. @param {string} short */
function pathOf(short) {
  const [first = '', ...rest] = short.split('/');
  const folder = ALIASES[/** @type {keyof typeof ALIASES} */ (first)];
  return `${folder}/${rest.join('/')}.ts`;
}

/** In `file`, `find` becomes `replace`. @param {string} file @param {string} find @param {string} replace @returns {Patch} */
export const patch = (file, find, replace) => ({ file: pathOf(file), find, replace });

/**
 * Up to `max` seeds must break one of the rules.
 *
 * @param {number} max
 * @param {readonly string[]} rules
 * @param {object} [options] overrides of runSchedule
 * @returns {SeedKiller}
 */
export const seeds = (max, rules, options = {}) => ({ kind: 'seeds', options, max, rules });

/**
 * The same in schedules whose members change.
 *
 * @param {number} max
 * @param {readonly string[]} rules
 * @param {object} [options] overrides of runSchedule
 */
export const epochSeeds = (max, rules, options = {}) => seeds(max, rules, { profile: 'epochs', ...options });

/** A swarm of four with one liar. @param {number} member @param {string} strategy */
export const liar = (member, strategy) => ({ members: 4, f: 1, liars: [{ member, strategy }] });

/** A schedule of the simulator, by its title. @param {string} title @returns {TestKiller} */
export const schedule = (title) => test('simulator/named-schedules', title);

/** A schedule about going on, by its title. @param {string} title @returns {TestKiller} */
export const liveness = (title) => test('simulator/liveness-schedules', title);

/** A hostile schedule of the simulator, by its title. @param {string} title @returns {TestKiller} */
export const attack = (title) => test('simulator/hostile-schedules', title);

/** A test by its title. @param {string} file @param {string} title @returns {TestKiller} */
export const test = (file, title) => ({ kind: 'test', file: pathOf(`${file}.spec`), title });
