const { jestProject } = require('../../jest.preset.cjs');

module.exports = jestProject('crypto', __dirname);
