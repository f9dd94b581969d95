import { SIGNATURE_SCHEMES, toBase64Url, type SignatureScheme } from '@concordat/protocol';
import { Option, type Command } from 'commander';
import { EXIT } from '../errors';
import { type Session } from '../session';
import { makeKey } from '../swarm/member-keys';
import { renderFields } from '../table';

/** `concordat key FILE`: a new private key, for a node, its next key, or an operator. Never replaces one. */
export function registerKey(program: Command, session: Session): void {
  program
    .command('key')
    .description('make a private key, readable by its owner only, and print its public half')
    .argument('<file>', 'where to write it')
    .addOption(new Option('--scheme <scheme>', 'signatures').choices(Object.keys(SIGNATURE_SCHEMES)).default('ed25519'))
    .action(
      session.action((file: string, { scheme }: { readonly scheme: SignatureScheme }) => {
        const publicKey = toBase64Url(makeKey(file, scheme).publicKey);
        session.output.result({ file, scheme, public_key: publicKey }, () =>
          renderFields([
            ['key', file],
            ['public key', publicKey],
          ]),
        );
        return EXIT.done;
      }),
    );
}
