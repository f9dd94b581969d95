import { type DecisionVerdict } from '@concordat/client';
import { type Command } from 'commander';
import { checkDecisionText } from '../decision-check';
import { EXIT } from '../errors';
import { DEFAULT_GENESIS, readGenesisFile } from '../genesis-file';
import { readChain, readText } from '../input-file';
import { maxEpochAgeOption } from '../options';
import { type Session } from '../session';
import { renderFields } from '../table';

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
