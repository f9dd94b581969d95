import { DEFAULT_REPLICA_CONFIG } from '@concordat/consensus';
import { isId } from '@concordat/protocol';
import { LOG_LEVELS } from '@concordat/telemetry';
import { z } from 'zod';

const integer = (min: number, max: number) => {
  const message = `must be an integer from ${min} to ${max}`;
  return z
    .string()
    .regex(/^-?\d{1,16}$/, message)
    .transform(Number)
    .pipe(z.number(message).int(message).min(min, message).max(max, message));
};
const flag = z.enum(['true', 'false'], 'must be true or false').transform((text) => text === 'true');
const oneOf = <const T extends readonly [string, ...string[]]>(...values: T) =>
  z.enum(values, `must be one of ${values.join(', ')}`);
const path = z.string();

const DAY_MS = 86_400_000;
const { phaseTimeoutMs, viewChangeTimeoutMs, viewChangeTimeoutMaxMs, statusIntervalMs } = DEFAULT_REPLICA_CONFIG;
const { batchSize, pipelineDepth, eagerDepth, poolEnvelopesMax, poolBytesMax, snapshotGap } = DEFAULT_REPLICA_CONFIG;

/** Settings that have no default. */
export const REQUIRED = {
  /** This member's name in the genesis. */
  NODE_ID: z.string().refine(isId, 'must be [A-Za-z0-9_-]{1,63}'),
  /** Folder of vote log, decisions and gateway counter. */
  DATA_DIR: path,
  GENESIS_FILE: path,
  /** Readable by its owner only. */
  KEY_FILE: path,
};

/** Settings of this member alone: none of them matters for safety. */
export const LOCAL = {
  /** `nats://[user:password@]host:port`, or several with commas. */
  NATS_URL: z.string().regex(/^\S+$/, 'must be an address such as nats://127.0.0.1:4222'),
  HTTP_HOST: z.string().regex(/^[A-Za-z0-9.:_-]+$/, 'must be an address or a name'),
  /** 0: any free one. */
  HTTP_PORT: integer(0, 65_535),
  /** Longest wait of a known request without its execution before VIEW-CHANGE. */
  PHASE_TIMEOUT_MS: integer(10, DAY_MS),
  /** Longest wait for NEW-VIEW; doubles with each failed view. */
  VIEW_CHANGE_TIMEOUT_MS: integer(10, DAY_MS),
  VIEW_CHANGE_TIMEOUT_MAX_MS: integer(10, DAY_MS),
  /** Between two heartbeats. */
  STATUS_INTERVAL_MS: integer(10, 60_000),
  /** Between two heartbeats while nothing is under way or the member moves on; 0: no difference is made. */
  IDLE_STATUS_INTERVAL_MS: integer(0, 60_000),
  /** Between two pings of the broker; after two without an answer the connection counts as lost. */
  NATS_PING_INTERVAL_MS: integer(100, 600_000),
  /** How finely the lag of the event loop is measured: as often the process wakes up for it. */
  EVENT_LOOP_SAMPLE_MS: integer(10, 60_000),
  /** Whether messages to other members are compressed. Everybody understands those that are. */
  COMPRESSION_ENABLED: flag,
  /** Smaller messages are not. */
  COMPRESSION_MIN_BYTES: integer(64, 1 << 20),
  /** What PROFILE=edge says, below what another profile says. */
  EDGE_OPTIMIZED: flag,
  /** Requests in one batch. */
  BATCH_SIZE: integer(1, 10_000),
  /** Proposed and not yet executed sequences. */
  PIPELINE_DEPTH: integer(1, 1 << 17),
  /** Of these, how many are opened however little there is to order; further ones for full batches only. */
  EAGER_DEPTH: integer(1, 1 << 17),
  POOL_ENVELOPES_MAX: integer(1, 1_000_000),
  POOL_BYTES_MAX: integer(1 << 20, 2 ** 34),
  /** More decisions than this behind, a member fetches a whole state instead. */
  SNAPSHOT_GAP: integer(1, 2 ** 32),
  /** Decisions that are kept below the stable checkpoint, at least; 0 keeps all. */
  RETAIN_SEQUENCES: integer(0, 2 ** 52),
  /** The genesis does not name this node with this key: it joined later, or its key was rotated. Until then it follows. */
  JOIN: flag,
  /** Key that the member changes to, once the epoch's table names it. Its file may come while the member runs. */
  NEXT_KEY_FILE: path,
  /** Whether the vote log is synced beside the event loop, or once per turn of it. */
  GROUP_COMMIT: oneOf('async', 'sync'),
  LOG_LEVEL: oneOf(...LOG_LEVELS),
  /** Lines for people instead of JSON. */
  LOG_PRETTY: flag,
};

