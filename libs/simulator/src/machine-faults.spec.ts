import {
  CALM,
  Cluster,
  PROTOCOL_STEPS,
  quickHash,
  Random,
  settle,
  START,
  Workload,
  type Fault,
  type ScheduleOptions,
} from './index';

/** A calm swarm to which some things happen, while a client asks for a decision every 20 ms. */
function swarmWith(faults: readonly Fault[], options: Partial<ScheduleOptions> = {}): Cluster {
  const cluster = new Cluster(5, { ...CALM, ...options, faults });
  const workload = new Workload(quickHash, new Random(5), cluster.signatures, START, cluster.options.workload);
  cluster.start();
  for (let atMs = 0; atMs < 400; atMs += 20)
    cluster.submit((atMs / 20) % 4, workload.ofClient(atMs, { client: 0, text: String(atMs) }), atMs);
  return cluster;
}

function settled(cluster: Cluster): Cluster {
  settle(cluster);
  expect(cluster.violations).toEqual([]);
  return cluster;
}

describe('faults of machines', () => {
  it('a paused member hears everything that came meanwhile, at once', () => {
    const cluster = swarmWith([{ kind: 'pause', atMs: 50, member: 2, forMs: 200 }]);
    cluster.runUntil(240);
    const behind = cluster.member(2).engine?.state().executed ?? 0;
    expect(cluster.agreement.length).toBeGreaterThan(behind + 3);
    cluster.runUntil(252);
    expect(cluster.member(2).engine?.state().executed).toBeGreaterThan(behind + 3);
    expect(cluster.witness.coverage.hits('pause', 'commit')).toBeGreaterThan(5);
    settled(cluster);
  });

  it('a crash while it is paused ends the pause', () => {
    const cluster = swarmWith([
      { kind: 'pause', atMs: 50, member: 2, forMs: 300 },
      { kind: 'crash', atMs: 100, member: 2, point: 'now', downMs: 50 },
    ]);
    cluster.runUntil(200);
    // It hears what is stable now.
    expect(cluster.member(2).engine?.state().stable).toBe(8);
    settled(cluster);
  });

  it('what a clogged link holds arrives when it is free again', () => {
    const rules = [{ to: [3], delayMs: 'held' as const }];
    const cluster = swarmWith([{ kind: 'network', atMs: 50, forMs: 100, rules }]);
    cluster.runUntil(149);
    expect(cluster.agreement.length).toBeGreaterThan(4);
    expect(cluster.member(3).engine?.state().stable).toBe(0);
    cluster.runUntil(160);
    expect(cluster.member(3).engine?.state().stable).toBe(8);
    expect(cluster.network.stats.lost).toBe(0);
    settled(cluster);
  });

  it('a failed write ends the process before what it promises leaves', () => {
    const cluster = swarmWith([{ kind: 'disk-error', atMs: 50, member: 0, operation: 'write', downMs: 60 }]);
    cluster.runUntil(75);
    expect(cluster.member(0).isUp).toBe(false);
    const steps = PROTOCOL_STEPS.filter((step) => cluster.witness.coverage.hits('disk-error', step) > 0);
    expect(steps.length).toBeGreaterThan(0);
    settled(cluster);
  });

  it('a disk that cannot be read keeps the process down until it can', () => {
    const cluster = swarmWith([{ kind: 'disk-error', atMs: 50, member: 1, operation: 'read', downMs: 30 }]);
    cluster.runUntil(100);
    expect(cluster.member(1).isUp).toBe(false);
    expect(cluster.witness.coverage.hits('disk-error', 'restart')).toBe(1);
    cluster.runUntil(112);
    expect(cluster.member(1).isUp).toBe(true);
    settled(cluster);
  });

  it('a leader whose clock is far off is replaced, and may lead again when it is right', () => {
    const clock: Fault = { kind: 'clock', atMs: 30, member: 0, byMs: 5000, forMs: 2000 };
    const cluster = swarmWith([clock], { logTimeBoundMs: 100 });
    cluster.runUntil(1000);
    expect(cluster.member(1).engine?.state().view).toBeGreaterThan(0);
    expect(cluster.witness.coverage.hits('clock-skew', 'pre-prepare')).toBeGreaterThan(0);
    settled(cluster);
  });

  it('a crash between two copies of a message leaves the rest unsent', () => {
    const crash: Fault = { kind: 'crash', atMs: 50, member: 0, point: 'mid-send', step: 'commit', downMs: 40 };
    const cluster = swarmWith([crash]);
    cluster.runUntil(85);
    expect(cluster.member(0).isUp).toBe(false);
    expect(cluster.witness.coverage.hits('crash-mid-send', 'commit')).toBe(1);
    settled(cluster);
  });

  it('a crash waits for the step that it is meant for', () => {
    const crash: Fault = { kind: 'crash', atMs: 0, member: 2, point: 'before-sync', step: 'checkpoint', downMs: 40 };
    const cluster = swarmWith([crash]);
    cluster.runUntil(300, () => !cluster.member(2).isUp);
    expect(cluster.agreement.length).toBeGreaterThanOrEqual(CALM.checkpointInterval);
    expect(cluster.witness.coverage.hits('crash-before-persist', 'checkpoint')).toBe(1);
    settled(cluster);
  });

  it('a flipped bit is never taken for what was written: the member stays down, or has lost its end', () => {
    let down = 0;
    for (let atMs = 100; atMs < 160; atMs += 3) {
      const cluster = swarmWith([{ kind: 'bit-flip', atMs, member: 3, downMs: 20 }]);
      cluster.runUntil(400);
      down += cluster.member(3).isUp ? 0 : 1;
      expect(cluster.witness.coverage.hits('bit-flip', 'restart')).toBe(1);
      settled(cluster);
    }
    expect(down).toBeGreaterThan(5);
  });
});
