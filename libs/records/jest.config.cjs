const { jestProject } = require('../../jest.preset.cjs');

module.exports = jestProject('records', __dirname);
