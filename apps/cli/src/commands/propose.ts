import { CATEGORIES, PRIORITIES } from '@concordat/protocol';
import { Option, type Command } from 'commander';
import { EXIT, type ExitCode } from '../errors';
import { integer, jsonOrText, subjectToken } from '../options';
import { apiOf, serverOption, type ServerOptions, type Session } from '../session';
import { renderFields } from '../table';
import { describeProposal, writeCertificate } from './proposal-text';

interface ProposeOptions extends ServerOptions {
  readonly category?: string;
  readonly priority?: string;
  readonly proposer?: string;
  readonly timeoutMs?: number;
  readonly wait?: boolean;
  readonly cert?: string;
}

/** Longest lifetime of a proposal: how long to wait for one that names none. */
const LIFETIME_MAX_MS = 60_000;

/** `concordat propose VALUE`: exit 0 when it was accepted or, with --wait or --cert, decided. */
export function registerPropose(program: Command, session: Session): void {
  program
    .command('propose')
    .description('hand in a proposal')
    .argument('<value>', 'JSON; anything else is taken as text')
    .addOption(new Option('--category <category>', 'what it is about').choices(CATEGORIES))
    .addOption(new Option('--priority <priority>', 'how urgent it is').choices(PRIORITIES))
    .option('--proposer <id>', 'who proposes it', subjectToken)
    .option('--timeout-ms <ms>', 'give up unless it is ordered by then', integer(1000, LIFETIME_MAX_MS))
    .option('--wait', 'wait until it is decided')
    .option('--cert <file>', 'write the certificate of the decision to a file (waits)')
    .addOption(serverOption())
    .action(session.action((value: string, options: ProposeOptions) => propose(value, options, session)));
}

async function propose(value: string, options: ProposeOptions, session: Session): Promise<ExitCode> {
  const body = {
    value: jsonOrText(value),
    ...(options.category === undefined ? {} : { category: options.category }),
    ...(options.priority === undefined ? {} : { priority: options.priority }),
    ...(options.proposer === undefined ? {} : { proposer_id: options.proposer }),
    ...(options.timeoutMs === undefined ? {} : { timeout_ms: options.timeoutMs }),
  };
  const api = apiOf(options, session);
  if (options.wait !== true && options.cert === undefined) {
    const accepted = await api.propose(body);
    session.output.result(accepted, () =>
      renderFields([
        ['proposal', accepted.proposal_id],
        ['view', accepted['current_view']],
        ['leader', accepted['leader_node']],
        ['quorum', accepted['quorum_required']],
        ['see', `concordat get ${accepted.proposal_id}`],
      ]),
    );
    return EXIT.done;
  }
  const progress = session.output.progress('waiting for the decision');
  const state = await api.proposeAndWait(body, options.timeoutMs ?? LIFETIME_MAX_MS).finally(() => progress.stop());
  if (options.cert !== undefined) writeCertificate(options.cert, state);
  session.output.result(state, () => describeProposal(state, options.cert));
  return state.status === 'decided' ? EXIT.done : EXIT.no;
}
