import { accessSync, constants, statSync } from 'node:fs';
import { delimiter, join } from 'node:path';

function isExecutableFile(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

/**
 * Path of a nats-server binary, or undefined. NATS_SERVER_BIN decides alone when it is set, so that a misspelt path does
 * not quietly run another version; else the folders of PATH, then where Debian and Homebrew put it.
 */
export function findNatsServer(env: Readonly<Record<string, string | undefined>>): string | undefined {
  const chosen = env['NATS_SERVER_BIN'];
  if (chosen !== undefined && chosen !== '') return isExecutableFile(chosen) ? chosen : undefined;
  const folders = [
    ...(env['PATH'] ?? '').split(delimiter).filter((folder) => folder !== ''),
    '/usr/sbin',
    '/usr/local/bin',
  ];
  return folders.map((folder) => join(folder, 'nats-server')).find(isExecutableFile);
}
