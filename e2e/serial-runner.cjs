const { default: TestRunner } = require('jest-runner');

/** Runs one suite after the other: each starts processes of its own and measures what they do. */
module.exports = class SerialRunner extends TestRunner {
  isSerial = true;
};
