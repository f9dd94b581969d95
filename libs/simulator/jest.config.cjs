const { jestProject } = require('../../jest.preset.cjs');

module.exports = jestProject('simulator', __dirname);
