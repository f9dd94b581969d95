import { join } from 'node:path';
import { type EngineName } from '@concordat/protocol';
import { type Command } from 'commander';
import { EXIT, type ExitCode } from '../errors';
import { integer, natsUrl, protocolOption, subjectToken } from '../options';
import { type Progress } from '../output';
import { DEFAULT_SERVER, type Session } from '../session';
import { startBroker, useBroker, type Broker, type BrokerEnd } from '../swarm/broker';
import { cliMain, memberMain } from '../swarm/bundles';
import { decideFirst, type FirstDecision } from '../swarm/first-decision';
import { startGuard, type Guard } from '../swarm/guard';
import { aborted, processLifetime, type Lifetime } from '../swarm/lifetime';
import { describeEnd, LocalSwarm } from '../swarm/local-swarm';
import { spawnFrom, type MemberEnd, type SpawnMember } from '../swarm/member-process';
import { portsFrom } from '../swarm/ports';
import { openSwarmState, type SwarmState } from '../swarm/state-folder';
import { describeReady, readyValue } from './up-text';

interface UpOptions {
  readonly nodes?: number;
  readonly data?: string;
  readonly nats?: string;
  readonly port: number;
  readonly swarm: string;
  readonly protocol?: EngineName;
  readonly restart: boolean;
}

/** What `up` takes from the system; tests give their own. */
export interface UpSystem {
  readonly spawnMember: () => SpawnMember;
  readonly startGuard: () => Guard;
  readonly startBroker: (env: Session['env'], guard: Guard, onEnd: (end: BrokerEnd) => void) => Promise<Broker>;
  readonly lifetime: () => Lifetime;
}

const realSystem: UpSystem = {
  spawnMember: () => spawnFrom(memberMain()),
  startGuard: () => startGuard(cliMain),
  startBroker: (env, guard, onEnd) => startBroker({ env, guard, onEnd, anyPort: false }),
  lifetime: () => processLifetime(process),
};

const HOST = '127.0.0.1';
const DEFAULT_PORT = Number(new URL(DEFAULT_SERVER).port);
const START_TIMEOUT_MS = 30_000;

/** `concordat up`: a local swarm that stays up until Ctrl-C or SIGTERM. */
export function registerUp(program: Command, session: Session, system: UpSystem = realSystem): void {
  program
    .command('up')
    .description('run a local swarm: nats-server and the members, each a process of its own')
    .option('--nodes <n>', 'members of a new swarm (default: 4)', integer(1, 100))
    .option('--data <dir>', 'its state, kept across runs (default: .concordat/<swarm>)')
    .option('--nats <url>', 'use a running NATS server instead of an own one on 4222 or a free port', natsUrl)
    .option('--port <base>', 'member i listens on base+i', integer(1, 65_535), DEFAULT_PORT)
    .option('--swarm <id>', 'name of the swarm', subjectToken, 'local')
    .addOption(protocolOption())
    .option('--no-restart', 'leave a member that dies dead, instead of starting it again after a second')
    .addHelpText(
      'after',
      '\nSettings of the members (PHASE_TIMEOUT_MS, LOG_LEVEL, ...) are taken from the environment.',
    )
    .action(session.action((options: UpOptions) => new Up(options, session, system).run()));
}

class Up {
  private guard: Guard | undefined;
  private broker: Broker | undefined;
  private swarm: LocalSwarm | undefined;
  private lifetime: Lifetime | undefined;

  constructor(
    private readonly options: UpOptions,
    private readonly session: Session,
    private readonly system: UpSystem,
  ) {}

  async run(): Promise<ExitCode> {
    const { swarm, nodes, protocol, data = join('.concordat', swarm) } = this.options;
    const spawn = this.system.spawnMember();
    const state = openSwarmState({
      folder: data,
      swarm,
      ...(nodes === undefined ? {} : { nodes }),
      ...(protocol === undefined ? {} : { engine: protocol }),
    });
    const httpPorts = await portsFrom(this.options.port, state.members.length, HOST);
    this.lifetime = this.system.lifetime();
    try {
      return await this.keepUp(state, httpPorts, spawn, this.lifetime.signal);
    } finally {
      await this.stop();
    }
  }

  private async keepUp(
    state: SwarmState,
    httpPorts: number[],
    spawn: SpawnMember,
    signal: AbortSignal,
  ): Promise<ExitCode> {
    const { output, env } = this.session;
    const progress = output.progress(`starting ${state.members.length} members`);
    let first: FirstDecision;
    try {
      this.guard = this.system.startGuard();
      const { nats } = this.options;
      this.broker =
        nats === undefined
          ? await this.system.startBroker(env, this.guard, (end) => this.onBrokerEnd(end))
          : await useBroker(nats);
      const onMemberEnd = (end: MemberEnd): void => this.onMemberEnd(end);
      const onMemberRestart = (node: string, pid: number): void =>
        output.event({ event: 'member_restarted', node_id: node, pid }, `${node} runs again (pid ${pid})`);
      const { broker, guard } = this;
      this.swarm = new LocalSwarm({
        state,
        broker,
        guard,
        httpPorts,
        env,
        spawn,
        restarts: this.options.restart,
        onMemberEnd,
        onMemberRestart,
      });
      first = await this.start(this.swarm, state, progress, signal);
    } catch (thrown) {
      progress.stop();
      if (signal.aborted) return EXIT.no;
      throw thrown;
    }
    const ready = { state, first, natsUrl: this.broker.url, members: this.swarm.members };
    output.result(readyValue(ready), () => describeReady(ready));
    await aborted(signal);
    return EXIT.done;
  }

  private async start(
    swarm: LocalSwarm,
    state: SwarmState,
    progress: Progress,
    signal: AbortSignal,
  ): Promise<FirstDecision> {
    const total = state.members.length;
    const onHealthy = (count: number): void => progress.update(`${count} of ${total} members are healthy`);
    await swarm.start({ timeoutMs: START_TIMEOUT_MS, signal, onHealthy });
    progress.update('deciding a first proposal');
    const first = await Promise.race([
      decideFirst(swarm.members[0]?.url ?? '', state.genesis),
      aborted(signal).then(() => Promise.reject(new Error('stopped'))),
    ]);
    progress.succeed(`${total} members are healthy, and the certificate of their first decision holds`);
    return first;
  }

  /** Members first, so that they can still talk; then what they talked over. */
  private async stop(): Promise<void> {
    const { output } = this.session;
    this.lifetime?.onImpatience(() => this.swarm?.kill());
    const progress = this.swarm === undefined ? undefined : output.progress('stopping');
    await this.swarm?.stop();
    await this.broker?.stop();
    this.guard?.close();
    this.lifetime?.end();
    progress?.stop();
  }

  private onMemberEnd(end: MemberEnd): void {
    const { nodeId, pid, code, signal, restartInMs } = end;
    const value = { event: 'member_ended', node_id: nodeId, pid, code, signal, restart_in_ms: restartInMs ?? null };
    this.session.output.event(
      value,
      `${nodeId} (pid ${String(pid)}) ended: ${describeEnd(end)}; ${future(restartInMs)}`,
    );
  }

  private onBrokerEnd({ restartInMs }: BrokerEnd): void {
    if (this.lifetime?.signal.aborted === true) return;
    const value = { event: 'nats_server_ended', restart_in_ms: restartInMs ?? null };
    this.session.output.event(value, `nats-server ended; ${future(restartInMs)}`);
  }
}

const future = (restartInMs: number | undefined): string =>
  restartInMs === undefined ? 'it is not started again' : `starting it again in ${restartInMs / 1000} s`;
