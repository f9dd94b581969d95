import { writeFileSync } from 'node:fs';
import { type Epochs } from '@concordat/protocol';
import { type Command } from 'commander';
import { epochsIn, fetchChain } from '../decision-check';
import { EXIT, messageOf, systemCode, usageError } from '../errors';
import { DEFAULT_GENESIS, readGenesisFile } from '../genesis-file';
import { maxEpochAgeOption } from '../options';
import { apiOf, serverOption, type ServerOptions, type Session } from '../session';
import { renderTable } from '../table';

interface EpochsOptions extends ServerOptions {
  readonly genesis: string;
  readonly maxEpochAge: number;
  readonly out?: string;
}

/** `concordat epochs`: the chain of member tables, verified from the genesis on; exit 1 when it does not hold. */
export function registerEpochs(program: Command, session: Session): void {
  program
    .command('epochs')
    .description('show the member tables of all epochs, each verified by the one before')
    .option('--genesis <file>', 'genesis that you trust', DEFAULT_GENESIS)
    .option('--out <file>', 'write the chain here, for `concordat verify --epochs`')
    .addOption(maxEpochAgeOption())
    .addOption(serverOption())
    .action(
      session.action(async (options: EpochsOptions) => {
        const genesis = readGenesisFile(options.genesis);
        const chain = await fetchChain(apiOf(options, session), genesis, options.maxEpochAge);
        const epochs = epochsIn(chain, genesis);
        if (options.out !== undefined) write(options.out, chain);
        session.output.result(chain, () => describeEpochs(epochs));
        return EXIT.done;
      }),
    );
}

function write(path: string, chain: unknown): void {
  try {
    writeFileSync(path, `${JSON.stringify(chain, undefined, 2)}\n`);
  } catch (thrown) {
    throw usageError(`${path} cannot be written (${systemCode(thrown) ?? messageOf(thrown)}).`, { cause: thrown });
  }
}

const describeEpochs = ({ all }: Epochs): string =>
  renderTable(
    ['epoch', 'from', 'n', 'f', 'quorum', 'members'],
    all.map(({ epoch, table, n, f, quorumWeight }) => [
      epoch,
      table.baseSequence + 1,
      n,
      f,
      quorumWeight,
      table.members.map(({ nodeId, isolated }) => (isolated ? `${nodeId} (isolated)` : nodeId)).join(', '),
    ]),
  );
