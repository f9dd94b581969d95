import { measureMessages, messageFit } from './measure';

/** A clock that is one millisecond later each time. */
function ticking(): () => number {
  let now = 0;
  return () => ++now;
}

const SIZES = [4, 7, 10, 13];

describe('messages per decision', () => {
  it.each([4, 7])('PBFT with %i members: each phase as its formula says', (n) => {
    const { byKind, decisions, messages, statuses, bytes, cpuMs } = measureMessages('pbft', n, ticking());
    expect(byKind.prepare).toBe((n - 1) ** 2);
    expect(byKind.commit).toBe(n * (n - 1));
    expect(byKind).not.toHaveProperty('status');
    expect(messages).toBeCloseTo(
      Object.values(byKind).reduce((sum, count) => sum + count, 0),
      9,
    );
    expect(statuses).toBe(0);
    expect(bytes / messages).toBeGreaterThan(60);
    expect(cpuMs).toBe(1 / decisions);
  });

  it('HotStuff: a proposal to each, and one vote from each, per block', () => {
    const n = 7;
    const { byKind } = measureMessages('hotstuff', n, ticking());
    // Three blocks more than batches; a leader need not send its own vote where it leads the next view too.
    expect(byKind.proposal).toBeGreaterThanOrEqual(n - 1);
    expect(byKind.proposal).toBeLessThan(1.25 * (n - 1));
    expect(byKind.vote).toBeLessThan(1.25 * n);
    expect(byKind).not.toHaveProperty('timeout');
    // To the collector and back.
    expect(byKind.checkpoint).toBe((n - 1) / 8);
    expect(byKind.stable).toBe((n - 1) / 8);
  });

  it('grow with the square for PBFT, and with the size for HotStuff', () => {
    const [pbft, hotstuff] = (['pbft', 'hotstuff'] as const).map((engine) =>
      messageFit(
        engine,
        SIZES.map((members) => measureMessages(engine, members, ticking())),
      ),
    );
    expect(pbft?.coefficients).toHaveLength(3);
    expect(pbft?.coefficients[2]).toBeCloseTo(2.1, 0);
    expect(pbft?.r2).toBeGreaterThan(0.999);
    expect(hotstuff?.coefficients).toHaveLength(2);
    expect(hotstuff?.coefficients[1]).toBeGreaterThan(3);
    expect(hotstuff?.coefficients[1]).toBeLessThan(4.5);
    expect(hotstuff?.r2).toBeGreaterThan(0.99);
  }, 60_000);
});
