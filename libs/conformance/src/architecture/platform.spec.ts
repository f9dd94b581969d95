import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import ts from 'typescript';

const ROOT = resolve(__dirname, '../../../..');

interface ProjectFile {
  readonly tags: readonly string[];
}

const coreLibraries = readdirSync(join(ROOT, 'libs')).filter((name) => {
  const project = JSON.parse(readFileSync(join(ROOT, 'libs', name, 'project.json'), 'utf8')) as ProjectFile;
  return project.tags.includes('type:core');
});

/** Compiles `text` as if it were one more file of the library, under the options that its sources compile with. */
function errorsIn(library: string, text: string): string[] {
  const folder = join(ROOT, 'libs', library);
  const config = ts.getParsedCommandLineOfConfigFile(join(folder, 'tsconfig.lib.json'), undefined, {
    ...ts.sys,
    onUnRecoverableConfigFileDiagnostic: (diagnostic) => {
      throw new Error(ts.flattenDiagnosticMessageText(diagnostic.messageText, '\n'));
    },
  });
  if (!config) throw new Error(`${library} has no tsconfig.lib.json`);
  const probe = join(folder, 'src', 'platform-probe.ts');
  const host = ts.createCompilerHost(config.options);
  const { fileExists, getSourceFile } = host;
  host.fileExists = (path) => path === probe || fileExists(path);
  host.getSourceFile = (path, ...rest) =>
    path === probe ? ts.createSourceFile(path, text, ts.ScriptTarget.ES2023) : getSourceFile(path, ...rest);
  const program = ts.createProgram([probe], config.options, host);
  return program
    .getSemanticDiagnostics(program.getSourceFile(probe))
    .map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n'));
}

const PLATFORM = ['process', 'Buffer', 'setTimeout', 'fetch', 'console', 'performance', 'document'];

describe.each(coreLibraries)('libs/%s', (library) => {
  it('does not see the platform', () => {
    const errors = errorsIn(library, `import 'node:fs';\nexport const seen = [${PLATFORM.join(', ')}];\n`);
    for (const name of [...PLATFORM, 'node:fs']) expect(errors.join('\n')).toContain(`'${name}'`);
    expect(errors).toHaveLength(PLATFORM.length + 1);
  });

  it('compiles plain ECMAScript', () => {
    expect(errorsIn(library, 'export const sorted = new Uint8Array([2, 1]).toSorted();\n')).toEqual([]);
  });
});

it('finds core libraries to check', () => {
  expect(coreLibraries).toEqual(expect.arrayContaining(['consensus', 'protocol', 'records']));
});
