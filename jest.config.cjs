/** One run, one summary: `npx jest`, or `npx jest --selectProjects consensus storage`. */
module.exports = {
  projects: ['<rootDir>/libs/*/jest.config.cjs', '<rootDir>/apps/*/jest.config.cjs', '<rootDir>/e2e/jest.config.cjs'],
  maxWorkers: 2,
  testSequencer: '<rootDir>/jest.sequencer.cjs',
};
