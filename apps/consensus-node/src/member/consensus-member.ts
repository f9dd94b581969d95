import { type Evidence, handoverOf, silenceMaxMs, type Recovered, type ReplicaState } from '@concordat/consensus';
import { type Bus } from '@concordat/nats';
import {
  type Authentic,
  type Committee,
  type Digest,
  type Envelope,
  type Epoch,
  type EpochChange,
  type Epochs,
  type Genesis,
  isRejection,
  type MemberIndex,
  type Millis,
  OBSERVER,
  type Rejection,
  type Sequence,
  sequence as toSequence,
} from '@concordat/protocol';
import {
  DecidedTotals,
  type Gateway,
  type HaltReason,
  ProposalLookup,
  Proposals,
  ReplicaHost,
  type SwarmView,
  systemClock,
} from '@concordat/replica-host';
import { type DecisionRecord } from '@concordat/records';
import { type DataFolder } from '@concordat/storage';
import { type NodeMetrics } from '@concordat/telemetry';
import { type MemberPort, type ViewCounts } from '../api/member-port';
import { type NodeSettings } from '../config/swarm-settings';
import { type SwarmIdentity } from '../start/read-swarm';
import { buildGateway } from './build-gateway';
import { StoredDecisions } from './decisions-port';
import { EpochWaiters } from './epoch-waiters';
import { failStop } from './fail-stop';
import { FailedViews } from './failed-views';
import { handIn } from './hand-in';
import { type MemberLogger, observeHost } from './member-observer';
import { BusNetwork } from './network-port';
import { noteEnvelopes } from './note-envelopes';
import { createPacker } from './packer';
import { type RecoveredMember, recoverReplica } from './recover-replica';
import { sampleMetrics } from './sample-metrics';
import { type Earlier, SwarmWatch } from './swarm-watch';
import { buildTenure, placeOf, type Tenure } from './tenure';
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

/** A tenure and what makes it act. */
interface Reign {
  readonly tenure: Tenure;
  readonly host: ReplicaHost;
  readonly watch: SwarmWatch;
  readonly failedViews: FailedViews;
}

/** Sequences that a member may be behind at least: between two heartbeats a fast swarm decides more than a small window holds. */
const LAG_MIN = 128;
const WAITERS_MAX = 20_000;
const TOTALS_SEQUENCES_MAX = 4_096;

/** One member with everything around it, through all its epochs: what the API speaks for. */
export class ConsensusMember implements MemberPort {
  readonly nodeId: SwarmIdentity['nodeId'];
  readonly swarmId: SwarmIdentity['swarmId'];
  readonly genesis: Genesis;
  readonly epochs: Epochs;
  readonly decisions: MemberPort['decisions'];
  readonly gateway: Gateway;
  readonly proposals: Proposals;
  readonly lookup: ProposalLookup;
  readonly expectedMs: number;
  private readonly network: BusNetwork;
  private readonly totals: DecidedTotals;
  private readonly epochWaiters = new EpochWaiters();
  private readonly traffic = new TrafficCounts();
  private readonly storedDecisions: StoredDecisions;
  private current: Reign;
  /** The next epoch is being begun. */
  private succession: Promise<void> | undefined;
  /** Reading of the monotonic clock when the first change of the next table was decided here. */
  private changeDecidedMs: number | undefined;
  private stopped = false;
  /** Old decisions are being dropped. */
  private retaining = false;

  private constructor(
    private readonly options: MemberOptions,
    { epochs, committee, recovered }: RecoveredMember,
    last: DecisionRecord | undefined,
  ) {
    const { identity, settings, folder, bus, metrics } = options;
    const { nodeId, swarmId, genesis } = identity;
    this.nodeId = nodeId;
    this.swarmId = swarmId;
    this.genesis = genesis;
    this.epochs = epochs;
    this.decisions = readableDecisions(folder, options.onHalted);
    this.storedDecisions = new StoredDecisions(folder.decisions);
    this.proposals = new Proposals({ seenMax: 2 * settings.replica.poolEnvelopesMax, waitersMax: WAITERS_MAX });
    const { COMPRESSION_ENABLED, COMPRESSION_MIN_BYTES: bytesMin } = settings.local;
    this.network = new BusNetwork(
      bus,
      genesis.swarm,
      nodeId,
      () => this.traffic.unsendable++,
      COMPRESSION_ENABLED ? createPacker({ bytesMin, limits: () => epochs.limits, traffic: this.traffic }) : undefined,
    );
    const tenure = buildTenure({ identity, settings, epochs, committee, recovered });
    const { executed, totalDecided } = tenure.replica.state();
    this.totals = new DecidedTotals(executed, totalDecided, TOTALS_SEQUENCES_MAX);
    this.current = this.reign(tenure, recovered);
    if (last !== undefined) this.current.failedViews.onDecided(last.certificate.sequence, last.certificate.view);
    this.lookup = new ProposalLookup(this.proposals, this.decisions, (id) => this.tenure.replica.progressOf(id));
    const { lookup, proposals } = this;
    this.gateway = buildGateway({
      identity,
      settings,
      tenure: () => this.tenure,
      proposals,
      lookup,
      submit: (envelope) => this.submit(envelope),
      drawNonces: failStop((count: number) => folder.gatewayCounter.next(count), options.onHalted),
    });
    const { sumMs, count } = folder.decisions.statistics.durations;
    this.expectedMs = count === 0 ? settings.replica.phaseTimeoutMs : sumMs / count;
    const waiting = (): number => this.current.host.waiting;
    sampleMetrics(metrics, { traffic: this.traffic, waiting, bus, state: () => this.state() });
  }

