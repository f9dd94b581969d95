const { jestProject } = require('../../jest.preset.cjs');

module.exports = jestProject('cli', __dirname);
