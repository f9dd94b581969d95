import { readFile } from 'node:fs/promises';
import { relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';
import patchModule from './patch.cjs';

/** The repository's root. */
export const ROOT = fileURLToPath(new URL('../../../', import.meta.url));

/**
 * Bundles the simulator, with the production engine in it, under patches. The work tree stays as it is. Rejects when a
 * patched source does not parse, or a patch was not used: nothing that the simulator runs would differ.
 *
 * @param {readonly import('./types').Patch[]} patches
 * @param {string} folder where to
 * @returns {Promise<string>} path of the bundle
 */
export async function bundleSimulator(patches, folder) {
  const used = new Set();
  const bundle = await rolldown({
    cwd: ROOT,
    input: 'libs/simulator/src/index.ts',
    platform: 'node',
    tsconfig: resolve(ROOT, 'libs/simulator/tsconfig.json'),
    transform: { target: 'node20' },
    logLevel: 'silent',
    plugins: [
      {
        name: 'mutant',
        async load(id) {
          const file = relative(ROOT, id);
          if (!patches.some((patch) => patch.file === file)) return null;
          used.add(file);
          return { code: patchModule.patched(file, await readFile(id, 'utf8'), patches), moduleType: 'ts' };
        },
      },
    ],
  });
  try {
    await bundle.write({ dir: folder, format: 'cjs', entryFileNames: 'simulator.cjs', keepNames: true });
  } finally {
    await bundle.close();
  }
  const unused = patches.filter(({ file }) => !used.has(file));
  if (unused.length > 0) throw new Error(`the simulator does not load ${unused.map(({ file }) => file).join(', ')}`);
  return resolve(folder, 'simulator.cjs');
}
