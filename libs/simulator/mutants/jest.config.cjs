const { resolve } = require('node:path');
const { jestProject } = require('../../../jest.preset.cjs');

const ROOT = resolve(__dirname, '../../..');
const project = jestProject('mutants', ROOT, { testMatch: ['<rootDir>/{libs,apps}/*/src/**/*.spec.ts'] });
const [, options] = project.transform['\\.ts$'];

/** Any spec of the house, over the sources as a mutant has them. */
module.exports = {
  ...project,
  roots: ['<rootDir>/libs', '<rootDir>/apps'],
  transform: { ...project.transform, '\\.ts$': [require.resolve('./jest-transform.cjs'), options] },
};
