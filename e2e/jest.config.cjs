const { jestProject } = require('../jest.preset.cjs');

module.exports = jestProject('e2e', __dirname, { runner: '<rootDir>/serial-runner.cjs', testTimeoutMs: 120_000 });
