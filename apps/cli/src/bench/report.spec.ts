import { benchEntry, describeBench, median } from './report';
import { SCENARIOS, type Scenario } from './scenarios';
import { soakReport, type SoakMinute } from './soak';

describe('median', () => {
  it.each([
    [[], 0],
    [[5], 5],
    [[9, 1, 5], 5],
    [[4, 1, 3, 2], 2.5],
  ])('of %j is %d', (values, expected) => expect(median(values)).toBe(expected));
});

describe('a bench entry', () => {
  const [, , envelopes] = SCENARIOS as readonly [Scenario, Scenario, Scenario];
  const result = (decided: number, p50Ms: number, failures = {}) => ({
    decided,
    elapsedMs: 5000,
    p50Ms,
    p99Ms: p50Ms * 2,
    failures,
  });
  const entry = benchEntry(
    envelopes,
    [result(100_000, 3), result(300_000, 1, { full: 2 }), result(200_000, 2, { full: 1 })],
    {
      protocol: 'pbft',
      nodes: 4,
      durable: true,
      duration_s: 5,
      ed25519_verifications_per_s: 27_000,
      member_rss_mb: { 'node-0': 120.5 },
    },
  );

  it('holds the medians of its runs', () => {
    expect(entry).toEqual({
      scenario: 'envelopes',
      protocol: 'pbft',
      nodes: 4,
      in_flight: envelopes.clients * 100,
      envelope_size: 100,
      signed: true,
      durable: true,
      decisions_per_s: 40_000,
      p50_ms: 2,
      p99_ms: 4,
      request_bytes: 200,
      runs: 3,
      duration_s: 5,
      failures: { full: 3 },
      ed25519_verifications_per_s: 27_000,
      member_rss_mb: { 'node-0': 120.5 },
    });
  });

  it.each(['pbft', 'hotstuff'])('names the engine that was measured: %s', (protocol) => {
    expect(describeBench([{ ...entry, protocol }])).toContain(`\n${protocol}, 4 members, durable`);
  });

  it('says when nothing was durable, and what failed', () => {
    const text = describeBench([{ ...entry, durable: false }]);
    expect(text).toContain('NOT durable');
    expect(text).toContain('Failures: full');
  });
});

describe('a soak', () => {
  const minute = (n: number, mb: number): SoakMinute => ({
    minute: n,
    decisions_per_s: 1,
    member_rss_mb: { a: mb, b: 100 },
  });
  const rows = [
    {
      name: 'within a tenth of minute 1',
      minutes: [minute(1, 100), minute(4, 150), minute(5, 110)],
      growth: 0.1,
      holds: true,
    },
    { name: 'above a tenth', minutes: [minute(1, 100), minute(5, 105), minute(6, 111)], growth: 0.11, holds: false },
    { name: 'too short to tell', minutes: [minute(1, 100), minute(4, 200)], growth: null, holds: true },
    { name: 'too much memory at any time', minutes: [minute(1, 250)], growth: null, holds: false },
  ];
  it.each(rows)('$name', ({ minutes, growth, holds }) => {
    expect(soakReport('s', 'pbft', minutes)).toMatchObject({ protocol: 'pbft', growth, holds });
  });
});
