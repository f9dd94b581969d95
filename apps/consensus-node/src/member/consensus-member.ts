import { type Replica, type ReplicaState } from '@concordat/consensus';
import { type Bus } from '@concordat/nats';
import { isRejection, type Millis, type Verified, wireLimits } from '@concordat/protocol';
import {
  DecidedTotals,
  Gateway,
  type HaltReason,
  ProposalLookup,
  Proposals,
  ReplicaHost,
  STATUS_INTERVALS_MISSED_MAX,
  type SwarmView,
  systemClock,
} from '@concordat/replica-host';
import { type DataFolder } from '@concordat/storage';
import { type NodeMetrics } from '@concordat/telemetry';
import { type MemberPort } from '../api/member-port';
import { type NodeSettings } from '../config/swarm-settings';
import { type SwarmIdentity } from '../start/read-swarm';
import { buildGateway } from './build-gateway';
import { buildReplica } from './build-replica';
import { StoredDecisions } from './decisions-port';
import { failStop } from './fail-stop';
import { type MemberLogger, observeHost } from './member-observer';
import { BusNetwork } from './network-port';
import { recoverReplica } from './recover-replica';
import { sampleMetrics } from './sample-metrics';
import { SwarmWatch } from './swarm-watch';
import { TrafficCounts } from './traffic-counts';

/** What a member is made of. None of it belongs to the member: who made it closes it. */
export interface MemberOptions {
  readonly identity: SwarmIdentity;
  readonly settings: NodeSettings;
  readonly folder: DataFolder;
  readonly bus: Bus;
  readonly metrics: NodeMetrics;
  readonly logger: MemberLogger;
  /** The member found that it must not go on: the process must end with an error. */
  readonly onHalted: (reason: HaltReason) => void;
}

/** The broker carries less than this swarm's largest message. */
export class BrokerLimitError extends Error {
  override readonly name = 'BrokerLimitError';
}

/** Silence under which a member never counts as unreachable: a busy machine pauses too. */
const SILENCE_MIN_MS = 1_000;
const WAITERS_MAX = 20_000;
const TOTALS_SEQUENCES_MAX = 4_096;

/** One replica with everything around it: what the API speaks for. */
export class ConsensusMember implements MemberPort {
  readonly nodeId: SwarmIdentity['nodeId'];
  readonly committee: SwarmIdentity['committee'];
  readonly swarmId: SwarmIdentity['swarmId'];
  readonly decisions: MemberPort['decisions'];
  readonly gateway: Gateway;
  readonly proposals: Proposals;
  readonly lookup: ProposalLookup;
  readonly expectedMs: number;
  private readonly replica: Replica;
  private readonly host: ReplicaHost;
  private readonly network: BusNetwork;
  private readonly watch: SwarmWatch;
  private readonly totals: DecidedTotals;

