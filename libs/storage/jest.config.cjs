const { jestProject } = require('../../jest.preset.cjs');

module.exports = jestProject('storage', __dirname);
