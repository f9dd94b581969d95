import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from './ensure.mjs';
import { runAll } from './run-all.mjs';

/**
 * `npm run typecheck`: everything as one program, which reads what all share once, and each core library without the
 * types of any platform, which is what keeps it free of them.
 */
const cores = readdirSync(join(ROOT, 'libs'))
  .map((name) => join('libs', name, 'tsconfig.lib.json'))
  .filter((path) => existsSync(join(ROOT, path)));
await runAll(['tsconfig.check.json', ...cores].map((config) => ['typescript/bin/tsc', ['-p', config]]));
