import { type Command } from 'commander';
import { EXIT } from '../errors';
import { apiOf, serverOption, type ServerOptions, type Session } from '../session';
import { describeProposal, writeCertificate } from './proposal-text';

/** `concordat get ID`: exit 0 when it is decided. */
export function registerGet(program: Command, session: Session): void {
  program
    .command('get')
    .description('show what became of a proposal')
    .argument('<id>', 'proposal id: <node>:<view>:<n>, or <client>:<nonce>')
    .option('--cert <file>', 'write the certificate of the decision to a file')
    .addOption(serverOption())
    .action(
      session.action(async (id: string, options: ServerOptions & { readonly cert?: string }) => {
        const state = await apiOf(options, session).proposal(id);
        if (options.cert !== undefined) writeCertificate(options.cert, state);
        session.output.result(state, () => describeProposal(state, options.cert));
        return state.status === 'decided' ? EXIT.done : EXIT.no;
      }),
    );
}
