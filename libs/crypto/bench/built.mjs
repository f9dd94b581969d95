import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';

const here = (path) => fileURLToPath(new URL(path, import.meta.url));

/** The library as it is in ../src, in one file that Node runs. */
export async function builtCrypto() {
  const file = here('../../../node_modules/.cache/concordat-bench/crypto.cjs');
  const bundle = await rolldown({
    input: here('../src/index.ts'),
    platform: 'node',
    external: [/^node:/, 'sodium-native', '@chainsafe/blst'],
    tsconfig: here('../tsconfig.json'),
    logLevel: 'silent',
  });
  await bundle.write({ file, format: 'cjs' });
  const { default: crypto } = await import(file);
  return crypto;
}
