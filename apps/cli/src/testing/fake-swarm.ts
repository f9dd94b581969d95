import { EventEmitter } from 'node:events';
import { appendFileSync } from 'node:fs';
import { epochChainToJson } from '@concordat/client';
import { nativeHash } from '@concordat/crypto';
import { epoch, Epochs, swarmId } from '@concordat/protocol';
import { type UpSystem } from '../commands/up';
import { readGenesisFile } from '../genesis-file';
import { type Lifetime } from '../swarm/lifetime';
import { readMemberKey } from '../swarm/member-keys';
import { type MemberChild, type MemberSpec } from '../swarm/member-process';
import { decisionOf } from './decision';
import { FakeServer } from './fake-server';

/** A member that is no process: it answers health and propose, and ends when it is told to. */
export class FakeChild extends EventEmitter implements MemberChild {
  private static pids = 1_000_000_000;
  readonly pid = FakeChild.pids++;
  readonly signals: NodeJS.Signals[] = [];

  constructor(
    readonly spec: MemberSpec,
    private readonly server: Promise<FakeServer | undefined>,
  ) {
    super();
  }

  kill(signal: NodeJS.Signals): boolean {
    this.signals.push(signal);
    this.end(0, null);
    return true;
  }

  /** Ends it, as if by itself. */
  end(code: number | null, signal: NodeJS.Signals | null): void {
    void this.server.then(async (server) => {
      await server?.close();
      this.emit('exit', code, signal);
    });
  }
}

/** How fake members behave. */
export interface FakeBehaviour {
  /** A member that ends at once, after these words in its log. */
  readonly dies?: { readonly nodeId: string; readonly words: string };
  /** What propose?wait=true answers, instead of a decision with a certificate that holds. */
  readonly proposeAnswer?: object;
}

/** Everything that `up` takes from the system, without processes. */
export class FakeSystem implements UpSystem {
  readonly children: FakeChild[] = [];
  readonly watched = new Set<number>();
  readonly events: string[] = [];
  private readonly controller = new AbortController();

  constructor(private readonly behaviour: FakeBehaviour = {}) {}

  readonly spawnMember =
    () =>
    (spec: MemberSpec): FakeChild => {
      const dies = this.behaviour.dies?.nodeId === spec.nodeId ? this.behaviour.dies : undefined;
      const child = new FakeChild(spec, dies === undefined ? this.serve(spec) : Promise.resolve(undefined));
      this.children.push(child);
      if (dies !== undefined) {
        appendFileSync(spec.logFile, `${dies.words}\n`);
        child.end(1, null);
      }
      return child;
    };

  readonly startGuard = (): ReturnType<UpSystem['startGuard']> => ({
    watch: (pid) => void this.watched.add(pid),
    forget: (pid) => void this.watched.delete(pid),
    close: () => void this.events.push('guard closed'),
  });

  readonly startBroker = (): ReturnType<UpSystem['startBroker']> =>
    Promise.resolve({
      url: 'nats://127.0.0.1:1',
      stop: () => {
        this.events.push('broker stopped');
        return Promise.resolve();
      },
    });

  readonly lifetime = (): Lifetime => ({
    signal: this.controller.signal,
    onImpatience: () => undefined,
    end: () => void this.events.push('lifetime ended'),
  });

  /** Ctrl-C. */
  stop(): void {
    this.controller.abort();
  }

  private serve({ env, nodeId }: MemberSpec): Promise<FakeServer> {
    const genesisFile = env['GENESIS_FILE'] ?? '';
    const answer = (): object => {
      const genesis = readGenesisFile(genesisFile);
      const keys = genesis.table.members.map((member) =>
        readMemberKey(genesisFile.replace('genesis.json', `${member.nodeId}/key.json`)),
      );
      const certificate = decisionOf(genesis, keys, { action: 'update_strategy' });
      return { proposal_id: certificate.proposal_id, status: 'decided', certificate };
    };
    return FakeServer.listen(
      {
        'GET /api/v1/health': () => ({ body: { status: 'healthy', node_id: nodeId } }),
        'GET /api/v1/cluster/epochs': () => {
          const genesis = readGenesisFile(genesisFile);
          const epochs = new Epochs(nativeHash, genesis.table);
          return { body: epochChainToJson(epochs, swarmId(nativeHash, genesis), epoch(0), 1) };
        },
        'POST /api/v1/propose': () => ({ body: this.behaviour.proposeAnswer ?? answer() }),
      },
      Number(env['HTTP_PORT']),
    );
  }
}
