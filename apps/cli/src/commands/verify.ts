import { readFileSync, statSync } from 'node:fs';
import { type DecisionVerdict } from '@concordat/client';
import { type Command } from 'commander';
import { checkDecisionText } from '../decision-check';
import { CliError, EXIT, messageOf, systemCode, usageError } from '../errors';
import { DEFAULT_GENESIS, readGenesisFile } from '../genesis-file';
import { maxEpochAgeOption } from '../options';
import { type Session } from '../session';
import { renderFields } from '../table';

/** Bytes of a file with a chain of epoch changes: more is refused before it is parsed. */
const CHAIN_BYTES_MAX = 256 * 1024 * 1024;

interface VerifyOptions {
  readonly genesis: string;
  readonly epochs?: string;
  readonly maxEpochAge: number;
}

/** `concordat verify FILE`: checks a decision certificate offline. Exit 0 when it holds, 1 when it does not. */
export function registerVerify(program: Command, session: Session): void {
  program
    .command('verify')
    .description('check a decision certificate offline, against the genesis that you trust')
    .argument('<file>', 'certificate, as propose --cert writes it')
    .option('--genesis <file>', 'genesis of the swarm', DEFAULT_GENESIS)
    .option(
      '--epochs <file>',
      'chain of epochs, as `concordat epochs --out` writes it, for a certificate of a later epoch',
    )
    .addOption(maxEpochAgeOption())
    .action(
      session.action((file: string, options: VerifyOptions) => {
        const { genesis, epochs, maxEpochAge } = options;
        const across = { maxEpochAge, ...(epochs === undefined ? {} : { chain: readChain(epochs) }) };
        const verdict = checkDecisionText(readText(file, 'certificate'), readGenesisFile(genesis), across);
        session.output.result(verdict, () => describeVerdict(verdict));
        return verdict.holds ? EXIT.done : EXIT.no;
      }),
    );
}

function readText(file: string, what: string, bytesMax = Infinity): string {
  try {
    const { size } = statSync(file);
    if (size > bytesMax) throw usageError(`the ${what} ${file} has ${size} bytes, at most ${bytesMax} are read.`);
    return readFileSync(file, 'utf8');
  } catch (thrown) {
    if (thrown instanceof CliError) throw thrown;
    throw usageError(`the ${what} ${file} cannot be read (${systemCode(thrown) ?? messageOf(thrown)}).`, {
      cause: thrown,
    });
  }
}

function readChain(file: string): unknown {
  try {
    return JSON.parse(readText(file, 'chain of epochs', CHAIN_BYTES_MAX));
  } catch (thrown) {
    if (thrown instanceof CliError) throw thrown;
    throw usageError(`the chain of epochs ${file} is not JSON.`, { cause: thrown });
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
    ...(verdict.epoch === verdict.trusted_epoch
      ? []
      : [['trusted', `epoch ${verdict.trusted_epoch}`] as [string, unknown]]),
    ['committed by', verdict.committed_by],
    ['weight', `${verdict.weight}, quorum ${verdict.quorum_weight}`],
  ]);
  return `The certificate holds: a quorum decided this.\n${fields}`;
}
