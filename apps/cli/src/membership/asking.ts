import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { changeRequest } from '@concordat/client';
import { approve, isRefusal, parseOperation, provenKey, type Operation } from '@concordat/consensus';
import { nativeHash, signatureSuite, type StoredKey } from '@concordat/crypto';
import { epoch, nodeId, sequence, swarmId, type Digest, type Genesis } from '@concordat/protocol';
import { InvalidArgumentError, type Command } from 'commander';
import { EXIT, usageError, type ExitCode } from '../errors';
import { DEFAULT_GENESIS, readGenesisFile } from '../genesis-file';
import { type ChangeState, type HttpApi } from '../http-api';
import { integer } from '../options';
import { apiOf, serverOption, type ServerOptions, type Session } from '../session';
import { OPERATOR_KEY, readMemberKey } from '../swarm/member-keys';
import { renderFields } from '../table';

/** Options of all commands that ask for a change of the member table. */
export interface AskingOptions extends ServerOptions {
  readonly genesis: string;
  readonly operatorKey?: string;
  readonly memberKey: readonly string[];
  readonly wait: boolean;
  readonly timeoutMs: number;
}

const TIMEOUT_MS = 30_000;

const several = (text: string, earlier: readonly string[]): readonly string[] => [...earlier, text];

/** Adds the options of AskingOptions. */
export const askingOptions = (command: Command): Command =>
  command
    .option('--operator-key <file>', `key of an operator (default: ${OPERATOR_KEY} beside the genesis)`)
    .option('--member-key <file>', 'key of a member instead; repeat for a quorum of them', several, [])
    .option('--genesis <file>', 'genesis of the swarm: approvals are for this one only', DEFAULT_GENESIS)
    .option('--no-wait', 'answer once it is decided, not when its epoch has begun')
    .option('--timeout-ms <ms>', 'longest wait', integer(1_000, 60_000), TIMEOUT_MS)
    .addOption(serverOption());

/** Parser of a number option, for what members clamp or check themselves. */
export function number(text: string): number {
  const value = Number(text);
  if (text.trim() === '' || !Number.isFinite(value)) throw new InvalidArgumentError('It must be a number.');
  return value;
}

/** An operation without its nonce, as the command line says it. */
export type Wish = Operation extends infer Each ? (Each extends Operation ? Omit<Each, 'nonce'> : never) : never;

/** One who asks a swarm for a change: its keys, and the member that is asked. */
export class Asking {
  readonly api: HttpApi;
  private readonly genesis: Genesis;
  private readonly swarmId: Digest;

  /** Throws a CliError for a genesis that cannot be read. */
  constructor(
    private readonly options: AskingOptions,
    private readonly session: Session,
  ) {
    this.api = apiOf(options, session);
    this.genesis = readGenesisFile(options.genesis);
    this.swarmId = swarmId(nativeHash, this.genesis);
  }

  /** What a new key says about itself, for the epoch that the asked member is in. Rejects with a CliError. */
  async proven(node: string, key: StoredKey): Promise<ReturnType<typeof provenKey>> {
    const status = await this.api.clusterStatus();
    const claim = {
      epoch: epoch(status.epoch),
      stableSequence: sequence(status.stable_sequence),
      nodeId: nodeId(node),
      publicKey: key.publicKey,
    };
    return provenKey(this.swarmId, claim, (bytes) => signatureSuite(key.scheme).sign(key.privateKey, bytes));
  }

  /** Signs, asks, waits, and says what came of it. Rejects with a CliError. */
  async ask(wish: Wish): Promise<ExitCode> {
    const { wait, timeoutMs } = this.options;
    const keys = this.keys();
    // Milliseconds ascend by themselves, whoever asks and from wherever: nothing needs to be remembered.
    const operation = parseOperation({ ...wish, nonce: Date.now() });
    if (isRefusal(operation)) throw usageError(`${operation.refused.replace(/^operation\./, '')}.`);
    const approvals = keys.map(({ scheme, publicKey, privateKey }) =>
      approve(this.swarmId, operation, publicKey, (bytes) => signatureSuite(scheme).sign(privateKey, bytes)),
    );
    const { output } = this.session;
    const progress = output.progress(wait ? 'waiting for the epoch in which it holds' : 'waiting for the decision');
    const patience = { wait: wait ? 'epoch' : 'decision', timeoutMs } as const;
    const state = await this.api.change(changeRequest(operation, approvals), patience).finally(() => progress.stop());
    output.result(state, () => describeChange(state));
    return state.status === 'effective' || (!wait && state.status === 'accepted') ? EXIT.done : EXIT.no;
  }

  private keys(): StoredKey[] {
    const { operatorKey, memberKey, genesis } = this.options;
    if (operatorKey !== undefined && memberKey.length > 0)
      throw usageError('an operator asks alone: give either --operator-key or --member-key, one of the two.');
    const beside = join(dirname(genesis), OPERATOR_KEY);
    if (operatorKey === undefined && memberKey.length === 0 && !existsSync(beside))
      throw usageError(`nobody signs: name an operator's key with --operator-key (${beside} does not exist).`);
    const files = memberKey.length > 0 ? memberKey : [operatorKey ?? beside];
    return files.map(readMemberKey);
  }
}

function describeChange(state: ChangeState): string {
  const since = `epoch ${String(state.effective_epoch)} (sequence ${String(state.first_sequence)} and on)`;
  return renderFields([
    ['status', state.status],
    ['node', state.node_id],
    ['proposal', state.proposal_id],
    ['holds from', state.effective_epoch === undefined ? undefined : since],
    ['members', state['current_nodes']],
    ['faults tolerated', state['byzantine_threshold']],
    ['quorum', state['quorum']],
    ['reputation', state['new_reputation']],
    ['proven Byzantine', state['is_byzantine']],
  ]);
}
