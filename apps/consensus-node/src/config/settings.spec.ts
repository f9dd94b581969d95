import { createEpochTable, type EpochTable, nodeId } from '@concordat/protocol';
import { type Environment, loadSettings, SettingsError } from './load-settings';
import { type NodeSettings, settleSettings } from './swarm-settings';

const table: EpochTable = createEpochTable({
  members: [1, 2, 3, 4].map((i) => ({ nodeId: nodeId(`n${i}`), publicKey: new Uint8Array(32).fill(i), weight: 1 })),
});
const needed = { NODE_ID: 'n1', DATA_DIR: '/d', GENESIS_FILE: '/g.json', KEY_FILE: '/k.json' };

function settle(env: Environment, file?: string): NodeSettings {
  const read = (path: string): string => {
    if (file === undefined) throw new Error(`no ${path}`);
    return file;
  };
  return settleSettings(
    loadSettings({ ...(file === undefined ? {} : { CONFIG_FILE: 'c.json' }), ...env }, read),
    table,
    [],
  );
}

function problemsOf(env: Environment, file?: string): string[] {
  try {
    settle(env, file);
    return [];
  } catch (error) {
    if (!(error instanceof SettingsError)) throw error;
    for (const { key, message } of error.problems) expect(error.message).toContain(`${key} ${message}`);
    return error.problems.map(({ key }) => key);
  }
}

