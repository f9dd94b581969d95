import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { type EngineName } from '@concordat/protocol';
import { CliError, EXIT } from '../errors';
import { startBroker, type Broker } from '../swarm/broker';
import { cliMain, memberMain } from '../swarm/bundles';
import { startGuard, type Guard } from '../swarm/guard';
import { describeEnd, LocalSwarm } from '../swarm/local-swarm';
import { spawnFrom } from '../swarm/member-process';
import { freePorts } from '../swarm/ports';
import { openSwarmState, type SwarmState } from '../swarm/state-folder';
import { LoadProcess } from './load-process';
import { residentMb } from './machine';
import { type MeasuredMember } from './profile-usage';
import { type Scenario } from './scenarios';

const START_TIMEOUT_MS = 30_000;

/** A swarm for one bench: real processes and their own nats-server, in a temporary folder that goes with it. */
export class BenchSwarm {
  private swarm: LocalSwarm | undefined;
  private broker: Broker | undefined;
  private load: LoadProcess | undefined;
  private state: SwarmState | undefined;
  private readonly guard: Guard;
  private readonly failed = new AbortController();
  /** Where it keeps its state. */
  readonly folder: string;

  constructor(
    private readonly options: {
      readonly nodes: number;
      readonly engine: EngineName;
      /** The temporary folder is made in here. */
      readonly dir: string;
      readonly env: Readonly<Record<string, string | undefined>>;
    },
  ) {
    this.folder = mkdtempSync(join(options.dir, 'concordat-bench-'));
    this.guard = startGuard(cliMain);
  }

  /** Starts all of it. Rejects with a CliError, or with the signal's reason. */
  async start(signal: AbortSignal): Promise<void> {
    const { nodes, engine, env } = this.options;
    const state = openSwarmState({ folder: this.folder, swarm: 'bench', nodes, engine });
    this.state = state;
    const onEnd = (): void => this.fail('nats-server ended while it was needed.');
    const broker = await startBroker({ env, anyPort: true, guard: this.guard, onEnd });
    this.broker = broker;
    this.swarm = new LocalSwarm({
      state,
      broker,
      guard: this.guard,
      httpPorts: await freePorts(nodes, '127.0.0.1'),
      // A line per request would be measured with the rest.
      env: { LOG_LEVEL: 'warn', ...env },
      spawn: spawnFrom(memberMain()),
      restarts: false,
      onMemberRestart: () => undefined,
      onMemberEnd: (end) => this.fail(`${end.nodeId} ended while it was needed (${describeEnd(end)}).`),
    });
    await this.swarm.start({ timeoutMs: START_TIMEOUT_MS, signal, onHealthy: () => undefined });
  }

  /** A load process for one scenario; the one before is ended. */
  async loadFor(scenario: Scenario): Promise<LoadProcess> {
    this.load?.stop();
    if (this.state === undefined || this.broker === undefined) throw new Error('the swarm is not started');
    const plan = { scenario, natsUrl: this.broker.url, genesisFile: this.state.genesisFile };
    this.load = await LoadProcess.start(cliMain, plan);
    return this.load;
  }

  /** `work`, unless a process of the swarm ends before: then its failure. */
  async whileAlive<T>(work: Promise<T>): Promise<T> {
    const { signal } = this.failed;
    let onFailure: (() => void) | undefined;
    const failure = new Promise<never>((_, reject) => {
      onFailure = () => reject(signal.reason as CliError);
      if (signal.aborted) onFailure();
      else signal.addEventListener('abort', onFailure);
    });
    try {
      return await Promise.race([work, failure]);
    } finally {
      if (onFailure !== undefined) signal.removeEventListener('abort', onFailure);
    }
  }

  /** Its members, as they are measured. */
  measured(): MeasuredMember[] {
    return (this.swarm?.members ?? []).flatMap(({ url, process: { pid } }) =>
      pid === undefined ? [] : [{ url, pid }],
    );
  }

  /** Resident memory of each member in MB. */
  memory(): Record<string, number | null> {
    const members = this.swarm?.members ?? [];
    return Object.fromEntries(
      members.map(({ nodeId, process: { pid } }) => [nodeId, pid === undefined ? null : (residentMb(pid) ?? null)]),
    );
  }

  /** Ends all of it and deletes the folder. */
  async stop(): Promise<void> {
    this.load?.stop();
    await this.swarm?.stop();
    await this.broker?.stop();
    this.guard.close();
    rmSync(this.folder, { recursive: true, force: true });
  }

  private fail(message: string): void {
    this.failed.abort(new CliError(EXIT.no, 'SWARM_FAILED', message));
  }
}
