import { runAll } from './run-all.mjs';

/** `npm run lint`: every rule, and the formatting. */
await runAll([
  ['eslint/bin/eslint.js', ['.', '--max-warnings', '0']],
  ['prettier/bin/prettier.cjs', ['--check', '--log-level', 'warn', '**/*.{ts,mjs,cjs,json,md}']],
]);
