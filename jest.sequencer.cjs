const { default: Sequencer } = require('@jest/test-sequencer');

/** What takes longest, the longest first: begun last, one of them would run alone while the other processor waits. */
const LONG = [
  'simulator/src/twins/twins.spec.ts',
  'consensus/src/attack/snapshots.spec.ts',
  'simulator/src/mutations/mutations.spec.ts',
  'simulator/src/run-schedule.spec.ts',
  'simulator/src/adversaries/conduct.spec.ts',
  'simulator/src/strategies.spec.ts',
  'consensus/src/attack/epochs-fuzz.spec.ts',
  'simulator/src/sweep.spec.ts',
  'conformance/src/architecture/boundaries.spec.ts',
  'consensus/src/membership/membership-properties.spec.ts',
];

const placeOf = ({ path }) => {
  const place = LONG.findIndex((name) => path.endsWith(name));
  return place === -1 ? LONG.length : place;
};

/** On a fresh clone nothing is known of how long tests take. */
module.exports = class extends Sequencer {
  sort(tests) {
    return [...super.sort(tests)].sort((a, b) => placeOf(a) - placeOf(b));
  }
};
