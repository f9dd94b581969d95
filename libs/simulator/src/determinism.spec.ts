import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

const LIBS = resolve(__dirname, '../..');

function sourcesIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts') && !entry.name.endsWith('.spec.ts'))
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((path) => !path.includes('/testing/'));
}

/** What a trace hash covers: the simulator, and every library that it runs. */
const sources = ['protocol', 'consensus', 'records', 'simulator'].flatMap((name) => sourcesIn(join(LIBS, name, 'src')));

/**
 * Whatever could differ between two runs, machines or major versions of Node. What is left is defined by ECMAScript to the
 * bit: integers and IEEE 754 basic arithmetic, Map and Set in order of insertion, a stable sort.
 */
const FORBIDDEN: readonly (readonly [what: string, pattern: RegExp])[] = [
  ['a clock', /\bDate\s*[.(]|\bnew Date\b|\bperformance\s*\.|\bhrtime\b/],
  ['chance', /\bMath\.random\b|\brandomBytes\b|\brandomUUID\b|\bgetRandomValues\b/],
  ['a locale', /\blocaleCompare\b|\btoLocale\w+|\bIntl\b|\btoWellFormed\b|\.normalize\(/],
  [
    'functions whose last bits are the engine’s choice',
    /\bMath\.(sin|cos|tan|a?sinh?|a?cosh?|a?tanh?|atan2|exp|expm1|log|log1p|log2|log10|pow|cbrt|hypot)\b/,
  ],
  ['powers of fractions', /\*\*\s*-|\*\*\s*0?\.\d/],
  ['the order of a collector', /\bWeakRef\b|\bFinalizationRegistry\b/],
  [
    'the order of tasks',
    /\bsetTimeout\b|\bsetImmediate\b|\bsetInterval\b|\bqueueMicrotask\b|\bnew Promise\b|\bPromise\.|\bawait\b|\basync\b/,
  ],
  [
    'the platform',
    /\bprocess\.(env|argv|hrtime|cwd|pid|nextTick|platform|arch|version|uptime|memoryUsage|cpuUsage|on|once|exit)\b|from 'node:|\brequire\(|\bglobalThis\b|\bnavigator\b|\bSharedArrayBuffer\b|\bAtomics\b/,
  ],
  ['the byte order of the machine', /\bnew (Int|Uint|Float|BigInt|BigUint)(16|32|64)Array\([^)]*\bbuffer\b/],
  ['the text of a stack', /\bcaptureStackTrace\b|\bstackTraceLimit\b/],
  ['for...in', /\bfor\s*\(\s*(const|let|var)\s+\w+\s+in\b/],
];

const withoutComments = (text: string): string => text.replace(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, '');

const faultsIn = (text: string): string[] =>
  FORBIDDEN.filter(([, pattern]) => pattern.test(withoutComments(text))).map(([what]) => what);

describe('a trace depends on the seed alone', () => {
  it('finds the libraries', () => expect(sources.length).toBeGreaterThan(90));

  it.each(sources.map((path) => path.slice(LIBS.length + 1)))('%s uses nothing that differs between runs', (path) => {
    expect(faultsIn(readFileSync(join(LIBS, path), 'utf8'))).toEqual([]);
  });

  it.each([
    ['const now = Date.now();', 'a clock'],
    ['const dice = Math.random();', 'chance'],
    ['names.sort((a, b) => a.localeCompare(b));', 'a locale'],
    ['const x = Math.log2(n);', 'functions whose last bits are the engine’s choice'],
    ['const half = n ** 0.5;', 'powers of fractions'],
    ['setImmediate(run);', 'the order of tasks'],
    ["import { hash } from 'node:crypto';", 'the platform'],
    ['const words = new Uint32Array(bytes.buffer);', 'the byte order of the machine'],
    ['for (const key in record) visit(key);', 'for...in'],
  ])('and would notice: %s', (text, what) => expect(faultsIn(text)).toEqual([what]));

  it('sorts numbers by an order of its own', () => {
    const bare = sources.filter((path) => /\.(sort|toSorted)\(\)/.test(withoutComments(readFileSync(path, 'utf8'))));
    // These sort text by code units, which needs none.
    expect(bare.map((path) => path.slice(LIBS.length + 1))).toEqual([
      'protocol/src/canonical-json.ts',
      'consensus/src/deduplication.ts',
      'consensus/src/membership/known-keys.ts',
      'simulator/src/canary.ts',
    ]);
  });
});
