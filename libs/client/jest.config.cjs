const { jestProject } = require('../../jest.preset.cjs');

module.exports = jestProject('client', __dirname);
