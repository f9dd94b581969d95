const { jestProject } = require('../../jest.preset.cjs');

module.exports = jestProject('replica-host', __dirname);
