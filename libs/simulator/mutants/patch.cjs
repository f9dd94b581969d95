/**
 * A source text with the patches that are about it. Throws an Error unless each finds its place exactly once.
 *
 * @param {string} file from the repository's root
 * @param {string} text
 * @param {readonly import('./types').Patch[]} patches
 * @returns {string}
 */
function patched(file, text, patches) {
  let result = text;
  for (const patch of patches) {
    if (patch.file !== file) continue;
    const found = result.split(patch.find).length - 1;
    if (found !== 1) throw new Error(`${file}: ${JSON.stringify(patch.find)} stands ${String(found)} times, not once`);
    result = result.replace(patch.find, () => patch.replace);
  }
  return result;
}

module.exports = { patched };
