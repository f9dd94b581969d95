import { weightsByReputation } from '@concordat/consensus';
import { nativeHash } from '@concordat/crypto';
import {
  fromBase64Url,
  faultsTolerated,
  isId,
  LEADER_ELECTIONS,
  nodeId,
  REPUTATION_ONE,
  SIGNATURE_SCHEMES,
  swarmId,
  type EngineName,
  type LeaderElection,
  type MemberOptions,
  type SignatureScheme,
} from '@concordat/protocol';
import { InvalidArgumentError, Option, type Command } from 'commander';
import { EXIT, usageError, type ExitCode } from '../errors';
import { createGenesis, genesisText, writeGenesisFile } from '../genesis-file';
import { integer, protocolOption, subjectToken } from '../options';
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
  readonly leaderElection: LeaderElection;
  readonly protocol: EngineName;
  readonly weightedVoting?: boolean;
  readonly weight: readonly Choice[];
  readonly reputation: readonly Choice[];
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
    .addOption(
      new Option('--leader-election <way>', 'who leads how often: all alike, or by reputation')
        .choices(Object.keys(LEADER_ELECTIONS))
        .default('round-robin'),
    )
    .addOption(protocolOption().default('pbft'))
    .option('--weighted-voting', 'votes count by the weight of their member')
    .option(
      '--weight <id=weight>',
      'weight of a member (repeat; default: 1 once any is given, else by reputation); needs --weighted-voting',
      choice(weightOf),
      [],
    )
    .option('--reputation <id=score>', 'reputation of a member, 0 to 1 (repeat; default: 1)', choice(reputationOf), [])
    .option('--out <file>', 'write it here instead of to standard output')
    .action(session.action((options: GenesisOptions) => makeGenesis(options, session)));
}

function makeGenesis(options: GenesisOptions, session: Session): ExitCode {
  const { out, operatorKeyOut, operator, scheme } = options;
  const members = withChoices(membersOf(options), options);
  const made = operatorKeyOut === undefined ? [] : [makeKey(operatorKeyOut, scheme).publicKey];
  const genesis = createGenesis({ ...options, engine: options.protocol, members, operators: [...operator, ...made] });
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

/** What was chosen for one member. */
interface Choice {
  readonly id: string;
  readonly value: number;
}

const weightOf = integer(1, 1_000_000);
const reputationOf = (text: string): number => {
  const value = Number(text);
  if (!/^(0|1|0?\.\d{1,6}|1\.0{1,6}|0\.\d{1,6})$/.test(text) || value > 1)
    throw new InvalidArgumentError('A reputation is a number from 0 to 1, with at most six decimals.');
  return Math.round(value * REPUTATION_ONE);
};

/** Parser of `<id>=<value>`, given any number of times. */
const choice =
  (parse: (text: string) => number) =>
  (text: string, earlier: readonly Choice[]): readonly Choice[] => {
    const at = text.indexOf('=');
    if (at < 1) throw new InvalidArgumentError('It must be <id>=<value>.');
    return [...earlier, { id: text.slice(0, at), value: parse(text.slice(at + 1)) }];
  };

/** The members with the weights and reputations that were chosen. Throws a CliError for a choice that is nobody's, or made twice. */
function withChoices(
  members: readonly MemberOptions[],
  { weight, reputation, f, weightedVoting = false }: GenesisOptions,
): readonly MemberOptions[] {
  if (weight.length > 0 && !weightedVoting) throw usageError('--weight counts only with --weighted-voting.');
  const values = (what: string, choices: readonly Choice[]): ReadonlyMap<string, number> => {
    const byId = new Map(choices.map(({ id, value }) => [id, value]));
    const unknown = choices.find(({ id }) => !members.some((member) => member.nodeId === id));
    if (unknown !== undefined) throw usageError(`--${what} ${unknown.id}: there is no such member.`);
    if (byId.size < choices.length) throw usageError(`--${what} names a member twice.`);
    return byId;
  };
  const given = values('weight', weight);
  const reputations = values('reputation', reputation);
  const scored = members.map((member) => ({ ...member, reputation: reputations.get(member.nodeId) ?? REPUTATION_ONE }));
  const weights =
    weightedVoting && given.size === 0 ? weightsFor(scored, f) : scored.map(({ nodeId: id }) => given.get(id) ?? 1);
  return scored.map((member, index) => ({ ...member, weight: weights[index] ?? 1 }));
}

/** Weights as they will follow from reputations later on; members that tolerate no such f are refused where the table is made. */
function weightsFor(members: readonly { readonly reputation: number }[], f: number | undefined): readonly number[] {
  const most = faultsTolerated(members.length);
  return weightsByReputation(
    members.map(({ reputation }) => reputation),
    Math.min(f ?? most, most),
  );
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
