const { jestProject } = require('../../jest.preset.cjs');

module.exports = jestProject('nats', __dirname);
