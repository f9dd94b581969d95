const { relative, resolve } = require('node:path');
const swcJest = require('@swc/jest');
const { patched } = require('./patch.cjs');

const ROOT = resolve(__dirname, '../../..');
/** @type {import('./types').Patch[]} */
const patches = JSON.parse(process.env['MUTANT_PATCHES'] ?? '[]');

/** The project's own transform, over sources that are patched as they are loaded. */
function createTransformer(options) {
  const inner = swcJest.createTransformer(options);
  const sourceOf = (text, file) => patched(relative(ROOT, file), text, patches);
  return {
    canInstrument: inner.canInstrument,
    getCacheKey: (text, file, ...rest) => inner.getCacheKey(sourceOf(text, file), file, ...rest),
    process: (text, file, ...rest) => inner.process(sourceOf(text, file), file, ...rest),
  };
}

module.exports = { createTransformer };
