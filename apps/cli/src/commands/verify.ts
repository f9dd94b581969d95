import { readFileSync } from 'node:fs';
import { type DecisionVerdict } from '@concordat/client';
import { type Command } from 'commander';
import { checkDecisionText, checkEpochs } from '../decision-check';
import { EXIT, messageOf, systemCode, usageError } from '../errors';
import { DEFAULT_GENESIS, readGenesisFile } from '../genesis-file';
import { type Session } from '../session';
import { renderFields } from '../table';

/** `concordat verify FILE`: checks a decision certificate offline. Exit 0 when it holds, 1 when it does not. */
export function registerVerify(program: Command, session: Session): void {
  program
    .command('verify')
    .description('check a decision certificate offline, against the genesis that you trust')
    .argument('<file>', 'certificate, as propose --cert writes it')
    .option('--genesis <file>', 'genesis of the swarm', DEFAULT_GENESIS)
    .option('--epochs <file>', 'chain of epochs, as `concordat epochs --out` writes it: for decisions after the first')
    .action(
      session.action((file: string, options: { genesis: string; epochs?: string }) => {
        const genesis = readGenesisFile(options.genesis);
        const epochs = options.epochs === undefined ? undefined : checkEpochs(readJsonFile(options.epochs), genesis);
        const verdict = checkDecisionText(readText(file), genesis, epochs);
        session.output.result(verdict, () => describeVerdict(verdict));
        return verdict.holds ? EXIT.done : EXIT.no;
      }),
    );
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (thrown) {
    throw usageError(`${file} cannot be read (${systemCode(thrown) ?? messageOf(thrown)}).`, {
      cause: thrown,
    });
  }
}

function readJsonFile(file: string): unknown {
  try {
    return JSON.parse(readText(file));
  } catch (thrown) {
    if (thrown instanceof SyntaxError) throw usageError(`${file} is not JSON.`, { cause: thrown });
    throw thrown;
  }
}

function describeVerdict(verdict: DecisionVerdict): string {
  if (!verdict.holds) return `The certificate does not hold: ${verdict.reason}.`;
  const fields = renderFields([
    ['swarm', `${verdict.swarm} (${verdict.swarm_id})`],
    ['proposal', verdict.proposal_id],
    ['value', verdict.decided_value],
    ['category', verdict.category],
    ['priority', verdict.priority],
    ['proposer', verdict.proposer],
    ['metadata', verdict.metadata],
    ['signed by', `${verdict.signed_by.kind} ${verdict.signed_by.id}`],
    ['decided', `sequence ${verdict.sequence}, view ${verdict.view}, epoch ${verdict.epoch}`],
    ['committed by', verdict.committed_by],
    ['weight', `${verdict.weight}, quorum ${verdict.quorum_weight}`],
  ]);
  return `The certificate holds: a quorum decided this.\n${fields}`;
}
