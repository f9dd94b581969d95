import { rmSync, writeFileSync } from 'node:fs';
import { rolldown } from 'rolldown';
import bundles from '../rolldown.config.mjs';
import { sourceHash, stampPath } from './ensure.mjs';

// Taken first: a file that changes while the build runs makes the next run build again.
const hash = sourceHash();
rmSync(stampPath, { force: true });
for (const { output, ...input } of bundles) {
  const bundle = await rolldown(input);
  await bundle.write(output);
  await bundle.close();
}
writeFileSync(stampPath, hash);
