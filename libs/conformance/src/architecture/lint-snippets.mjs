import { ESLint } from 'eslint';

/**
 * Lints texts as if they stood in files of this repository: reads a JSON list of `{ filePath, text }` from stdin and
 * prints, in the same order, a JSON list of lists of `{ ruleId, message }`. A process of its own, because ESLint loads
 * its configuration with `import()`, which jest's runtime does not have.
 */
// Or the parser, where CI is set, takes the file on the disk for the text.
process.env.TSESTREE_SINGLE_RUN = 'false';
let input = '';
for await (const chunk of process.stdin) input += chunk;
const eslint = new ESLint();
const verdicts = [];
for (const { filePath, text } of JSON.parse(input)) {
  const [result] = await eslint.lintText(text, { filePath });
  verdicts.push(result.messages.map(({ ruleId, message }) => ({ ruleId, message })));
}
process.stdout.write(JSON.stringify(verdicts));
