import { fork, type ChildProcess } from 'node:child_process';
import { setTimeout as pause } from 'node:timers/promises';
import { connect } from 'nats';
import { CliError, EXIT, messageOf } from '../errors';
import { readGenesisFile } from '../genesis-file';
import { runClosedLoop, type LoadClient, type LoadResult } from './closed-loop';
import { createLoadClients } from './load-clients';
import { type Scenario } from './scenarios';

/** What a load process is told first. */
export interface LoadPlan {
  readonly scenario: Scenario;
  readonly natsUrl: string;
  readonly genesisFile: string;
}

type Order =
  { readonly kind: 'prepare'; readonly plan: LoadPlan } | { readonly kind: 'run'; readonly durationMs: number };
type Answer =
  | { readonly kind: 'prepared' }
  | { readonly kind: 'result'; readonly result: LoadResult }
  | { readonly kind: 'failed'; readonly message: string };

/** Makes load in a process of its own, so that the measuring disturbs what is measured as little as can be. */
export class LoadProcess {
  private constructor(private readonly child: ChildProcess) {}

  /** Starts it and makes its clients. Rejects with a CliError. */
  static async start(cliMain: string, plan: LoadPlan): Promise<LoadProcess> {
    const load = new LoadProcess(fork(cliMain, ['load'], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] }));
    await load.ask({ kind: 'prepare', plan });
    return load;
  }

  /** Runs the load once. Rejects with a CliError. */
  async run(durationMs: number): Promise<LoadResult> {
    const answer = await this.ask({ kind: 'run', durationMs });
    if (answer.kind !== 'result') throw loadFailed(`answered ${answer.kind} to run`);
    return answer.result;
  }

  /** Ends it. */
  stop(): void {
    this.child.kill('SIGTERM');
  }

  private ask(order: Order): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const onExit = (): void => reject(loadFailed('its process ended'));
      this.child.once('exit', onExit);
      this.child.once('message', (answer) => {
        this.child.removeListener('exit', onExit);
        // Only serveLoad below is at the other end.
        const known = answer as Answer;
        if (known.kind === 'failed') reject(loadFailed(known.message));
        else resolve(known);
      });
      this.child.send(order);
    });
  }
}

const loadFailed = (reason: string): CliError =>
  new CliError(EXIT.no, 'LOAD_FAILED', `the load cannot be made: ${reason}.`);

/** The load process: does what it is told until its parent is gone. */
export async function serveLoad(): Promise<void> {
  let clients: LoadClient[] = [];
  const clock = { nowMs: () => performance.now(), pause };
  const obey = async (order: Order): Promise<Answer> => {
    if (order.kind === 'run') return { kind: 'result', result: await runClosedLoop(clients, order.durationMs, clock) };
    const { scenario, natsUrl, genesisFile } = order.plan;
    const connection = await connect({ servers: natsUrl, name: 'concordat-bench', noAsyncTraces: true });
    clients = createLoadClients(scenario, readGenesisFile(genesisFile), connection);
    return { kind: 'prepared' };
  };
  const answer = (value: Answer): void => void process.send?.(value);
  process.on('message', (order) => {
    obey(order as Order).then(answer, (thrown: unknown) => answer({ kind: 'failed', message: messageOf(thrown) }));
  });
  await new Promise<void>((resolve) => process.once('disconnect', () => resolve()));
  // The connection would keep the process alive.
  process.exit();
}
