import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { ROOT, SetupError, ensureBuilt, ensureDependencies, ensureNode } from './ensure.mjs';

/** `npm run soak [-- minutes]`: fresh seeds for so long (default 30), or until one breaks a rule, which is then printed. */
try {
  ensureNode();
  ensureDependencies();
  ensureBuilt();
  const [minutes = '30', ...rest] = process.argv.slice(2);
  const cli = join(ROOT, 'dist', 'apps', 'cli', 'main.cjs');
  const args = [cli, 'simulate', '--minutes', minutes, ...rest];
  process.exitCode = spawnSync(process.execPath, args, { stdio: 'inherit' }).status ?? 1;
} catch (error) {
  console.error(error instanceof SetupError ? `concordat: ${error.message}` : error);
  process.exitCode = 1;
}
