import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { CliError, EXIT } from '../errors';

/** This CLI's own bundle, for processes of its own that it starts. */
export const cliMain = join(__dirname, 'main.cjs');

/** The consensus node's bundle, beside the CLI's. Throws a CliError when it is not built. */
export function memberMain(): string {
  const path = join(__dirname, '..', 'consensus-node', 'main.cjs');
  if (existsSync(path)) return path;
  throw new CliError(EXIT.no, 'NOT_BUILT', `${path} is missing: run \`npm run build\` at the repository's root.`);
}
