import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const made: string[] = [];

/** An empty folder of its own for a test. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'concordat-storage-'));
  made.push(folder);
  return folder;
}

/** Removes every folder that was made. For `afterAll`. */
export function removeTemporaryFolders(): void {
  for (const folder of made.splice(0)) rmSync(folder, { recursive: true, force: true });
}
