/** Local settings of an engine. None of them may matter for safety. */
export interface ReplicaConfig {
  /** Longest wait of a known request without its execution before VIEW-CHANGE. */
  readonly phaseTimeoutMs: number;
  /** Longest wait for NEW-VIEW once a quorum asked; doubles with each failed view. */
  readonly viewChangeTimeoutMs: number;
  /** Cap of the doubling: a written assumption about the network (Spec §3). */
  readonly viewChangeTimeoutMaxMs: number;
  /** Between two STATUS broadcasts while something is under way. */
  readonly statusIntervalMs: number;
  /**
   * Between two of them while nothing is, or while the member moves on; at least `statusIntervalMs`. Absent: no difference is
   * made. Three of them should be less than `phaseTimeoutMs`, so that whoever hears nobody is not the one to leave a view.
   */
  readonly idleStatusIntervalMs?: number;
  /** Requests in one batch; at most the table's batchRequestsMax. */
  readonly batchSize: number;
  /** Proposed and not yet executed sequences. */
  readonly pipelineDepth: number;
  /** Of these, how many a leader opens however little there is to order; further ones for full batches only. */
  readonly eagerDepth: number;
  readonly poolEnvelopesMax: number;
  readonly poolBytesMax: number;
  /** More decisions than this behind, a member fetches a whole state instead. */
  readonly snapshotGap: number;
}

/** Silence under which a member never counts as out of reach: a busy machine pauses too. */
const SILENCE_MIN_MS = 1_000;
/** Heartbeats that may be lost before a member counts as out of reach. */
const SILENT_INTERVALS_MAX = 10;

type Intervals = Pick<ReplicaConfig, 'statusIntervalMs' | 'idleStatusIntervalMs'>;

/** Longest time between two heartbeats of a member with these settings. */
export const heartbeatMaxMs = ({ statusIntervalMs, idleStatusIntervalMs = 0 }: Intervals): number =>
  Math.max(statusIntervalMs, idleStatusIntervalMs);

/** Silence after which a member counts as out of reach: what STATUS says of others, and what people are shown. */
export const silenceMaxMs = (config: Intervals): number =>
  Math.max(SILENCE_MIN_MS, SILENT_INTERVALS_MAX * heartbeatMaxMs(config));

/** Defaults; `docs/operating.md` says how they were chosen. */
export const DEFAULT_REPLICA_CONFIG: ReplicaConfig = {
  phaseTimeoutMs: 500,
  viewChangeTimeoutMs: 1000,
  viewChangeTimeoutMaxMs: 4000,
  statusIntervalMs: 100,
  batchSize: 500,
  pipelineDepth: 8,
  eagerDepth: 1,
  poolEnvelopesMax: 20_000,
  poolBytesMax: 32 * 1024 * 1024,
  snapshotGap: 5000,
};
