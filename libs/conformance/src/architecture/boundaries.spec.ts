import { execFileSync } from 'node:child_process';
import { resolve } from 'node:path';

const ROOT = resolve(__dirname, '../../../..');
const BOUNDARY = '@nx/enforce-module-boundaries';

interface Verdict {
  readonly ruleId: string | null;
  readonly message: string;
}

const importing = (specifier: string): string => `import * as imported from '${specifier}';\nexport { imported };\n`;

/** `breaks` lists, in order, the rules that must object. The texts never reach the disk: they stand in for the index. */
const rows = [
  { from: 'libs/consensus', text: importing('node:fs'), breaks: ['no-restricted-imports'] },
  { from: 'libs/consensus', text: importing('fs'), breaks: ['no-restricted-imports'] },
  { from: 'libs/consensus', text: importing('nats'), breaks: [BOUNDARY, 'no-restricted-imports'] },
  { from: 'libs/consensus', text: importing('@concordat/storage'), breaks: [BOUNDARY] },
  { from: 'libs/consensus', text: importing('@concordat/protocol'), breaks: [] },
  { from: 'libs/consensus', text: importing('@noble/hashes/sha2.js'), breaks: [] },
  { from: 'libs/consensus', text: 'export const now = Date.now();\n', breaks: ['no-restricted-globals'] },
  { from: 'libs/consensus', text: 'export const dice = Math.random();\n', breaks: ['no-restricted-properties'] },
  {
    from: 'libs/consensus',
    text: 'export function visit(map: Record<string, number>): void {\n  for (const _key in map) visit(map);\n}\n',
    breaks: ['no-restricted-syntax'],
  },
  { from: 'libs/records', text: importing('@concordat/storage'), breaks: [BOUNDARY] },
  { from: 'libs/storage', text: importing('@concordat/records'), breaks: [] },
  { from: 'libs/storage', text: importing('@concordat/nats'), breaks: [BOUNDARY] },
  { from: 'libs/replica-host', text: importing('@concordat/storage'), breaks: [BOUNDARY] },
  { from: 'libs/telemetry', text: importing('@concordat/nats'), breaks: [] },
  { from: 'libs/telemetry', text: importing('@concordat/replica-host'), breaks: [BOUNDARY] },
  { from: 'libs/client', text: importing('@concordat/simulator'), breaks: [BOUNDARY] },
  { from: 'libs/simulator', text: importing('@concordat/records'), breaks: [] },
  { from: 'libs/simulator', text: importing('@concordat/storage'), breaks: [BOUNDARY] },
  { from: 'libs/conformance', text: importing('@concordat/storage'), breaks: [] },
  { from: 'apps/cli', text: importing('@concordat/simulator'), breaks: [] },
  { from: 'apps/consensus-node', text: importing('@concordat/conformance'), breaks: [BOUNDARY] },
];

describe('who may import whom', () => {
  let verdicts: Verdict[][] = [];

  beforeAll(() => {
    const snippets = rows.map(({ from, text }) => ({
      filePath: `${ROOT}/${from}/src/${from.startsWith('apps/') ? 'main' : 'index'}.ts`,
      text,
    }));
    const script = resolve(__dirname, 'lint-snippets.mjs');
    const output = execFileSync(process.execPath, [script], { cwd: ROOT, input: JSON.stringify(snippets) });
    verdicts = JSON.parse(output.toString()) as Verdict[][];
  }, 120_000);

  it.each(rows.map((row, index) => ({ ...row, index })))('$from: $text', ({ index, breaks }) => {
    expect(verdicts[index]?.map(({ ruleId }) => ruleId).sort()).toEqual(breaks);
  });
});
