import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

interface Source {
  readonly path: string;
  readonly text: string;
}

function sourcesIn(folder: string): Source[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return sourcesIn(path);
    return path.endsWith('.ts') && !path.endsWith('.spec.ts') ? [{ path, text: readFileSync(path, 'utf8') }] : [];
  });
}

const sources = sourcesIn(__dirname);

/** What the simulator may take from the engine's library: its factory, its vocabulary, and nothing that follows a rule. */
const ENGINE_VALUES = [
  'createReplica',
  'handoverOf',
  'lateRefusal',
  'approve',
  'provenKey',
  'encodeSystemRequest',
  'DEFAULT_REPLICA_CONFIG',
  'NOTHING_RECOVERED',
  'OUTCOMES',
];

const importsOf = ({ text }: Source): { readonly names: string; readonly from: string; readonly typeOnly: boolean }[] =>
  [...text.matchAll(/import (type )?\{([^}]*)\} from '([^']+)'/g)].map(([, type, names = '', from = '']) => ({
    names,
    from,
    typeOnly: type !== undefined,
  }));

describe('the simulator runs the production engine', () => {
  it('and finds its own sources', () => expect(sources.length).toBeGreaterThan(20));

  it.each(sources)('$path imports core libraries by their front door only', (source) => {
    const outside = importsOf(source)
      .map(({ from }) => from)
      .filter((from) => !from.startsWith('.'));
    expect(outside.filter((from) => !/^@concordat\/(protocol|consensus|records)$/.test(from))).toEqual([]);
  });

  it.each(sources)('$path takes no rule from the engine', (source) => {
    const values = importsOf(source)
      .filter(({ from, typeOnly }) => from === '@concordat/consensus' && !typeOnly)
      .flatMap(({ names }) => names.split(',').map((name) => name.trim()))
      .filter((name) => name !== '' && !name.startsWith('type '));
    expect(values.filter((name) => !ENGINE_VALUES.includes(name))).toEqual([]);
  });

  it.each(sources)('$path is no replica, and has no clock and no chance of its own', ({ text }) => {
    expect(text).not.toMatch(/implements (Replica|.*\bReplica\b\s*\{)/);
    expect(text).not.toMatch(/:\s*Replica\s*=\s*\{/);
    expect(text).not.toMatch(/\bstep\([^)]*\)\s*:\s*(readonly )?Effect\[\]/);
    expect(text).not.toMatch(/\bnew Date\b|\bDate\.now\b|\bMath\.random\b|\bsetTimeout\b|from 'node:/);
  });

  it('makes replicas in two places, a host in each, and by the factory of the engine', () => {
    const makers = sources.filter(({ text }) => text.includes('createReplica({'));
    expect(makers.map(({ path }) => path.slice(__dirname.length + 1))).toEqual(['tenure.ts', 'twins/instance.ts']);
  });

  it('seals votes only as the engine drafted them, outside of adversaries', () => {
    const sealing = sources.filter(({ path, text }) => !/adversaries|mutations/.test(path) && /\bseal\(/.test(text));
    const drafts = sealing.flatMap(({ text }) =>
      [...text.matchAll(/\bseal\([^,]+,\s*([^)]*)\)/g)].map(([, draft = '']) => draft),
    );
    // The one draft of its own is a DECIDED from the decision store, as the contract's `supply` demands.
    expect(drafts.filter((draft) => draft !== 'effect.draft' && !draft.includes("kind: 'decided'"))).toEqual([]);
    expect(drafts.length).toBeGreaterThan(2);
  });
});
