import {
  MESSAGE_KINDS,
  type MessageKind,
  OUTCOME_NAMES,
  type OutcomeName,
  REJECTION_CODES,
  type RejectionCode,
} from '@concordat/protocol';
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';
import { ClosedCounter, ClosedGauge } from './closed-counter';

/** What became of a request: `decided` in the log; `duplicate` of one decided before; past its deadline; `refused` a place; `invalid`, asking for a change that may not be. */
export const REQUEST_OUTCOMES = OUTCOME_NAMES;
/** One of REQUEST_OUTCOMES. */
export type RequestOutcome = OutcomeName;

/** What a replica itself can prove (Spec §8). Who detects more passes its own kinds to createMetrics. */
export const DETECTION_KINDS = ['equivocation', 'contradictory-new-view'] as const;

/** Lanes of a replica's inbox. */
export const QUEUE_LANES = ['consensus', 'client'] as const;
/** One of QUEUE_LANES. */
export type QueueLane = (typeof QUEUE_LANES)[number];

/** Why the bus dropped a message instead of sending it. */
export const BUS_DROP_REASONS = ['disconnected', 'overflow'] as const;
/** One of BUS_DROP_REASONS. */
export type BusDropReason = (typeof BUS_DROP_REASONS)[number];

const KINDS = Object.keys(MESSAGE_KINDS) as MessageKind[];

/** Milliseconds from a request's arrival to its decision: 1 ms to 10 s in steps of about 1.6. */
const LATENCY_BUCKETS_MS = [
  1, 1.5, 2, 3, 5, 8, 13, 20, 30, 50, 80, 130, 200, 300, 500, 800, 1_300, 2_000, 3_000, 5_000, 10_000,
];
const FSYNC_BUCKETS_MS = [0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000];
const EPOCH_CHANGE_BUCKETS_MS = [100, 200, 300, 500, 700, 1_000, 1_500, 2_000, 5_000, 10_000, 30_000];
const EVENT_LOOP_SAMPLE_MS = 10;
const BATCH_BUCKETS = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000];

/** Options of createMetrics. */
export interface MetricsOptions<Detection extends string> {
  /** Kinds of `byzantine_detections`. Default DETECTION_KINDS. */
  readonly detectionKinds?: readonly Detection[];
  /** Whether to add the process's own metrics: memory, CPU, event-loop lag, garbage collection. Default true. */
  readonly processMetrics?: boolean;
  /** Milliseconds between two looks at the event loop's lag, each of which wakes the process. Default 10. */
  readonly eventLoopSampleMs?: number;
}

/** Metrics of a consensus node. Every series is there from the start, with 0. */
export type NodeMetrics<Detection extends string = string> = ReturnType<typeof createMetrics<Detection>>;

function counterOf(registry: Registry) {
  return (name: string, help: string): Counter => new Counter({ name, help, registers: [registry] });
}

function gaugeOf(registry: Registry) {
  return (name: string, help: string): Gauge => new Gauge({ name, help, registers: [registry] });
}

function histogramOf(registry: Registry) {
  return (name: string, help: string, buckets: number[]): Histogram =>
    new Histogram({ name, help, buckets, registers: [registry] });
}

/**
 * Creates the metrics of one node in `registry`, never in prom-client's global one: several nodes may share a process.
 * Throws when the registry has them already.
 */
