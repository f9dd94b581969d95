import { CALM } from './index';
import { cutOff, lost, Scene } from './testing/scene';

describe('liveness schedules', () => {
  it('a relayed request is decided in view 0, and nobody leaves it for want of knowing it', () => {
    const scene = new Scene();
    scene.submit(2);
    scene.until(() => [0, 1, 2, 3].every((member) => scene.executed(member) >= 1));
    expect([0, 1, 2, 3].map((member) => scene.promisedView(member))).toEqual([0, 0, 0, 0]);
    scene.settle();
  });

  it('a leader that keeps deciding does not get around a request that it never hears of (scenario 21)', () => {
    const scene = new Scene();
    // Every member but the leader knows the request, and the leader goes on deciding what its own clients bring.
    scene.impose(lost({ to: [0], kinds: ['requests', 'status'] }), lost({ from: [0], kinds: ['fetch'] }));
    scene.submit(2);
    const censored = (): boolean => [1, 2, 3].every((member) => scene.view(member) === 0);
    for (let round = 0; round < 40 && censored(); round++) {
      scene.submit(0);
      scene.run(50);
    }
    expect(scene.cluster.elapsedMs).toBeLessThan(2000);
    expect(censored()).toBe(false);
    scene.settle();
  });

  it('a member that leaves a view alone asks for the next one only, until a quorum asks with it', () => {
    const scene = new Scene();
    scene.impose(lost({ from: [2], kinds: ['requests', 'status'] }), lost({ to: [2], kinds: ['fetch'] }));
    scene.submit(2);
    scene.run(3000);
    expect(scene.promisedView(2)).toBe(1);
    scene.settle();
  });

  it('views last longer after each failed one, until even a slow network decides', () => {
    const scene = new Scene({
      network: { ...CALM.network, latencyMinMs: 150, latencyMaxMs: 200 },
      replica: { ...CALM.replica, phaseTimeoutMs: 100, viewChangeTimeoutMs: 100, viewChangeTimeoutMaxMs: 6400 },
    });
    scene.submit(0);
    scene.until(() => [0, 1, 2, 3].every((member) => scene.executed(member) >= 1), 20_000);
    expect(scene.view(0)).toBeGreaterThan(0);
    scene.settle();
  });

  it('a faulty leader every so many views costs the same time each time (scenario 16)', () => {
    const scene = new Scene({ replica: { ...CALM.replica, viewChangeTimeoutMaxMs: 100_000 } });
    const outages: number[] = [];
    for (let round = 0; round < 8; round++) {
      const leader = scene.view(0) % 4;
      const other = (leader + 2) % 4;
      const executed = scene.executed(other);
      const before = scene.cluster.elapsedMs;
      scene.impose(lost({ from: [leader], kinds: ['prePrepare'] }));
      scene.submit(other);
      scene.until(() => scene.executed(other) > executed, 60_000);
      outages.push(scene.cluster.elapsedMs - before);
      scene.cluster.network.heal();
      scene.until(() => [0, 1, 2, 3].every((member) => scene.executed(member) === scene.executed(other)));
    }
    // One failed view each: never twice as long as the one before.
    expect(Math.max(...outages)).toBeLessThan(1000);
    scene.settle();
  });

  it('VIEW-CHANGEs that were lost come again until the view is entered (scenario 18)', () => {
    const scene = new Scene();
    const rule = lost({ kinds: ['viewChange'] });
    scene.impose(rule, lost({ from: [0], kinds: ['prePrepare'] }));
    scene.submit(1);
    scene.until(() => [0, 1, 2, 3].every((member) => scene.promisedView(member) === 1));
    scene.lift(rule);
    scene.until(() => [0, 1, 2, 3].every((member) => scene.view(member) === 1), 1000);
    scene.settle();
  });

  it('a NEW-VIEW that was lost comes again to the member that lacks it (scenario 18)', () => {
    const scene = new Scene();
    const rule = lost({ to: [3], kinds: ['newView'] });
    scene.impose(rule, lost({ from: [0], kinds: ['prePrepare'] }));
    scene.submit(1);
    scene.until(() => [1, 2].every((member) => scene.view(member) === 1));
    scene.lift(rule);
    scene.until(() => scene.view(3) === 1, 1000);
    expect(scene.promisedView(3)).toBe(1);
    scene.settle();
  });

  it('CHECKPOINTs that were lost come again to the members that lack them', () => {
    const scene = new Scene({ replica: { ...CALM.replica, batchSize: 1 } });
    const rule = lost({ kinds: ['checkpoint'] });
    scene.impose(rule);
    scene.decide(4, 0);
    scene.run(50);
    scene.lift(rule);
    scene.until(() => [0, 1, 2, 3].every((member) => scene.stable(member) === 4), 1000);
    scene.settle();
  });

  it.each([
    { name: 'one member', decides: true, rules: cutOff(3) },
    { name: 'the leader', decides: true, rules: cutOff(0) },
    {
      name: 'exactly half',
      decides: false,
      rules: [lost({ from: [0, 1], to: [2, 3] }), lost({ from: [2, 3], to: [0, 1] })],
    },
    { name: 'a member that hears nobody', decides: true, rules: [lost({ to: [2] })] },
    { name: 'a leader that nobody hears', decides: true, rules: [lost({ from: [0] })] },
  ])(
    'a partition of $name: who has a quorum decides, and all agree after healing (scenario 19)',
    ({ rules, decides }) => {
      const scene = new Scene();
      scene.impose(...rules);
      scene.submit(1);
      scene.run(4000);
      expect(scene.cluster.agreement.length > 0).toBe(decides);
      scene.lift(...rules);
      scene.until(() => [0, 1, 2, 3].every((member) => scene.executed(member) >= 1), 5000);
      scene.settle();
    },
  );

  it('a flapping partition: all agree after healing (scenario 19)', () => {
    const scene = new Scene();
    for (let round = 0; round < 8; round++) {
      const rules = cutOff(round % 4);
      scene.impose(...rules);
      scene.submit((round + 1) % 4);
      scene.run(120);
      scene.lift(...rules);
      scene.run(60);
    }
    scene.settle();
    expect(scene.cluster.requests.decidedCount).toBeGreaterThanOrEqual(8);
  });

  it('a member that was down through many checkpoints catches up and votes again (scenario 22)', () => {
    // Timeouts longer than the way back: what a member gives up while it is behind is no matter here.
    const scene = new Scene({ replica: { ...CALM.replica, batchSize: 1, phaseTimeoutMs: 10_000 } });
    scene.cluster.crash(3, 'for-good');
    scene.decide(45, 0);
    expect(scene.stable(0)).toBe(44);
    expect(scene.slots(0)).toBeLessThanOrEqual(scene.cluster.committee.table.windowSize);
    scene.cluster.member(3).start();
    scene.until(() => scene.executed(3) === 45 && scene.stable(3) === 44, 3000);
    scene.decide(1, 0);
    scene.until(() => scene.votes('commit', 3, 0).some(({ sequence }) => sequence === 46));
    scene.settle();
  });

  it('COMMITs that were lost come again, and decide without a change of view', () => {
    const scene = new Scene({ replica: { ...CALM.replica, phaseTimeoutMs: 10_000 } });
    const rule = lost({ kinds: ['commit'] });
    scene.impose(rule);
    scene.submit(0);
    scene.until(() => [0, 1, 2, 3].every((member) => scene.votes('commit', member, 0).length === 1));
    scene.run(20);
    scene.lift(rule);
    scene.until(() => [0, 1, 2, 3].every((member) => scene.executed(member) === 1), 1000);
    expect([0, 1, 2, 3].map((member) => scene.promisedView(member))).toEqual([0, 0, 0, 0]);
    scene.settle();
  });

  it('a request whose relay was lost is asked for, and decided without a change of view', () => {
    const scene = new Scene({ replica: { ...CALM.replica, phaseTimeoutMs: 10_000 } });
    const rule = lost({ kinds: ['requests'] });
    scene.impose(rule);
    scene.submit(2);
    scene.run(20);
    scene.lift(rule);
    scene.until(() => [0, 1, 2, 3].every((member) => scene.executed(member) === 1), 1000);
    expect([0, 1, 2, 3].map((member) => scene.promisedView(member))).toEqual([0, 0, 0, 0]);
    scene.settle();
  });
});
