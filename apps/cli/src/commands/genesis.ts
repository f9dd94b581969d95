import { nativeHash } from '@concordat/crypto';
import {
  fromBase64Url,
  isId,
  nodeId,
  SIGNATURE_SCHEMES,
  swarmId,
  type MemberOptions,
  type SignatureScheme,
} from '@concordat/protocol';
import { InvalidArgumentError, Option, type Command } from 'commander';
import { EXIT, usageError, type ExitCode } from '../errors';
import { createGenesis, genesisText, writeGenesisFile } from '../genesis-file';
import { integer, subjectToken } from '../options';
import { type Session } from '../session';
import { createMemberKeys, makeKey } from '../swarm/member-keys';
import { renderFields } from '../table';

interface GenesisOptions {
  readonly swarm: string;
  readonly nodes?: number;
  readonly member: readonly MemberOptions[];
  readonly keys?: string;
  readonly f?: number;
  readonly operator: readonly Uint8Array[];
  readonly operatorKeyOut?: string;
  readonly scheme: SignatureScheme;
  readonly out?: string;
}

/** `concordat genesis`: makes what a swarm starts from, and private keys only in the folder that --keys names. */
export function registerGenesis(program: Command, session: Session): void {
  program
    .command('genesis')
    .description('make the genesis of a swarm')
    .option('--swarm <id>', 'name of the swarm', subjectToken, 'local')
    .option('--nodes <n>', 'make this many members, node-0 and on; needs --keys', integer(1, 1024))
    .option('--keys <dir>', 'folder for the key files of --nodes: DIR/<node>/key.json')
    .option('--member <id=key>', 'a member and its public key in base64url (repeat)', memberArgument, [])
    .option('--operator <key>', 'public key of one who may change the member table (repeat)', operatorArgument, [])
    .option('--operator-key-out <file>', 'make such a key, and write its private half here')
    .option('--f <n>', 'members that may be Byzantine (default: as many as can be)', integer(0, 341))
    .addOption(new Option('--scheme <scheme>', 'signatures').choices(Object.keys(SIGNATURE_SCHEMES)).default('ed25519'))
    .option('--out <file>', 'write it here instead of to standard output')
    .action(session.action((options: GenesisOptions) => makeGenesis(options, session)));
}

function makeGenesis(options: GenesisOptions, session: Session): ExitCode {
  const { out, operatorKeyOut, operator, scheme } = options;
  const members = membersOf(options);
  const made = operatorKeyOut === undefined ? [] : [makeKey(operatorKeyOut, scheme).publicKey];
  const genesis = createGenesis({ ...options, members, operators: [...operator, ...made] });
  if (out === undefined) {
    session.surroundings.out(genesisText(genesis));
    return EXIT.done;
  }
  writeGenesisFile(out, genesis);
  const id = swarmId(nativeHash, genesis);
  const { f } = genesis.table;
  const value = { file: out, swarm: genesis.swarm, swarm_id: id, nodes: members.length, f };
  session.output.result(value, () =>
    renderFields([
      ['genesis', out],
      ['swarm', `${genesis.swarm} (${id})`],
      ['members', members.length],
      ['faults tolerated', f],
    ]),
  );
  return EXIT.done;
}

function membersOf({ nodes, keys, member, scheme }: GenesisOptions): readonly MemberOptions[] {
  if ((nodes === undefined) === (member.length === 0))
    throw usageError('give either --nodes or --member, one of the two.');
  if (nodes === undefined) {
    if (keys !== undefined) throw usageError('--keys makes keys for --nodes; members of --member have theirs.');
    return member;
  }
  if (keys === undefined) throw usageError('--nodes makes private keys: name the folder for them with --keys.');
  return createMemberKeys(keys, nodes, scheme);
}

function operatorArgument(text: string, earlier: readonly Uint8Array[]): readonly Uint8Array[] {
  try {
    return [...earlier, fromBase64Url(text)];
  } catch {
    throw new InvalidArgumentError('The public key must be base64url.');
  }
}

function memberArgument(text: string, earlier: readonly MemberOptions[]): readonly MemberOptions[] {
  const at = text.indexOf('=');
  const id = text.slice(0, at);
  if (at < 1 || !isId(id))
    throw new InvalidArgumentError('It must be <id>=<public key>, with an id of A-Z a-z 0-9 _ -.');
  try {
    return [...earlier, { nodeId: nodeId(id), publicKey: fromBase64Url(text.slice(at + 1)) }];
  } catch {
    throw new InvalidArgumentError('The public key must be base64url.');
  }
}