  /** Replays the data folder and joins the parts; sends nothing yet. Rejects with a BrokerLimitError, and with what replay refuses. */
  static async open(options: MemberOptions): Promise<ConsensusMember> {
    const { identity, folder, bus } = options;
    const past = await recoverReplica(folder, identity.genesis.table, (committee) => placeOf(committee, identity.keys));
    const { messageBytesMax } = past.epochs.limits;
    if (messageBytesMax > bus.maxPayloadBytes) {
      throw new BrokerLimitError(
        `this swarm's largest message has ${messageBytesMax} bytes, the NATS server carries ${bus.maxPayloadBytes}: raise its max_payload`,
      );
    }
    const [last] = await folder.decisions.recent(1);
    return new ConsensusMember(options, past, last);
  }

  /** Its place in the epoch that it is in; OBSERVER for none. */
  get self(): MemberIndex {
    return this.tenure.self;
  }

  /** Of the epoch that the member is in. */
  get committee(): Committee {
    return this.tenure.committee;
  }

  /** Listens to the others, and begins to take part. */
  start(): void {
    this.network.listen((bytes, via) => {
      const { host, tenure } = this.current;
      // A stranger must not fill the share of the member that it names.
      host.receive(bytes, tenure.committee.indexOf(via) ?? OBSERVER);
    });
    this.current.host.start();
  }

  /** Ends in good order; see ReplicaHost.stop. Callers that wait are sent home. Never rejects. */
  async stop(): Promise<void> {
    this.stopped = true;
    await this.succession;
    await this.current.host.stop();
    this.proposals.close();
    this.epochWaiters.close();
  }

  now(): Millis {
    return systemClock.now();
  }

  state(): ReplicaState {
    return this.tenure.replica.state();
  }

  evidence(): readonly Evidence[] {
    return this.tenure.replica.evidence();
  }

  waitingEnvelope(id: Digest): Envelope | undefined {
    return this.tenure.replica.waitingEnvelope(id);
  }

  swarm(): SwarmView {
    return this.current.watch.view;
  }

  views(): ViewCounts {
    const { total, sinceDecision } = this.current.failedViews;
    if (this.committee.table.engine === 'pbft') return { changes: this.state().view, failedSinceDecision: 0 };
    return { changes: total, failedSinceDecision: sinceDecision };
  }

  epochBegun(epoch: Epoch, deadline: Millis): Promise<boolean> {
    return this.committee.epoch >= epoch ? Promise.resolve(true) : this.epochWaiters.wait(epoch, deadline);
  }

  /** Sends callers home whose time is over. */
  sweep(): void {
    this.proposals.sweep(this.now());
    this.epochWaiters.sweep(this.now());
  }

  decidedUpTo(sequence: number): number | undefined {
    return this.totals.upTo(sequence);
  }

  /** True when this member may answer for any: it votes, exchanges messages with a quorum and is not far behind it. */
  get isReady(): boolean {
    const { reachesQuorum, members } = this.swarm();
    const healthy = members.some(({ nodeId, state }) => nodeId === this.nodeId && state === 'healthy');
    return this.state().votes && reachesQuorum && healthy;
  }

  private get tenure(): Tenure {
    return this.current.tenure;
  }

  private submit(envelope: Authentic): Promise<Rejection | undefined> {
    return handIn(envelope, {
      serving: () => ({ host: this.current.host, committee: this.committee }),
      isSucceeding: () => this.succession !== undefined,
      isStopped: () => this.stopped,
      epochBegun: (epoch) => this.epochBegun(epoch, Number.MAX_SAFE_INTEGER as Millis),
    });
  }

