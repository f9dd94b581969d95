import js from '@eslint/js';
import { createProjectGraphAsync } from '@nx/devkit';
import nx from '@nx/eslint-plugin';
import prettier from 'eslint-config-prettier';
import { defineConfig, globalIgnores } from 'eslint/config';
import tseslint from 'typescript-eslint';

// Made here, not read: with no cached graph the boundary rule skips itself silently, with an old one it misjudges.
const graph = await createProjectGraphAsync({ exitOnError: true });

const SOURCES = ['**/*.ts'];
const SPECS = ['**/*.spec.ts', 'e2e/src/**/*.ts', 'libs/conformance/src/**/*.ts'];
const SCRIPTS = ['**/*.mjs', '**/*.cjs'];
const CORE = Object.values(graph.nodes)
  .filter(({ data }) => data.tags?.includes('type:core'))
  .map(({ data }) => `${data.root}/src/**/*.ts`);

/** Who may import whom: docs and code agree because this table is the rule. */
const BOUNDARIES = [
  { type: 'core', may: ['core'], packages: ['@noble/hashes', '@noble/hashes/*', '@noble/curves', '@noble/curves/*'] },
  { type: 'adapter', may: ['core'] },
  { type: 'host', may: ['core'] },
  { type: 'kit', may: ['core', 'adapter'] },
  { type: 'sdk', may: ['core', 'adapter'] },
  { type: 'harness', may: ['core'] },
  { type: 'app', may: ['core', 'adapter', 'host', 'kit', 'sdk', 'harness'] },
  { type: 'testing', may: ['core', 'adapter', 'host', 'kit', 'sdk', 'harness', 'testing'] },
];

function boundaryRule({ specs }) {
  const depConstraints = BOUNDARIES.map(({ type, may, packages }) => ({
    sourceTag: `type:${type}`,
    onlyDependOnLibsWithTags: may.map((target) => `type:${target}`),
    ...(packages && !specs ? { allowedExternalImports: packages } : {}),
  }));
  return ['error', { depConstraints, allow: [], enforceBuildableLibDependency: false }];
}

const NO_FOR_IN = {
  selector: 'ForInStatement',
  message: 'for...in walks the prototype chain in an order nobody promised: use for...of over keys that you order.',
};
const HOST_GLOBALS = [
  ['Date', 'The core has no clock: time arrives as an event.'],
  ['performance', 'The core has no clock: time arrives as an event.'],
  ['crypto', 'The core has no randomness.'],
  ['process', 'The core has no process.'],
  ['console', 'The core does not log: it returns effects.'],
  ['Buffer', 'The core uses Uint8Array.'],
  ['fetch', 'The core does no I/O.'],
  ['setTimeout', 'The core starts timers with effects.'],
  ['setInterval', 'The core starts timers with effects.'],
  ['setImmediate', 'The core is synchronous.'],
  ['queueMicrotask', 'The core is synchronous.'],
  ['globalThis', 'The core has no environment.'],
  ['require', 'The core imports statically.'],
].map(([name, message]) => ({ name, message }));

export default defineConfig(
  globalIgnores(['**/node_modules', '**/dist', '**/coverage', '.nx', '.concordat']),
  { linterOptions: { noInlineConfig: true, reportUnusedDisableDirectives: 'error' } },
  js.configs.recommended,
  {
    rules: {
      'no-restricted-syntax': ['error', NO_FOR_IN],
      eqeqeq: 'error',
      'no-var': 'error',
      'prefer-const': 'error',
    },
  },
  {
    files: SOURCES,
    extends: [tseslint.configs.strictTypeChecked],
    plugins: { '@nx': nx },
    languageOptions: { parserOptions: { project: './tsconfig.check.json', tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@nx/enforce-module-boundaries': boundaryRule({ specs: false }),
      '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'inline-type-imports' }],
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      '@typescript-eslint/no-extraneous-class': ['error', { allowWithDecorator: true }],
      // A generic that only brands its result (`safeCount<View>(n)`) is this code's idiom.
      '@typescript-eslint/no-unnecessary-type-parameters': 'off',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true }],
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
    },
  },
  {
    // Nest reads constructor parameter types at run time: an import that looks like a type only may be needed as a value.
    files: ['apps/**/*.ts', 'libs/nats/src/**/*.ts', 'libs/telemetry/src/**/*.ts'],
    rules: { '@typescript-eslint/consistent-type-imports': 'off' },
  },
  {
    files: CORE,
    ignores: SPECS,
    rules: {
      'no-restricted-imports': [
        'error',
        {
          patterns: [
            {
              regex: String.raw`^(?!\.{1,2}/|@concordat/|@noble/(hashes|curves)(/|$))`,
              message:
                'A core library imports core libraries and @noble/hashes or @noble/curves only: no I/O, no platform.',
            },
          ],
        },
      ],
      'no-restricted-globals': ['error', ...HOST_GLOBALS],
      'no-restricted-properties': [
        'error',
        { object: 'Math', property: 'random', message: 'The core has no randomness.' },
        { property: 'localeCompare', message: 'Locale order differs between machines: compare code units or bytes.' },
      ],
      'no-restricted-syntax': [
        'error',
        NO_FOR_IN,
        { selector: 'ImportExpression', message: 'The core imports statically.' },
        { selector: 'AwaitExpression', message: 'The core is synchronous.' },
      ],
    },
  },
  {
    files: SPECS,
    rules: {
      '@nx/enforce-module-boundaries': boundaryRule({ specs: true }),
      '@typescript-eslint/no-non-null-assertion': 'off',
      '@typescript-eslint/unbound-method': 'off',
    },
  },
  {
    files: SCRIPTS,
    languageOptions: {
      ecmaVersion: 2024,
      globals: {
        process: 'readonly',
        console: 'readonly',
        Buffer: 'readonly',
        URL: 'readonly',
        setTimeout: 'readonly',
      },
    },
  },
  {
    files: ['**/*.cjs'],
    languageOptions: {
      sourceType: 'commonjs',
      globals: {
        module: 'writable',
        require: 'readonly',
        __dirname: 'readonly',
        __filename: 'readonly',
        jest: 'readonly',
      },
    },
  },
  prettier,
);
