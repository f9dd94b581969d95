import { type ReplicaConfig } from '@concordat/consensus';
import { type EpochTable } from '@concordat/protocol';
import { type LoadedSettings, type SettingProblem, SettingsError } from './load-settings';
import { type LocalSettings } from './settings';

/** Settings that fit the swarm, and what the engine takes of them. */
export interface NodeSettings {
  readonly local: LocalSettings;
  readonly replica: ReplicaConfig;
}

/** What differs from the genesis, or asks for less than safety (Spec §2). */
function differences(loaded: LoadedSettings, table: EpochTable): SettingProblem[] {
  const { compared } = loaded;
  const shared: readonly [string, unknown, unknown][] = [
    ['TOTAL_NODES', compared.TOTAL_NODES, table.members.length],
    ['BYZANTINE_THRESHOLD', compared.BYZANTINE_THRESHOLD, table.f],
    ['CONSENSUS_PROTOCOL', compared.CONSENSUS_PROTOCOL, table.engine],
    ['WEIGHTED_VOTING', compared.WEIGHTED_VOTING, table.weightedVoting],
  ];
  const problems = shared
    .filter(([, asked, agreed]) => asked !== undefined && asked !== agreed)
    .map(([key, asked, agreed]) => ({ key, message: `is ${String(asked)}, the genesis says ${String(agreed)}` }));
  for (const key of ['REQUIRE_SIGNATURES', 'ENABLE_CRYPTO'] as const) {
    if (compared[key] === false) problems.push({ key, message: 'is false: every message of a swarm is signed' });
  }
  return problems;
}

/** A given setting beyond the table's bound is a problem; one that nobody asked for is cut to it. */
function bounded(
  loaded: LoadedSettings,
  name: 'BATCH_SIZE' | 'PIPELINE_DEPTH',
  bound: number,
  what: string,
  problems: SettingProblem[],
): number {
  const value = loaded.settings[name] ?? bound;
  if (value > bound && loaded.given.has(name))
    problems.push({ key: name, message: `must be at most ${bound}, ${what} in the genesis` });
  return Math.min(value, bound);
}

/** Of the heartbeats of a member that hears nobody, so many must be missed before it could leave a view for it. */
const IDLE_INTERVALS_MIN = 3;

/** The idle interval, so that what counts as silence stays shorter than the wait for a leader. Undefined for none. */
function idleInterval({ settings, given }: LoadedSettings, problems: SettingProblem[]): number | undefined {
  const {
    IDLE_STATUS_INTERVAL_MS: asked = 0,
    PHASE_TIMEOUT_MS: phase = Infinity,
    STATUS_INTERVAL_MS: busy = 0,
  } = settings;
  const most = Math.ceil(phase / IDLE_INTERVALS_MIN) - 1;
  if (asked > most && given.has('IDLE_STATUS_INTERVAL_MS'))
    problems.push({
      key: 'IDLE_STATUS_INTERVAL_MS',
      message: `must be less than a third of PHASE_TIMEOUT_MS, ${phase}`,
    });
  const idle = Math.min(asked, most);
  return idle > busy ? idle : undefined;
}

/**
 * Compares settings with the genesis. `table` is undefined when the genesis could not be read, which is among
 * `readProblems`. Throws a SettingsError that names every problem found so far.
 */
export function settleSettings(
  loaded: LoadedSettings,
  table: EpochTable | undefined,
  readProblems: readonly SettingProblem[],
): NodeSettings {
  const problems = [...loaded.problems, ...readProblems];
  let [batchSize, pipelineDepth] = [0, 0];
  if (table !== undefined) {
    problems.push(...differences(loaded, table));
    batchSize = bounded(loaded, 'BATCH_SIZE', table.batchRequestsMax, 'batch_requests_max', problems);
    pipelineDepth = bounded(loaded, 'PIPELINE_DEPTH', table.windowSize, 'window_size', problems);
  }
  const idleStatusIntervalMs = idleInterval(loaded, problems);
  if (problems.length > 0) throw new SettingsError(problems);
  const local = loaded.settings as LocalSettings;
  return {
    local,
    replica: {
      phaseTimeoutMs: local.PHASE_TIMEOUT_MS,
      viewChangeTimeoutMs: local.VIEW_CHANGE_TIMEOUT_MS,
      viewChangeTimeoutMaxMs: local.VIEW_CHANGE_TIMEOUT_MAX_MS,
      statusIntervalMs: local.STATUS_INTERVAL_MS,
      ...(idleStatusIntervalMs === undefined ? {} : { idleStatusIntervalMs }),
      batchSize,
      pipelineDepth,
      eagerDepth: local.EAGER_DEPTH,
      poolEnvelopesMax: local.POOL_ENVELOPES_MAX,
      poolBytesMax: local.POOL_BYTES_MAX,
      snapshotGap: local.SNAPSHOT_GAP,
    },
  };
}
