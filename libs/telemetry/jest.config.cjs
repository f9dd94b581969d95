const { jestProject } = require('../../jest.preset.cjs');

module.exports = jestProject('telemetry', __dirname);