  /** Begins the epoch that a proven change leads to, once the host of the last one has stopped. */
  private succeed(change: EpochChange): void {
    this.succession = this.begin(change).then(
      () => (this.succession = undefined),
      (error: unknown) => {
        const message = error instanceof Error ? error.message : String(error);
        this.options.onHalted({ code: 'replica', message: `epoch ${change.table.epoch} did not begin: ${message}` });
      },
    );
  }

  private async begin({ table }: EpochChange): Promise<void> {
    const { identity, settings, logger } = this.options;
    const { host, tenure } = this.current;
    this.lookForNextKey();
    await host.stop();
    if (this.stopped || host.state === 'halted') return;
    const committee = this.epochs.of(table.epoch);
    if (committee === undefined) throw new Error('an ended epoch leaves a proof of the next');
    const { recovered, waiting } = handoverOf(tenure.replica);
    const next = buildTenure({ identity, settings, epochs: this.epochs, committee, recovered, waiting });
    const earlier = { committee: tenure.committee, peers: tenure.replica.state().peers };
    this.current = this.reign(next, recovered, earlier);
    for (const { envelope } of waiting)
      if (next.replica.waitingEnvelope(envelope.id) === undefined) this.gateway.onDropped(envelope);
    const members = table.members.map(({ nodeId }) => nodeId);
    this.current.host.start();
    this.epochWaiters.begun(table.epoch);
    const tookMs = this.epochChangeMs();
    const fields = { epoch: table.epoch, from: table.baseSequence + 1, members, f: table.f, took_ms: tookMs };
    logger.info(fields, 'a new epoch began');
  }

  /** Since the change was decided; undefined where that was not seen, because a state was taken over. */
  private epochChangeMs(): number | undefined {
    const since = this.changeDecidedMs;
    this.changeDecidedMs = undefined;
    if (since === undefined) return undefined;
    const tookMs = Math.round(systemClock.monotonicMs() - since);
    this.options.metrics.epochChangeMs.observe(tookMs);
    return tookMs;
  }

  /** Gives up decisions that are stable and older than what is to be retained. */
  private retain(stable: Sequence): void {
    const { folder, settings, onHalted } = this.options;
    const { RETAIN_SEQUENCES } = settings.local;
    const { decisions } = folder;
    const below = stable - RETAIN_SEQUENCES + 1;
    if (RETAIN_SEQUENCES === 0 || below <= decisions.oldestSequence || this.retaining) return;
    this.retaining = true;
    failStop(async () => decisions.dropBelow(below), onHalted)().then(
      () => {
        this.retaining = false;
        this.current.host.retained(toSequence(decisions.oldestSequence));
      },
      () => undefined,
    );
  }

  /** A key that cannot be used keeps this node from voting with it, not from following. */
  private lookForNextKey(): void {
    const { identity, logger } = this.options;
    try {
      identity.keys.look();
    } catch (error) {
      logger.error({ err: error }, 'the next key cannot be used');
    }
  }

  private reign(tenure: Tenure, recovered: Recovered, earlier?: Earlier): Reign {
    const { identity, settings, folder, bus, metrics, logger, onHalted } = this.options;
    const { committee, self, replica, opener, seal } = tenure;
    const { proposals, totals, traffic } = this;
    const failedViews = new FailedViews(committee.table.baseSequence);
    const host = new ReplicaHost({
      replica,
      committee,
      epochs: this.epochs,
      self,
      open(bytes) {
        const message = opener.open(bytes);
        if (!isRejection(message)) noteEnvelopes(proposals, message);
        return message;
      },
      seal,
      log: folder.voteLog,
      decisions: this.storedDecisions,
      network: this.network,
      clock: systemClock,
      observer: observeHost({
        nodeId: this.nodeId,
        swarm: identity.genesis.swarm,
        committee,
        metrics,
        traffic,
        failedViews,
        monotonicMs: () => systemClock.monotonicMs(),
        proposals,
        totals,
        gateway: () => this.gateway,
        publish: (subject, bytes) => void bus.publish(subject, bytes),
        logger,
        onStable: (sequence) => this.retain(sequence),
        onChangeDecided: () => (this.changeDecidedMs ??= systemClock.monotonicMs()),
        onEpochEnded: (change) => this.succeed(change),
        onHalted,
      }),
      config: { groupCommit: settings.local.GROUP_COMMIT },
      recovered,
    });
    const watch = new SwarmWatch(
      () => replica.state(),
      () => systemClock.now(),
      {
        committee,
        self,
        silenceMaxMs: silenceMaxMs(settings.replica),
        lagMax: Math.max(LAG_MIN, committee.table.windowSize),
      },
      earlier,
    );
    if (folder.decisions.oldestSequence > 1) host.retained(toSequence(folder.decisions.oldestSequence));
    return { tenure, host, watch, failedViews };
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