  private constructor(options: MemberOptions, recovered: Awaited<ReturnType<typeof recoverReplica>>) {
    const { identity, settings, folder, bus, metrics } = options;
    const { committee, self, nodeId, swarmId, genesis } = identity;
    this.nodeId = nodeId;
    this.committee = committee;
    this.swarmId = swarmId;
    this.decisions = readableDecisions(folder, options.onHalted);
    const parts = buildReplica(identity, settings, recovered);
    const { replica, opener } = parts;
    this.replica = replica;
    const traffic = new TrafficCounts();
    const proposals = new Proposals({ seenMax: 2 * settings.replica.poolEnvelopesMax, waitersMax: WAITERS_MAX });
    this.proposals = proposals;
    const { executed, totalDecided } = replica.state();
    this.totals = new DecidedTotals(executed, totalDecided, TOTALS_SEQUENCES_MAX);
    this.network = new BusNetwork(bus, genesis.swarm, committee, nodeId, () => traffic.unsendable++);
    this.host = new ReplicaHost({
      replica,
      committee,
      self,
      limits: wireLimits(committee.table),
      open(bytes) {
        const message = opener.open(bytes);
        if (!isRejection(message)) noteEnvelopes(proposals, message);
        return message;
      },
      seal: parts.seal,
      log: folder.voteLog,
      decisions: new StoredDecisions(folder.decisions),
      network: this.network,
      clock: systemClock,
      observer: observeHost({
        nodeId,
        swarm: genesis.swarm,
        committee,
        metrics,
        traffic,
        proposals,
        totals: this.totals,
        gateway: () => this.gateway,
        publish: (subject, bytes) => void bus.publish(subject, bytes),
        logger: options.logger,
        onHalted: options.onHalted,
      }),
      config: { groupCommit: settings.local.GROUP_COMMIT },
      recovered,
    });
    this.lookup = new ProposalLookup(proposals, this.decisions, (id) => replica.progressOf(id));
    const { host, lookup } = this;
    const drawNonces = failStop((count: number) => folder.gatewayCounter.next(count), options.onHalted);
    this.gateway = buildGateway({ identity, settings, parts, proposals, lookup, host, drawNonces });
    this.watch = new SwarmWatch(
      () => replica.state(),
      () => systemClock.now(),
      {
        committee,
        self,
        silenceMaxMs: Math.max(SILENCE_MIN_MS, STATUS_INTERVALS_MISSED_MAX * settings.replica.statusIntervalMs),
        lagMax: committee.table.windowSize,
      },
    );
    const { sumMs, count } = folder.decisions.statistics.durations;
    this.expectedMs = count === 0 ? settings.replica.phaseTimeoutMs : sumMs / count;
    sampleMetrics(metrics, { traffic, host, bus, state: () => replica.state() });
  }

  /** Replays the data folder and joins the parts; sends nothing yet. Rejects with a BrokerLimitError, and with what replay refuses. */
  static async open(options: MemberOptions): Promise<ConsensusMember> {
    const { identity, folder, bus } = options;
    const { messageBytesMax } = wireLimits(identity.committee.table);
    if (messageBytesMax > bus.maxPayloadBytes) {
      throw new BrokerLimitError(
        `this swarm's largest message has ${messageBytesMax} bytes, the NATS server carries ${bus.maxPayloadBytes}: raise its max_payload`,
      );
    }
    return new ConsensusMember(options, await recoverReplica(folder, identity.committee, identity.self));
  }

  /** Listens to the others, and begins to take part. */
  start(): void {
    this.network.listen((bytes, via) => this.host.receive(bytes, via));
    this.host.start();
  }

  /** Ends in good order; see ReplicaHost.stop. Callers that wait are sent home. Never rejects. */
  async stop(): Promise<void> {
    await this.host.stop();
    this.proposals.close();
  }

  now(): Millis {
    return systemClock.now();
  }

  state(): ReplicaState {
    return this.replica.state();
  }

  swarm(): SwarmView {
    return this.watch.view;
  }

  decidedUpTo(sequence: number): number | undefined {
    return this.totals.upTo(sequence);
  }

  /** True when this member may answer for any: it hears a quorum and is not far behind it. */
  get isReady(): boolean {
    const { hearsQuorum, members } = this.swarm();
    return hearsQuorum && members.some(({ nodeId, state }) => nodeId === this.nodeId && state === 'healthy');
  }
}

/** The store for whoever asks: a disk that cannot be read stops the member. */
function readableDecisions({ decisions }: DataFolder, onHalted: (reason: HaltReason) => void): MemberPort['decisions'] {
  return {
    find: failStop((signerKey: string, nonce: bigint) => decisions.find(signerKey, nonce), onHalted),
    get: failStop((sequence: number) => decisions.get(sequence), onHalted),
    recent: failStop((limit: number, before?: number) => decisions.recent(limit, before), onHalted),
    get statistics() {
      return decisions.statistics;
    },
  };
}

/** Whatever envelopes a message brings may be asked for from now on. */
function noteEnvelopes(proposals: Proposals, message: Verified): void {
  if (message.kind === 'requests') for (const envelope of message.envelopes) proposals.note(envelope);
  if (message.kind === 'prePrepare') for (const envelope of message.batch?.envelopes ?? []) proposals.note(envelope);
}
