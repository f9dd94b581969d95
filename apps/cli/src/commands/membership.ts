import { toBase64Url } from '@concordat/protocol';
import { type Command } from 'commander';
import { readBytes } from '../input-file';
import { integer, subjectToken } from '../options';
import { type Session } from '../session';
import { readMemberKey } from '../swarm/member-keys';
import { newestProof } from './evidence';
import { Asking, askingOptions, number, type AskingOptions } from '../membership/asking';

/** Options that some of the commands have. */
interface ChangeOptions extends AskingOptions {
  readonly key: string;
  readonly nodeId: string;
  readonly capability: readonly string[];
  readonly initialReputation?: number;
  readonly f?: number;
  readonly score: number;
  readonly reason: string;
  readonly evidence?: string;
}

const several = (text: string, earlier: readonly string[]): readonly string[] => [...earlier, text];
const F_OPTION = ['--f <n>', 'faults to tolerate from then on', integer(0, 341)] as const;

/** `concordat join`, `leave`, `rotate`, `reputation`, `isolate` and `release`: exit 0 when it holds. */
export function registerMembership(program: Command, session: Session): void {
  const command = (name: string, description: string): Command =>
    askingOptions(program.command(name).description(description)).requiredOption(
      '--node-id <id>',
      'the member',
      subjectToken,
    );
  const action = (run: (options: ChangeOptions, asking: Asking) => Promise<Parameters<Asking['ask']>[0]>) =>
    session.action(async (options: ChangeOptions) => {
      const asking = new Asking(options, session);
      return asking.ask(await run(options, asking));
    });

  command('join', 'have a new node join, with the key that it has')
    .requiredOption('--key <file>', "the new node's private key, which proves that somebody has it")
    .option('--capability <name>', 'what it can do; repeat for more', several, [])
    .option('--initial-reputation <number>', '0 to 1 (default: 1)', number)
    .option(...F_OPTION)
    .action(
      action(async ({ key, nodeId, capability, initialReputation, f }, asking) => ({
        kind: 'join',
        ...(await asking.proven(nodeId, readMemberKey(key))),
        ...(capability.length === 0 ? {} : { capabilities: capability }),
        ...(initialReputation === undefined ? {} : { initial_reputation: initialReputation }),
        ...(f === undefined ? {} : { f }),
      })),
    );
  command('leave', 'have a member leave')
    .option(...F_OPTION)
    .action(
      action(({ nodeId, f }) => Promise.resolve({ kind: 'leave', node_id: nodeId, ...(f === undefined ? {} : { f }) })),
    );
  command('rotate', "replace a member's key by a new one")
    .requiredOption('--key <file>', 'the new private key')
    .action(
      action(async ({ key, nodeId }, asking) => ({
        kind: 'rotate',
        ...(await asking.proven(nodeId, readMemberKey(key))),
      })),
    );
  command('reputation', 'score how a member behaved: 30 % of its next reputation')
    .requiredOption('--score <number>', '0 to 1', number)
    .option('--reason <text>', 'why, for the record', '')
    .action(
      action(({ nodeId, score, reason }) =>
        Promise.resolve({ kind: 'reputation', node_id: nodeId, behavior_score: score, reason }),
      ),
    );
  command('isolate', 'let the signatures of a proven Byzantine member count for nothing')
    .option('--evidence <file>', 'the proof (default: the newest that the asked member has on record)')
    .action(
      action(async ({ nodeId, evidence }, { api }) => ({
        kind: 'isolate',
        node_id: nodeId,
        proof: toBase64Url(evidence === undefined ? await newestProof(api, nodeId) : readBytes(evidence, 'evidence')),
      })),
    );
  command('release', 'let an isolated member vote again').action(
    action(({ nodeId }) => Promise.resolve({ kind: 'release', node_id: nodeId })),
  );
}
