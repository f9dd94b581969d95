import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { patched } from '../mutants/patch.cjs';
import { MUTANTS } from '../mutants/table/index.mjs';

const ROOT = resolve(__dirname, '../../..');
const read = (file: string): string => readFileSync(resolve(ROOT, file), 'utf8');
const documentation = read('docs/testing.md');

/** Sections of the specification of which this version has rules in core, storage and catch-up. */
const SECTIONS = ['1', '2', '3', '4', '5', '6', '7', '8', '9', '10', '11'];

/** What the documentation names: `file` "title", where a file is given from libs, apps or the root, without its ending. */
const namedTests = [...documentation.matchAll(/`([\w./-]+)` “([^”]+)”/g)].map(([, file = '', title = '']) => ({
  file,
  title,
}));

const placesOf = (file: string): string[] => {
  const [first = '', ...rest] = file.split('/');
  return ['libs', 'apps', '.'].map((root) => `${root}/${first}/src/${rest.join('/')}.spec.ts`);
};

describe('patches', () => {
  const patch = { file: 'a.ts', find: 'one', replace: 'two' };

  it('change their file, and no other', () => {
    expect(patched('a.ts', 'one and more', [patch])).toBe('two and more');
    expect(patched('b.ts', 'one and more', [patch])).toBe('one and more');
  });

  it.each(['none', 'one one'])('are refused where their text does not stand exactly once: %s', (text) => {
    expect(() => patched('a.ts', text.replace('none', 'nothing'), [patch])).toThrow(/times, not once/);
  });

  it('take their replacement as it is', () => {
    expect(patched('a.ts', 'one', [{ ...patch, replace: '$& $1' }])).toBe('$& $1');
  });
});

describe('mutants', () => {
  it('have names of their own, a killer each, and change something', () => {
    expect(new Set(MUTANTS.map(({ name }) => name)).size).toBe(MUTANTS.length);
    for (const { killers, patches } of MUTANTS) {
      expect(killers.length).toBeGreaterThan(0);
      expect(patches.length).toBeGreaterThan(0);
      for (const { find, replace } of patches) expect(replace).not.toBe(find);
    }
  });

  it.each(SECTIONS)('break a rule of section %s', (section) => {
    expect(MUTANTS.filter((mutant) => mutant.section === section).length).toBeGreaterThan(0);
  });

  it('are killed by the simulator in most cases, not only by the test beside the rule', () => {
    const simulated = MUTANTS.filter(({ killers }) =>
      killers.some((killer) => killer.kind === 'seeds' || /simulator|attack/.test(killer.file)),
    );
    expect(simulated.length).toBeGreaterThan(MUTANTS.length / 2);
  });

  it.each(MUTANTS)('$name fits the sources', ({ patches }) => {
    for (const file of new Set(patches.map((change) => change.file)))
      expect(patched(file, read(file), patches)).not.toBe(read(file));
  });
});

describe('docs/testing.md', () => {
  it.each(MUTANTS)('names the mutant $name', ({ name }) => expect(documentation).toContain(`\`${name}\``));

  it('names tests', () => expect(namedTests.length).toBeGreaterThan(60));

  it.each(namedTests)('names a test that exists: $file $title', ({ file, title }) => {
    const place = placesOf(file).find((path) => existsSync(resolve(ROOT, path)));
    expect(place).toBeDefined();
    expect(read(place ?? '').replaceAll("\\'", "'")).toContain(title);
  });
});
