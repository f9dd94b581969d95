const { jestProject } = require('../../jest.preset.cjs');

module.exports = jestProject('protocol', __dirname);
