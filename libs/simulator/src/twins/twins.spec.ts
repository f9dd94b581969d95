import { Trace } from '../trace';
import { runTwins } from './run-twins';
import { allScenarios, isApart, leadingCopy, mirrored, PARTITIONS, reducedScenarios, sideOf } from './scenario';
import { sweepTwins } from './sweep';

const count = (items: Iterable<unknown>): number => [...items].length;
const nameOf = (scenario: object): string => JSON.stringify(scenario);

/** `TWINS_ROUNDS=4 npx jest --selectProjects simulator --testPathPatterns twins.spec` goes one round further. */
const ROUNDS = Number(process.env['TWINS_ROUNDS'] ?? 3);

describe('scenarios', () => {
  it('every split of five instances in two stands there once', () => {
    expect(PARTITIONS).toHaveLength(16);
    expect(new Set(PARTITIONS).size).toBe(16);
    expect(PARTITIONS.every((partition) => sideOf(partition, 0) === 0)).toBe(true);
  });

  it.each([
    { rounds: 1, all: 64, reduced: 16 },
    { rounds: 2, all: 1024, reduced: 384 },
    { rounds: 3, all: 16_384, reduced: 7168 },
  ])('$rounds rounds: $all scenarios, $reduced to be run', ({ rounds, all, reduced }) => {
    expect(count(allScenarios(rounds))).toBe(all);
    expect(count(reducedScenarios(rounds))).toBe(reduced);
    // (partitions^rounds - together^rounds) / 2 for each place of the twin: 8 of 16 partitions have both copies together.
    expect(reduced).toBe((4 * (16 ** rounds - 8 ** rounds)) / 2);
  });

  it('each scenario that parts the copies is in the reduction, or its mirror image is', () => {
    const kept = new Set([...reducedScenarios(2)].map(nameOf));
    for (const scenario of allScenarios(2)) {
      if (!isApart(scenario)) continue;
      expect([scenario, mirrored(scenario)].filter((one) => kept.has(nameOf(one)))).toHaveLength(1);
      expect(mirrored(mirrored(scenario))).toEqual(scenario);
      expect(leadingCopy(mirrored(scenario))).not.toBe(leadingCopy(scenario));
    }
  });
});

describe('twins', () => {
  it('all scenarios of 2 rounds, without any reduction: no rule is broken, and mirror images run alike', () => {
    const hashes = new Map<string, string>();
    let apart = 0;
    for (const scenario of allScenarios(2)) {
      const trace = new Trace();
      const { violations, figures } = runTwins(scenario, trace);
      expect({ scenario, violations }).toEqual({ scenario, violations: [] });
      hashes.set(nameOf(scenario), trace.hash);
      // Copies that are never apart say the same: nobody can prove anything, for nobody lies.
      if (!isApart(scenario)) expect(figures).toMatchObject({ conflictingProposals: 0, pairsReached: 0 });
    }
    for (const scenario of allScenarios(2)) {
      if (!isApart(scenario)) continue;
      apart++;
      expect(hashes.get(nameOf(mirrored(scenario)))).toBe(hashes.get(nameOf(scenario)));
    }
    expect(apart).toBe(2 * count(reducedScenarios(2)));
    // The hash tells runs apart at all.
    expect(new Set(hashes.values()).size).toBeGreaterThan(apart / 4);
  }, 600_000);

  it.each(['pbft', 'hotstuff'] as const)(
    `%s, ${String(ROUNDS)} rounds, every partition: no rule is broken, and the rounds do what they are for`,
    (engine) => {
      const counts = sweepTwins(ROUNDS, undefined, engine);
      expect(counts.failures).toEqual([]);
      expect(counts.scenarios).toBe(count(reducedScenarios(ROUNDS)));
      expect(counts.withViewChange).toBeGreaterThan(counts.scenarios / 2);
      expect(counts.withDecision).toBeGreaterThan(counts.scenarios / 2);
      expect(counts.withConflictingProposals).toBeGreaterThan(counts.scenarios / 4);
      // One leader in four is the twin, and HotStuff's votes are seen by one member each.
      expect(counts.withPairReached).toBeGreaterThan(counts.scenarios / (engine === 'pbft' ? 4 : 8));
      expect(counts.pairsProven).toBe(counts.pairsReached);
    },
    3_600_000,
  );
});
