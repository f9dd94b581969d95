import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { ROOT } from './ensure.mjs';

/** `npm run lint`: every rule, then the formatting; both are reported even when the first one fails. */
const CHECKS = [
  ['eslint/bin/eslint.js', ['.', '--max-warnings', '0']],
  ['prettier/bin/prettier.cjs', ['--check', '--log-level', 'warn', '**/*.{ts,mjs,cjs,json,md}']],
];
const codes = CHECKS.map(
  ([script, args]) =>
    spawnSync(process.execPath, [join(ROOT, 'node_modules', script), ...args], { cwd: ROOT, stdio: 'inherit' }).status,
);
process.exitCode = codes.every((code) => code === 0) ? 0 : 1;
