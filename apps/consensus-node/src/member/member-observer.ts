import { type CommittedBlock } from '@concordat/consensus';
import { type Committee, type EngineName, noOutcomes, OUTCOME_NAMES, subjectsOf } from '@concordat/protocol';
import { DURATION_UNKNOWN, encodeEvidence } from '@concordat/records';
import { type DecidedTotals, type Gateway, type HostObserver, type Proposals } from '@concordat/replica-host';
import { type NodeMetrics } from '@concordat/telemetry';
import { type FailedViews } from './failed-views';
import { SparseLog } from './sparse-log';
import { type TrafficCounts } from './traffic-counts';

/** A logger as the member uses it. A pino logger is one. */
export interface MemberLogger {
  info(fields: Readonly<Record<string, unknown>>, message: string): void;
  warn(fields: Readonly<Record<string, unknown>>, message: string): void;
  error(fields: Readonly<Record<string, unknown>>, message: string): void;
}

/** Who is told of what the host does. */
export interface ObserverOptions {
  readonly nodeId: string;
  readonly swarm: string;
  /** Of the epoch that the host is in. */
  readonly committee: Committee;
  readonly onStable: NonNullable<HostObserver['stable']>;
  /** A change of the member table was decided. */
  readonly onChangeDecided: () => void;
  readonly onEpochEnded: NonNullable<HostObserver['epochEnded']>;
  readonly metrics: NodeMetrics;
  readonly traffic: TrafficCounts;
  readonly failedViews: FailedViews;
  /** A clock that never goes back, in milliseconds. */
  readonly monotonicMs: () => number;
  readonly proposals: Proposals;
  readonly totals: DecidedTotals;
  /** Late: the gateway hands in at the host that this observes. */
  readonly gateway: () => Gateway;
  /** Publishes an event for whoever watches; best effort. */
  readonly publish: (subject: string, bytes: Uint8Array) => void;
  readonly logger: MemberLogger;
  readonly onHalted: NonNullable<HostObserver['halted']>;
}

const utf8 = new TextEncoder();
/** With HotStuff a member that is down costs views again and again, several a second: so many lines nobody reads. */
const FAILED_VIEW_LINES_MS: Readonly<Record<EngineName, number>> = { pbft: 0, hotstuff: 10_000 };

/** Joins the host to metrics, waiting callers and watchers. Costs O(envelopes) for a block, and no JSON of what is in it. */
export function observeHost(options: ObserverOptions): HostObserver {
  const { nodeId, committee, metrics, traffic, proposals, totals, logger } = options;
  const subjects = subjectsOf(options.swarm);
  const decidedSubject = subjects.event('decided');
  const viewSubject = subjects.event('view');
  const evidenceSubject = subjects.threat(nodeId, 'evidence');
  const tell = (subject: string, event: Readonly<Record<string, unknown>>): void =>
    options.publish(subject, utf8.encode(JSON.stringify({ node_id: nodeId, ...event })));
  const viewLinesMs = FAILED_VIEW_LINES_MS[committee.table.engine];
  const enteredLog = new SparseLog((fields) => logger.info(fields, 'entered view'), viewLinesMs, options.monotonicMs);
  const leftLog = new SparseLog((fields) => logger.warn(fields, 'left view'), viewLinesMs, options.monotonicMs);

  const measure = (block: CommittedBlock, durationsMs: readonly number[]): number => {
    metrics.consensusRounds.inc();
    for (const duration of durationsMs) if (duration !== DURATION_UNKNOWN) metrics.latencyMs.observe(duration);
    const counts = noOutcomes();
    for (const outcome of block.outcomes) {
      const name = OUTCOME_NAMES[outcome];
      if (name !== undefined) counts[name]++;
    }
    for (const name of OUTCOME_NAMES) if (counts[name] > 0) metrics.requests.inc(name, counts[name]);
    if (block.outcomes.length > 0) metrics.batchRequests.observe(block.outcomes.length);
    return counts.decided;
  };

  return {
    committed(block, durationsMs) {
      const decided = measure(block, durationsMs);
      options.failedViews.onDecided(block.sequence, block.certificate.view);
      if (block.changes.some(({ accepted }) => accepted)) options.onChangeDecided();
      totals.onCommitted(block);
      options.gateway().onCommitted(block);
      proposals.onCommitted(block, durationsMs);
      tell(decidedSubject, {
        sequence: block.sequence,
        view: block.certificate.view,
        digest: block.certificate.digest,
        head_digest: block.headDigest,
        log_time: block.logTime,
        requests: block.outcomes.length,
        decided,
      });
    },
    viewEntered(view, leader) {
      const leaderNode = committee.member(leader)?.nodeId;
      options.failedViews.onFailed();
      enteredLog.line({ view, leader: leaderNode });
      tell(viewSubject, { view, leader_node: leaderNode });
    },
    viewLeft(view, reason) {
      metrics.viewChanges.inc();
      leftLog.line({ view, leader: committee.member(committee.leaderOf(view))?.nodeId, reason });
    },
    accused(evidence) {
      metrics.detections.inc(evidence.kind);
      const accused = committee.member(evidence.accused)?.nodeId;
      logger.warn({ accused, kind: evidence.kind }, 'proof of misbehaviour');
      options.publish(evidenceSubject, encodeEvidence(evidence));
    },
    rejected({ code }) {
      traffic.rejections[code]++;
    },
    overflowed(lane) {
      traffic.overflows[lane]++;
    },
    received(kind, bytes) {
      traffic.received[kind]++;
      traffic.receivedBytes[kind] += bytes;
    },
    sent(kind, bytes) {
      traffic.sent[kind]++;
      traffic.sentBytes[kind] += bytes;
    },
    synced(durationMs) {
      metrics.fsyncDurationMs.observe(durationMs);
    },
    rotated(durationMs) {
      logger.info({ duration_ms: Math.round(durationMs) }, 'began a new file of the vote log');
    },
    installed({ from, sequence, totalDecided, envelopes }) {
      metrics.snapshotsInstalled.inc();
      metrics.gapSequences.inc(sequence - from + 1);
      totals.onInstalled(sequence, totalDecided);
      // They were ordered elsewhere: what became of them is with the members that have the decisions.
      for (const { id } of envelopes) proposals.drop(id);
      logger.info({ from, through: sequence }, 'took over a state in place of decisions');
    },
    stable: options.onStable,
    epochEnded: options.onEpochEnded,
    halted: options.onHalted,
  };
}
