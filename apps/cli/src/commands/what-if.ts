import { faultMargin, isRefusal, parseOperation, whatIf, type FaultMargin, type Operation } from '@concordat/consensus';
import { signatureSuite } from '@concordat/crypto';
import { decodeEpochTable, fromBase64Url, toBase64Url, type Epoch, type EpochTable } from '@concordat/protocol';
import { type Command } from 'commander';
import { epochsIn, fetchChain } from '../decision-check';
import { CliError, EXIT, usageError, type ExitCode } from '../errors';
import { DEFAULT_GENESIS, readGenesisFile } from '../genesis-file';
import { type HttpApi } from '../http-api';
import { number } from '../membership/asking';
import { integer, maxEpochAgeOption, subjectToken } from '../options';
import { apiOf, serverOption, type ServerOptions, type Session } from '../session';
import { renderTable } from '../table';

interface WhatIfOptions extends ServerOptions {
  readonly nodeId: string;
  readonly genesis: string;
  readonly maxEpochAge: number;
  readonly initialReputation?: number;
  readonly f?: number;
  readonly score: number;
}

const F_OPTION = ['--f <n>', 'faults to tolerate from then on', integer(0, 341)] as const;

/** `concordat what-if join|leave|reputation|isolate|release`: what the swarm could bear then. Asks nobody for anything; exit 1 for what the rules forbid. */
export function registerWhatIf(program: Command, session: Session): void {
  const group = program
    .command('what-if')
    .description('show what a change would do to the faults that a swarm can bear');
  const command = (name: string, description: string): Command =>
    group
      .command(name)
      .description(description)
      .requiredOption('--node-id <id>', 'the member', subjectToken)
      .option('--genesis <file>', 'genesis that you trust', DEFAULT_GENESIS)
      .addOption(maxEpochAgeOption())
      .addOption(serverOption());
  const action = (wishOf: (options: WhatIfOptions, table: EpochTable) => object) =>
    session.action((options: WhatIfOptions) => show(options, session, wishOf));

  command('join', 'if a node joined')
    .option('--initial-reputation <number>', '0 to 1 (default: 1)', number)
    .option(...F_OPTION)
    .action(
      action(({ initialReputation, f }, { signatureScheme, epoch }) => {
        // Whichever key it will have: one that nobody has stands for it.
        const { publicKey } = signatureSuite(signatureScheme).generate();
        return {
          kind: 'join',
          epoch,
          stable_sequence: 0,
          public_key: toBase64Url(publicKey),
          proof_of_possession: 'AA',
          ...(initialReputation === undefined ? {} : { initial_reputation: initialReputation }),
          ...(f === undefined ? {} : { f }),
        };
      }),
    );
  command('leave', 'if a member left')
    .option(...F_OPTION)
    .action(action(({ f }) => ({ kind: 'leave', ...(f === undefined ? {} : { f }) })));
  command('reputation', 'if a member were scored')
    .requiredOption('--score <number>', '0 to 1', number)
    .action(action(({ score }) => ({ kind: 'reputation', behavior_score: score, reason: '' })));
  command('isolate', 'if a member were isolated').action(action(() => ({ kind: 'isolate', proof: 'AA' })));
  command('release', 'if a member were released').action(action(() => ({ kind: 'release' })));
}

async function show(
  options: WhatIfOptions,
  session: Session,
  wishOf: (options: WhatIfOptions, table: EpochTable) => object,
): Promise<ExitCode> {
  const { table, pending } = await tableOf(apiOf(options, session), options);
  const operation = parseOperation({ ...wishOf(options, table), nonce: 1, node_id: options.nodeId });
  if (isRefusal(operation)) throw usageError(`${operation.refused.replace(/^operation\./, '')}.`);
  const result = whatIf(table, operation);
  if (isRefusal(result)) throw new CliError(EXIT.no, 'CHANGE_REFUSED', `${result.refused}.`);
  const [before, after] = [faultMargin(result.before), faultMargin(result.after)];
  const value = {
    operation: operation.kind,
    node_id: options.nodeId,
    pending,
    before: shown(before),
    after: shown(after),
  };
  session.output.result(value, () => describe(operation, before, after, pending));
  return EXIT.done;
}

/** The table that a change would be judged against: the one decided on for the next epoch, else the current one. */
async function tableOf(
  api: HttpApi,
  { genesis: file, maxEpochAge }: WhatIfOptions,
): Promise<{ readonly table: EpochTable; readonly pending: boolean }> {
  const genesis = readGenesisFile(file);
  const { epoch, next_epoch: next } = await api.clusterStatus();
  if (next !== null) return { table: decodeEpochTable(fromBase64Url(next.table)), pending: true };
  const current = epochsIn(await fetchChain(api, genesis, maxEpochAge), genesis).of(epoch as Epoch);
  if (current === undefined) throw new CliError(EXIT.no, 'EPOCH_UNKNOWN', `the table of epoch ${epoch} is not told.`);
  return { table: current.table, pending: false };
}

const shown = (margin: FaultMargin): object => ({
  n: margin.n,
  f: margin.f,
  quorum: margin.quorumWeight,
  total_weight: margin.totalWeight,
  heaviest_f: margin.heaviestF,
  may_fail: margin.mayFail,
});

function describe(
  { kind, node_id: node }: Operation,
  before: FaultMargin,
  after: FaultMargin,
  pending: boolean,
): string {
  const row = (name: string, of: (margin: FaultMargin) => unknown): unknown[] => [name, of(before), of(after)];
  const bound = ({ heaviestF, totalWeight }: FaultMargin): string => `3 * ${heaviestF} < ${totalWeight}`;
  const rows = [
    row('members (n)', ({ n }) => n),
    row('Byzantine members tolerated (f)', ({ f }) => f),
    row('quorum (Q)', ({ quorumWeight }) => quorumWeight),
    row('weight bound (3F < W)', bound),
    row('may fail, whichever they are', ({ mayFail }) => mayFail),
  ];
  const basis = pending ? '; "before" is the next epoch as decided so far' : '';
  return `${kind} ${node}${basis}:\n${renderTable(['', 'before', 'after'], rows)}`;
}