/** What members share stands in the genesis: here it can only be compared. */
export const COMPARED = {
  TOTAL_NODES: integer(1, 1024),
  BYZANTINE_THRESHOLD: integer(0, 341),
  CONSENSUS_PROTOCOL: z.string(),
  WEIGHTED_VOTING: flag,
  REQUIRE_SIGNATURES: flag,
  ENABLE_CRYPTO: flag,
};

/** Name of a setting with a value of its own. */
export type LocalName = keyof typeof LOCAL;

/** What LOCAL settings are when nothing is said, as text. */
export const DEFAULTS: Readonly<Record<LocalName, string>> = {
  NATS_URL: 'nats://127.0.0.1:4222',
  HTTP_HOST: '127.0.0.1',
  HTTP_PORT: '8002',
  PHASE_TIMEOUT_MS: String(phaseTimeoutMs),
  VIEW_CHANGE_TIMEOUT_MS: String(viewChangeTimeoutMs),
  VIEW_CHANGE_TIMEOUT_MAX_MS: String(viewChangeTimeoutMaxMs),
  STATUS_INTERVAL_MS: String(statusIntervalMs),
  IDLE_STATUS_INTERVAL_MS: '0',
  NATS_PING_INTERVAL_MS: '5000',
  EVENT_LOOP_SAMPLE_MS: '10',
  COMPRESSION_ENABLED: 'false',
  COMPRESSION_MIN_BYTES: '256',
  EDGE_OPTIMIZED: 'false',
  BATCH_SIZE: String(batchSize),
  PIPELINE_DEPTH: String(pipelineDepth),
  EAGER_DEPTH: String(eagerDepth),
  POOL_ENVELOPES_MAX: String(poolEnvelopesMax),
  POOL_BYTES_MAX: String(poolBytesMax),
  SNAPSHOT_GAP: String(snapshotGap),
  RETAIN_SEQUENCES: '0',
  JOIN: 'false',
  NEXT_KEY_FILE: '',
  GROUP_COMMIT: 'async',
  LOG_LEVEL: 'info',
  LOG_PRETTY: 'false',
};

/** Several settings under one name. A setting that is given itself wins. */
export const PROFILES: Readonly<Record<string, Partial<Record<LocalName, string>>>> = {
  'low-latency': {
    BATCH_SIZE: '100',
    PIPELINE_DEPTH: '16',
    EAGER_DEPTH: '4',
    PHASE_TIMEOUT_MS: '300',
    GROUP_COMMIT: 'sync',
  },
  'high-throughput': {
    BATCH_SIZE: '1000',
    PHASE_TIMEOUT_MS: '2000',
    VIEW_CHANGE_TIMEOUT_MS: '2000',
    VIEW_CHANGE_TIMEOUT_MAX_MS: '16000',
    POOL_ENVELOPES_MAX: '50000',
    POOL_BYTES_MAX: String(2 * poolBytesMax),
  },
  edge: {
    STATUS_INTERVAL_MS: '250',
    IDLE_STATUS_INTERVAL_MS: '500',
    PHASE_TIMEOUT_MS: '2000',
    VIEW_CHANGE_TIMEOUT_MS: '2000',
    VIEW_CHANGE_TIMEOUT_MAX_MS: '16000',
    NATS_PING_INTERVAL_MS: '15000',
    EVENT_LOOP_SAMPLE_MS: '1000',
    COMPRESSION_ENABLED: 'true',
    BATCH_SIZE: '100',
    PIPELINE_DEPTH: '4',
    POOL_ENVELOPES_MAX: '2000',
    POOL_BYTES_MAX: String(poolBytesMax / 8),
  },
};

/** Known settings whose feature is not built. Asking for one is refused, never ignored; that it be off is granted. */
export const NOT_BUILT: readonly string[] = [
  'REPUTATION_ENABLED',
  'ENABLE_REPUTATION',
  'REPUTATION_VOTING',
  'REPUTATION_DECAY',
  'MIN_REPUTATION',
  'INITIAL_REPUTATION',
  'LEADER_ROTATION',
];

/** Parsed settings. */
export type LocalSettings = { readonly [K in keyof typeof REQUIRED]: z.output<(typeof REQUIRED)[K]> } & {
  readonly [K in LocalName]: z.output<(typeof LOCAL)[K]>;
};

/** Parsed settings that are only compared; absent where nothing was said. */
export type ComparedSettings = { readonly [K in keyof typeof COMPARED]?: z.output<(typeof COMPARED)[K]> };