describe('settings', () => {
  it('have defaults', () => {
    const { local, replica } = settle(needed);
    expect(local).toMatchObject({
      ...needed,
      NATS_URL: 'nats://127.0.0.1:4222',
      HTTP_HOST: '127.0.0.1',
      HTTP_PORT: 8002,
      LOG_LEVEL: 'info',
      LOG_PRETTY: false,
      GROUP_COMMIT: 'async',
    });
    expect(replica).toEqual({
      phaseTimeoutMs: 500,
      viewChangeTimeoutMs: 1000,
      viewChangeTimeoutMaxMs: 4000,
      statusIntervalMs: 100,
      batchSize: 500,
      pipelineDepth: 8,
      eagerDepth: 1,
      poolEnvelopesMax: 20_000,
      snapshotGap: 5000,
      poolBytesMax: 32 * 1024 * 1024,
    });
  });

  it('come from the file, and from the environment before it', () => {
    const file = JSON.stringify({ phase_timeout_ms: 700, batch_size: '20', log_pretty: true, node_id: 'other' });
    const { local, replica } = settle({ ...needed, BATCH_SIZE: '30' }, file);
    expect([local.NODE_ID, local.LOG_PRETTY]).toEqual(['n1', true]);
    expect([replica.phaseTimeoutMs, replica.batchSize]).toEqual([700, 30]);
  });

  it('that are empty are not set', () => {
    expect(
      settle({ ...needed, PHASE_TIMEOUT_MS: '', PROFILE: '', TOTAL_NODES: '', CONFIG_FILE: '' }).replica.phaseTimeoutMs,
    ).toBe(500);
  });

  it.each([
    ['low-latency', {}, { batchSize: 100, pipelineDepth: 16, eagerDepth: 4, phaseTimeoutMs: 300 }],
    ['low-latency', { BATCH_SIZE: '7' }, { batchSize: 7, pipelineDepth: 16 }],
    ['high-throughput', {}, { batchSize: 1000, phaseTimeoutMs: 2000, viewChangeTimeoutMaxMs: 16000 }],
    ['high-throughput', { PHASE_TIMEOUT_MS: '900' }, { phaseTimeoutMs: 900, batchSize: 1000 }],
  ])('of the profile %s give way to those that are given: %p', (PROFILE, given, expected) => {
    expect(settle({ ...needed, PROFILE, ...given }).replica).toMatchObject(expected);
  });

  it.each([{ PROFILE: 'edge' }, { EDGE_OPTIMIZED: 'true' }])('for small devices: %p', (env) => {
    const { local, replica } = settle({ ...needed, ...env });
    expect(local).toMatchObject({ COMPRESSION_ENABLED: true, NATS_PING_INTERVAL_MS: 15_000 });
    expect(replica).toMatchObject({ statusIntervalMs: 250, idleStatusIntervalMs: 500, batchSize: 100 });
    expect(settle(needed).replica).not.toHaveProperty('idleStatusIntervalMs');
    expect(settle({ ...needed, ...env, COMPRESSION_ENABLED: 'false' }).local.COMPRESSION_ENABLED).toBe(false);
  });

  it('for small devices stand below those of another profile, and silence stays shorter than the wait for a leader', () => {
    const { local, replica } = settle({ ...needed, EDGE_OPTIMIZED: 'true', PROFILE: 'low-latency' });
    expect(local).toMatchObject({ COMPRESSION_ENABLED: true, GROUP_COMMIT: 'sync' });
    // A third of 300 ms is less than the interval of a busy member: there is no other then.
    expect(replica).toMatchObject({ pipelineDepth: 16, phaseTimeoutMs: 300 });
    expect(replica).not.toHaveProperty('idleStatusIntervalMs');
    const given = { IDLE_STATUS_INTERVAL_MS: '500', PHASE_TIMEOUT_MS: '1500' };
    expect(problemsOf({ ...needed, ...given })).toEqual(['IDLE_STATUS_INTERVAL_MS']);
    const asked = { ...needed, EDGE_OPTIMIZED: 'true', PHASE_TIMEOUT_MS: '1000' };
    expect(settle(asked).replica.idleStatusIntervalMs).toBe(333);
  });

  it("of a profile or a default are cut to the swarm's bounds, given ones are refused", () => {
    const small = { ...table, batchRequestsMax: 50 };
    const settleIn = (env: Environment): NodeSettings =>
      settleSettings(
        loadSettings(env, () => ''),
        small,
        [],
      );
    expect(settleIn(needed).replica.batchSize).toBe(50);
    expect(settleIn({ ...needed, PROFILE: 'high-throughput' }).replica.batchSize).toBe(50);
    expect(() => settleIn({ ...needed, BATCH_SIZE: '51' })).toThrow('BATCH_SIZE must be at most 50');
  });

  const bad: readonly [string, Environment][] = [
    ['NODE_ID', { NODE_ID: 'a.b' }],
    ['NODE_ID', { NODE_ID: '' }],
    ['HTTP_PORT', { HTTP_PORT: '65536' }],
    ['HTTP_PORT', { HTTP_PORT: '80.5' }],
    ['HTTP_HOST', { HTTP_HOST: 'a b' }],
    ['NATS_URL', { NATS_URL: 'not a url' }],
    ['PHASE_TIMEOUT_MS', { PHASE_TIMEOUT_MS: 'soon' }],
    ['PHASE_TIMEOUT_MS', { PHASE_TIMEOUT_MS: '0' }],
    ['PHASE_TIMEOUT_MS', { PHASE_TIMEOUT_MS: '1e3' }],
    ['VIEW_CHANGE_TIMEOUT_MAX_MS', { VIEW_CHANGE_TIMEOUT_MS: '5000' }],
    ['STATUS_INTERVAL_MS', { STATUS_INTERVAL_MS: '-1' }],
    ['BATCH_SIZE', { BATCH_SIZE: '0' }],
    ['PIPELINE_DEPTH', { PIPELINE_DEPTH: '257' }],
    ['EAGER_DEPTH', { EAGER_DEPTH: '0' }],
    ['POOL_ENVELOPES_MAX', { POOL_ENVELOPES_MAX: '0' }],
    ['POOL_BYTES_MAX', { POOL_BYTES_MAX: '1' }],
    ['SNAPSHOT_GAP', { SNAPSHOT_GAP: '0' }],
    ['RETAIN_SEQUENCES', { RETAIN_SEQUENCES: '-1' }],
    ['GROUP_COMMIT', { GROUP_COMMIT: 'never' }],
    ['LOG_LEVEL', { LOG_LEVEL: 'loud' }],
    ['LOG_PRETTY', { LOG_PRETTY: 'yes' }],
    ['PROFILE', { PROFILE: 'toString' }],
    ['TOTAL_NODES', { TOTAL_NODES: '5' }],
    ['BYZANTINE_THRESHOLD', { BYZANTINE_THRESHOLD: '0' }],
    ['CONSENSUS_PROTOCOL', { CONSENSUS_PROTOCOL: 'hotstuff' }],
    ['WEIGHTED_VOTING', { WEIGHTED_VOTING: 'true' }],
    ['REQUIRE_SIGNATURES', { REQUIRE_SIGNATURES: 'false' }],
    ['ENABLE_CRYPTO', { ENABLE_CRYPTO: 'false' }],
    ['EDGE_OPTIMIZED', { EDGE_OPTIMIZED: 'yes' }],
    ['COMPRESSION_ENABLED', { COMPRESSION_ENABLED: '1' }],
    ['COMPRESSION_MIN_BYTES', { COMPRESSION_MIN_BYTES: '63' }],
    ['IDLE_STATUS_INTERVAL_MS', { IDLE_STATUS_INTERVAL_MS: '-1' }],
    ['NATS_PING_INTERVAL_MS', { NATS_PING_INTERVAL_MS: '0' }],
    ['EVENT_LOOP_SAMPLE_MS', { EVENT_LOOP_SAMPLE_MS: '9' }],
    ['REPUTATION_DECAY', { REPUTATION_DECAY: '0.5' }],
    ['REPUTATION_WHATEVER', { REPUTATION_WHATEVER: '1' }],
    ['MIN_REPUTATION', { MIN_REPUTATION: '0.1' }],
    ['CONFIG_FILE', { CONFIG_FILE: '/nowhere.json' }],
  ];
  it.each(bad)('are refused: %s with %p', (key, env) => {
    expect(problemsOf({ ...needed, ...env })).toEqual([key]);
  });

  it.each([
    ['no JSON', '{', ['CONFIG_FILE']],
    ['a list', '[]', ['CONFIG_FILE']],
    ['an unknown name', '{"batchsize": 1}', ['batchsize (in c.json)']],
    ['upper case', '{"BATCH_SIZE": 1}', ['BATCH_SIZE (in c.json)']],
    ['an object', '{"batch_size": {}}', ['batch_size (in c.json)']],
    ['a bad value', '{"batch_size": "many"}', ['batch_size (in c.json)']],
    ['what is not built', '{"min_reputation": 0.1}', ['min_reputation (in c.json)']],
  ])('are refused in a file with %s', (_, file, keys) => {
    expect(problemsOf(needed, file)).toEqual(keys);
  });

  it('that agree with the genesis, and what is off anyway, are granted', () => {
    const agreed = { TOTAL_NODES: '4', BYZANTINE_THRESHOLD: '1', CONSENSUS_PROTOCOL: 'pbft', WEIGHTED_VOTING: 'false' };
    const off = {
      REPUTATION_ENABLED: 'false',
      EDGE_OPTIMIZED: 'false',
      COMPRESSION_ENABLED: 'false',
      REQUIRE_SIGNATURES: 'true',
      ENABLE_CRYPTO: 'true',
    };
    expect(problemsOf({ ...needed, ...agreed, ...off, HOME: '/root', NODE_ENV: 'production' })).toEqual([]);
  });

  it('that are wrong are all named in one message', () => {
    const keys = bad.map(([key]) => key);
    const all = Object.assign({}, ...bad.map(([, env]) => env)) as Environment;
    expect(new Set(problemsOf({ ...all, NODE_ID: 'a.b' }))).toEqual(
      new Set([...keys, 'DATA_DIR', 'GENESIS_FILE', 'KEY_FILE']),
    );
  });
});
