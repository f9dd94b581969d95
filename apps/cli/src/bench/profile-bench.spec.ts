import { describeProfiles, readings, type ProfileRun } from './profile-bench';
import { sumOfSeries } from './profile-usage';

describe('the comparison of profiles', () => {
  it('sums the series of one metric and of no other', () => {
    const text = '# HELP a x\na{kind="x"} 3\na{kind="y"} 4\na_more{kind="x"} 90\nb 7\n';
    expect([sumOfSeries(text, 'a'), sumOfSeries(text, 'b')]).toEqual([7, 7]);
    expect(() => sumOfSeries(text, 'c')).toThrow('no metric c');
  });

  it('proposes values of about 200 bytes, each another one', () => {
    const texts = Array.from({ length: 500 }, (_, n) => JSON.stringify(readings(n)));
    expect(new Set(texts).size).toBe(500);
    const total = texts.reduce((sum, { length }) => sum + length, 0);
    expect(total / 500).toBeGreaterThan(180);
    expect(total / 500).toBeLessThan(260);
  });

  it('shows medians and their ratio', () => {
    const run = (profile: string, bytes: number): ProfileRun => ({
      profile,
      protocol: 'pbft',
      decided: 1,
      p50_ms: 2,
      rss_mb: 100,
      idle_sent_bytes_per_s: bytes,
      idle_received_bytes_per_s: 0,
      idle_wake_ups_per_s: 1,
      sent_bytes_per_decision: 1,
      received_bytes_per_decision: 1,
      sent_messages_per_decision: 1,
      wake_ups_per_decision: 1,
    });
    const runs = [1000, 3000, 2000].map((bytes) => run('default', bytes)).concat(run('edge', 500));
    const text = describeProfiles(runs, 'default', 'edge');
    expect(text).toMatch(/idle sent bytes per s\D+2000\D+500\D+0\.25/);
    expect(text).toContain('pbft; medians of 3 runs');
  });
});
