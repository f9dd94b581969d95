const { resolve } = require('node:path');
const { paths } = require('./tsconfig.base.json').compilerOptions;

/** Packages that ship only ES modules: jest's CommonJS runtime needs them transformed. */
const ESM_ONLY = [
  '@noble',
  'ansi-regex',
  'chalk',
  'cli-cursor',
  'cli-spinners',
  'get-east-asian-width',
  'is-interactive',
  'is-unicode-supported',
  'log-symbols',
  'mimic-function',
  'onetime',
  'ora',
  'restore-cursor',
  'stdin-discarder',
  'string-width',
  'strip-ansi',
  'yoctocolors',
];

const moduleNameMapper = Object.fromEntries(
  Object.entries(paths).map(([alias, [target]]) => [`^${alias}$`, resolve(__dirname, target)]),
);

/** What simulations name all the time: inside of jest's sandbox each such name is looked up slowly, unless it is handed in. */
const HANDED_IN = [
  'Array',
  'ArrayBuffer',
  'BigInt',
  'DataView',
  'Error',
  'Float64Array',
  'Infinity',
  'Map',
  'Math',
  'Number',
  'Object',
  'RangeError',
  'Set',
  'String',
  'Symbol',
  'Uint8Array',
  'WeakMap',
];

/** @param {'typescript' | 'ecmascript'} syntax */
function swc(syntax) {
  return [
    '@swc/jest',
    {
      swcrc: false,
      jsc: {
        target: 'es2023',
        parser: { syntax, decorators: true },
        transform: { legacyDecorator: true, decoratorMetadata: true },
      },
      module: { type: 'commonjs' },
      sourceMaps: 'inline',
    },
  ];
}

/**
 * The jest configuration of one project of this repository.
 *
 * @param {string} displayName the project's name, as in `jest --selectProjects <name>`
 * @param {string} rootDir the project's folder
 * @param {object} [overrides] options that this project alone needs
 * @param {number} [overrides.testTimeoutMs] longest time of a test or hook: a busy machine must not fail a test that only
 *   waits for a process
 */
function jestProject(displayName, rootDir, { testTimeoutMs = 20_000, ...overrides } = {}) {
  return {
    displayName,
    rootDir,
    testEnvironment: 'node',
    testMatch: ['<rootDir>/src/**/*.spec.ts'],
    moduleFileExtensions: ['ts', 'js', 'mjs', 'cjs', 'json', 'node'],
    moduleNameMapper,
    transform: { '\\.ts$': swc('typescript'), '\\.m?js$': swc('ecmascript') },
    globals: { testTimeoutMs },
    sandboxInjectedGlobals: HANDED_IN,
    setupFilesAfterEnv: [resolve(__dirname, 'jest.timeout.cjs')],
    transformIgnorePatterns: [`/node_modules/(?!(?:.*/node_modules/)?(?:${ESM_ONLY.join('|')})/)`],
    ...overrides,
  };
}

module.exports = { jestProject };
