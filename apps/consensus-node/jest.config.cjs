const { jestProject } = require('../../jest.preset.cjs');

module.exports = jestProject('consensus-node', __dirname);
