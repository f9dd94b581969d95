const { jestProject } = require('../../jest.preset.cjs');

module.exports = jestProject('conformance', __dirname);
