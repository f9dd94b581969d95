import { signersOf } from './testing/certificates';
import { expectAllThere, Load } from './testing/load';
import { Swarm } from './testing/swarm';
import { logOnDisk, oneLog, settledSequence } from './testing/swarm-checks';
import { until } from './testing/until';

/** Clients that have had this many decisions. */
const loaded = (load: Load, decisions: number): Promise<true> =>
  until('load runs', 20_000, () => Promise.resolve(load.acknowledged.length > decisions ? true : undefined));

/** Kills a member while clients propose at others, and gives the milliseconds until decisions go on without it. */
async function gapAfterKill(swarm: Swarm, index: number, load: Load): Promise<number> {
  const killedAt = Date.now();
  await swarm.member(index).end('SIGKILL');
  const before = load.acknowledged.length;
  const next = await until('decisions go on', 10_000, () =>
    Promise.resolve(load.acknowledged.slice(before).find((each) => each.at > killedAt + 100)),
  );
  return next.at - killedAt;
}

/** The longest time without a decision from a member's kill until `ms` after it, in milliseconds. */
async function longestGap(swarm: Swarm, index: number, load: Load, ms: number): Promise<number> {
  const from = Date.now();
  const before = load.acknowledged.length;
  await swarm.member(index).end('SIGKILL');
  const since = await until('decisions go on', 10_000 + ms, () => {
    const times = load.acknowledged.slice(before).map(({ at }) => at);
    return Promise.resolve((times.at(-1) ?? 0) > from + ms ? times : undefined);
  });
  return Math.max(...since.map((at, place) => at - (since[place - 1] ?? from)));
}

describe('kills', () => {
  let swarm: Swarm;
  const loads: Load[] = [];
  const propose = (...args: ConstructorParameters<typeof Load>): Load => {
    const load = new Load(...args);
    loads.push(load);
    return load;
  };
  afterEach(async () => {
    await Promise.all([swarm.stop(), ...loads.splice(0).map((load) => load.stop())]);
  });

  it('4 members: a killed leader under load costs less than 2 s, no acknowledged decision, and votes again after its restart', async () => {
    swarm = await Swarm.start();
    const leader = await swarm.leader();
    const others = swarm.members.filter((_, index) => index !== leader);
    const load = propose(others);
    await loaded(load, 50);
    expect(await gapAfterKill(swarm, leader, load)).toBeLessThan(2000);
    swarm.member(leader).start();
    await swarm.member(leader).healthy();
    await until('the restarted member votes again', 20_000, async () => {
      const decided = await others[0]?.decide('does it vote?');
      return decided !== undefined && signersOf(decided).includes(`node-${String(leader)}`) ? true : undefined;
    });
    await load.stop();
    await Promise.all(swarm.members.map((member) => expectAllThere(member, load.acknowledged.slice(-200))));
    await expectAllThere(swarm.member(leader), load.acknowledged);
  });

  it('7 members survive the kill of two leaders, one after the other', async () => {
    swarm = await Swarm.start({ nodes: 7 });
    const witness = swarm.member(6);
    await witness.decide('before');
    for (const _ of [1, 2]) {
      const leader = await swarm.leader(6);
      await swarm.member(leader).end('SIGKILL');
      const decided = await until('decisions go on', 15_000, () => witness.decide({ after: leader }));
      expect(signersOf(decided)).not.toContain(`node-${String(leader)}`);
    }
    const lost = await until('both are missed', 10_000, async () => {
      const { body } = await witness.get('/api/v1/cluster/status');
      return body['healthy_nodes'] === 5 ? body : undefined;
    });
    expect(lost).toMatchObject({ total_nodes: 7, byzantine_threshold: 2, quorum: 5 });
    expect(lost).toMatchObject({ consensus_possible: true, can_tolerate_more_failures: false });
  });

  it('where all lead in turn, the kill of each costs less than 2 s and nothing acknowledged; it votes again when it is needed', async () => {
    swarm = await Swarm.start({ engine: 'hotstuff' });
    const load = propose(swarm.members, 1);
    const gaps: number[] = [];
    for (const [index, member] of swarm.members.entries()) {
      await loaded(load, load.acknowledged.length + 20);
      // Longer than the turns of all: its own comes, whenever it is killed.
      gaps.push(await longestGap(swarm, index, load, 1_500));
      member.start();
      await member.healthy();
      // While the next one stands still there is no quorum without the votes of the member that was killed.
      const other = swarm.member((index + 1) % swarm.members.length);
      other.freeze();
      const decided = await until('decisions need its vote', 10_000, () =>
        swarm.member((index + 2) % swarm.members.length).decide({ after: member.name }),
      );
      expect(signersOf(decided)).toContain(member.name);
      other.thaw();
    }
    await load.stop();
    console.log(`longest time without a decision, in ms: ${gaps.join(', ')}`);
    expect(Math.max(...gaps)).toBeLessThan(2000);
    await settledSequence(swarm, 10_000);
    for (const member of swarm.members) await expectAllThere(member, load.acknowledged.slice(-200));
    await expectAllThere(swarm.member(0), load.acknowledged);
    await Promise.all(swarm.members.map((member) => member.end('SIGTERM')));
    expect(swarm.members.flatMap(({ unasked }) => unasked)).toEqual([]);
    expect(oneLog(await Promise.all(swarm.members.map((member) => logOnDisk(swarm, member)))).length).toBeGreaterThan(
      200,
    );
  });

  it.each(['pbft', 'hotstuff'] as const)(
    '%s, all members killed at once: every acknowledged decision is there after the restart, and decisions go on',
    async (engine) => {
      swarm = await Swarm.start({ engine });
      const load = propose(swarm.members);
      await loaded(load, 100);
      await Promise.all(swarm.members.map((member) => member.end('SIGKILL')));
      await load.stop();
      for (const member of swarm.members) member.start();
      await swarm.healthy();
      await until('decisions go on', 15_000, () => swarm.member(2).decide('after'));
      for (const member of swarm.members) await expectAllThere(member, load.acknowledged);
    },
  );

  it.each(['pbft', 'hotstuff'] as const)(
    '%s, without a quorum: nothing is decided, members say so, and what waits is decided when the quorum is back',
    async (engine) => {
      swarm = await Swarm.start({ engine });
      await swarm.member(0).decide('before');
      await Promise.all([1, 2].map((index) => swarm.member(index).end('SIGKILL')));
      await until('node-3 says partitioned', 10_000, async () => {
        const { body } = await swarm.member(3).get('/api/v1/health');
        return body['status'] === 'partitioned' ? true : undefined;
      });
      expect((await swarm.member(3).post('/api/v1/propose', { value: 1 })).status).toBe(503);
      for (const index of [1, 2]) swarm.member(index).start();
      await swarm.healthy();
      await until('decisions go on', 15_000, () => swarm.member(3).decide('after'));
    },
  );
});