export function createMetrics<Detection extends string = (typeof DETECTION_KINDS)[number]>(
  registry: Registry = new Registry(),
  options: MetricsOptions<Detection> = {},
) {
  const [counter, gauge, histogram] = [counterOf(registry), gaugeOf(registry), histogramOf(registry)];
  const detectionKinds = options.detectionKinds ?? (DETECTION_KINDS as readonly string[] as readonly Detection[]);
  const closed = <Value extends string>(name: string, help: string, label: string, values: readonly Value[]) =>
    new ClosedCounter(registry, { name, help, label, values });
  const samplers: (() => void)[] = [];
  if (options.processMetrics ?? true) {
    const { eventLoopSampleMs = EVENT_LOOP_SAMPLE_MS } = options;
    collectDefaultMetrics({ register: registry, eventLoopMonitoringPrecision: eventLoopSampleMs });
  }

  return {
    registry,
    consensusRounds: counter(
      'byzantine_consensus_rounds',
      'Sequences that this node has seen decided, those that order nothing among them.',
    ),
    detections: closed('byzantine_detections', 'Proofs of misbehaviour found, by kind.', 'kind', detectionKinds),
    viewChanges: counter('byzantine_view_changes', 'Views that this node has given up.'),
    latencyMs: histogram(
      'consensus_latency_ms',
      'Milliseconds from the arrival of a request at this node to its decision.',
      LATENCY_BUCKETS_MS,
    ),
    rejections: closed<RejectionCode>(
      'consensus_rejections_total',
      'Messages and requests refused, by code.',
      'code',
      REJECTION_CODES,
    ),
    messagesReceived: closed('consensus_messages_received_total', 'Messages received, by kind.', 'kind', KINDS),
    messagesSent: closed('consensus_messages_sent_total', 'Messages sent, by kind; a broadcast is one.', 'kind', KINDS),
    bytesReceived: closed('consensus_received_bytes_total', 'Bytes of messages received, by kind.', 'kind', KINDS),
    bytesSent: closed('consensus_sent_bytes_total', 'Bytes of messages sent, by kind.', 'kind', KINDS),
    requests: closed<RequestOutcome>(
      'consensus_requests_total',
      'Requests, by what became of them.',
      'outcome',
      REQUEST_OUTCOMES,
    ),
    inboxOverflows: closed<QueueLane>(
      'consensus_inbox_overflows_total',
      "Messages dropped because their sender's share of a lane of the inbox was full.",
      'lane',
      QUEUE_LANES,
    ),
    poolRequests: gauge('consensus_pool_requests', 'Requests in the pool, waiting for a decision.'),
    queueDepth: new ClosedGauge<QueueLane>(registry, {
      name: 'consensus_queue_depth',
      help: 'Events waiting in the inbox, by lane.',
      label: 'lane',
      values: QUEUE_LANES,
    }),
    batchRequests: histogram('consensus_batch_requests', 'Requests per decided batch.', BATCH_BUCKETS),
    fsyncDurationMs: histogram(
      'storage_fsync_duration_ms',
      'Milliseconds that one group commit of the vote log took.',
      FSYNC_BUCKETS_MS,
    ),
    view: gauge('consensus_view', 'The view that this node is in.'),
    executedSequence: gauge('consensus_executed_sequence', 'The last sequence that this node has executed.'),
    stableSequence: gauge('consensus_stable_sequence', 'The sequence of the last stable checkpoint.'),
    oldestSequence: gauge(
      'consensus_oldest_sequence',
      'The oldest sequence from which on this node has all decisions.',
    ),
    epoch: gauge('consensus_epoch', 'The epoch that this node is in.'),
    epochChangeMs: histogram(
      'consensus_epoch_change_ms',
      'Milliseconds from the decision of a change of members to the beginning of its epoch at this node.',
      EPOCH_CHANGE_BUCKETS_MS,
    ),
    snapshotsInstalled: counter('consensus_snapshots_installed_total', 'States taken over in place of decisions.'),
    gapSequences: counter(
      'consensus_gap_sequences_total',
      'Sequences whose decisions never came: a state was taken over.',
    ),
    snapshotChunks: gauge(
      'consensus_snapshot_chunks',
      'Verified chunks of the state that is being fetched; 0 for none.',
    ),
    snapshotChunksInAll: gauge(
      'consensus_snapshot_chunks_in_all',
      'Chunks of the state that is being fetched; 0 for none.',
    ),
    busDrops: closed<BusDropReason>(
      'bus_dropped_messages_total',
      'Messages dropped instead of being sent, by reason.',
      'reason',
      BUS_DROP_REASONS,
    ),
    /** Calls `sampler` before each scrape: for gauges that nobody needs in between. */
    sampleBeforeScrape(sampler: () => void): void {
      samplers.push(sampler);
    },
    /** What `/metrics` answers. */
    async scrape(): Promise<{ readonly contentType: string; readonly body: string }> {
      for (const sampler of samplers) sampler();
      return { contentType: registry.contentType, body: await registry.metrics() };
    },
  };
}
