const { jestProject } = require('../../jest.preset.cjs');

module.exports = jestProject('threshold', __dirname);
