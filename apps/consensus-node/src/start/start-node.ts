import { readFileSync } from 'node:fs';
import { heartbeatMaxMs } from '@concordat/consensus';
import { nativeHash } from '@concordat/crypto';
import { connectBus, connectNatsService, type NatsBus, NatsServiceStrategy } from '@concordat/nats';
import { type InvariantError } from '@concordat/protocol';
import { type HaltReason, systemClock } from '@concordat/replica-host';
import { DataFolder } from '@concordat/storage';
import { createLogger, createMetrics } from '@concordat/telemetry';
import { type Environment, loadSettings } from '../config/load-settings';
import { type NodeSettings, settleSettings } from '../config/swarm-settings';
import { createHttpApp } from '../http-app';
import { ConsensusMember } from '../member/consensus-member';
import { firstGatewayNumber } from './gateway-numbers';
import { readSwarm, type SwarmIdentity } from './read-swarm';
import { VotingState } from './voting-state';

/** A node that runs. */
export interface RunningNode {
  /** Where its REST interface listens. */
  readonly url: string;
  /** Takes nothing more, finishes what it has, and closes everything. Rejects with the first failure. */
  stop(): Promise<void>;
}

/** Who is told what. */
export interface StartOptions {
  readonly env: Environment;
  /** Semantic version, shown by `$SRV.INFO`. */
  readonly version: string;
  /** The node may not go on: the process must end with an error. */
  readonly onFatal: (message: string, cause: unknown) => void;
}

type Logger = ReturnType<typeof createLogger>;

/** How long a member waits for a broker that is not there yet. */
const FIRST_CONNECT_MS = 10_000;
const CLOSE_TIMEOUT_MS = 1_000;

/** Settings and identity, or one SettingsError that names everything that is wrong. */
function configure(env: Environment): { readonly settings: NodeSettings; readonly identity: SwarmIdentity } {
  const loaded = loadSettings(env, (path) => readFileSync(path, 'utf8'));
  const { genesis, identity, problems } = readSwarm(loaded);
  const settings = settleSettings(loaded, genesis?.table, problems);
  if (identity === undefined) throw new RangeError('settings without a problem name a genesis and a key');
  return { settings, identity };
}

async function openFolder(identity: SwarmIdentity, { local }: NodeSettings): Promise<DataFolder> {
  const { swarmId, nodeId, keys } = identity;
  const { DATA_DIR: dataDir } = local;
  const key = { publicKey: keys.key.publicKey, file: keys.keyFile };
  const voting = VotingState.check({ swarmId, nodeId, key, dataDir });
  const folder = await DataFolder.open(dataDir, {
    hash: nativeHash,
    firstGatewayNumber: firstGatewayNumber(identity, systemClock.now()),
  });
  try {
    voting.bind(folder.voteLog.isNew);
    keys.useWith((place) => voting.adopt(place));
  } catch (error) {
    await folder.close();
    throw error;
  }
  return folder;
}

/** Runs the steps of a stop in order, all of them whatever fails. Rejects with the first failure. */
async function runAll(steps: readonly (() => unknown)[]): Promise<void> {
  const failures: unknown[] = [];
  for (const step of steps) {
    try {
      await step();
    } catch (error) {
      failures.push(error);
    }
  }
  if (failures.length > 0) throw failures[0];
}

/** Sweeps waiting callers and follows the member's readiness, once per heartbeat of an idle member. */
function beat(member: ConsensusMember, strategy: NatsServiceStrategy, everyMs: number): () => void {
  let ready = false;
  const timer = setInterval(() => {
    member.sweep();
    if (member.isReady === ready) return;
    ready = !ready;
    void strategy.setReady(ready);
  }, everyMs);
  return () => clearInterval(timer);
}

async function connect(
  { settings, identity }: ReturnType<typeof configure>,
  logger: Logger,
  options: StartOptions,
): Promise<NatsBus> {
  return connectBus({
    url: settings.local.NATS_URL,
    name: `concordat ${identity.genesis.swarm} ${identity.nodeId}`,
    waitOnFirstConnectMs: FIRST_CONNECT_MS,
    flushTimeoutMs: CLOSE_TIMEOUT_MS,
    pingIntervalMs: settings.local.NATS_PING_INTERVAL_MS,
    onStatus: (status) => logger.info(status, 'bus'),
    onError: (error, subject) => logger.error({ err: error, subject }, 'a message handler failed'),
    onFatal: (error) => options.onFatal(error.message, error),
  });
}

/** Starts a node. Rejects with one error whose message is for people; everything that was opened is closed by then. */
export async function startNode(options: StartOptions): Promise<RunningNode> {
  const configured = configure(options.env);
  const { settings, identity } = configured;
  const { local } = settings;
  const { nodeId, genesis } = identity;
  const { swarm } = genesis;
  const logger = createLogger({
    name: 'consensus-node',
    fields: { swarm, node: nodeId },
    env: { LOG_LEVEL: local.LOG_LEVEL },
    pretty: local.LOG_PRETTY,
  });
  const opened: (() => unknown)[] = [];
  const closeAll = (): Promise<void> => runAll(opened.toReversed());
  try {
    const folder = await openFolder(identity, settings);
    opened.push(() => folder.close());
    const bus = await connect(configured, logger, options);
    opened.push(() => bus.close());
    const metrics = createMetrics(undefined, { eventLoopSampleMs: local.EVENT_LOOP_SAMPLE_MS });
    const onHalted = ({ code, message, cause }: HaltReason): void => options.onFatal(`${code}: ${message}`, cause);
    const onFatal = (error: InvariantError): void => options.onFatal(error.message, error);
    const member = await ConsensusMember.open({ identity, settings, folder, bus, metrics, logger, onHalted });
    const { version } = options;
    const strategy = new NatsServiceStrategy({
      bus,
      swarm,
      node: nodeId,
      version,
      logger,
      onFatal,
      closeTimeoutMs: CLOSE_TIMEOUT_MS,
    });
    const app = await createHttpApp({ member, metrics, logger, onFatal });
    connectNatsService(app, strategy);
    member.start();
    opened.push(() => member.stop());
    await app.startAllMicroservices();
    opened.push(() => app.close());
    await app.listen(local.HTTP_PORT, local.HTTP_HOST);
    opened.push(beat(member, strategy, heartbeatMaxMs(settings.replica)));
    const url = (await app.getUrl()).replace('[::1]', '127.0.0.1');
    const { executed, view } = member.state();
    logger.info({ url, nats: bus.connection.getServer(), executed, view }, 'started');
    return { url, stop: closeAll };
  } catch (error) {
    await closeAll().catch(() => undefined);
    throw error;
  }
}
