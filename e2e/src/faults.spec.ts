import { expectAllThere, Load } from './testing/load';
import { Swarm } from './testing/swarm';
import { until } from './testing/until';

/** Members that signed a COMMIT in a decision's certificate. */
const signersOf = (body: Record<string, unknown>): string[] =>
  (body['certificate'] as { commits: { node_id: string }[] }).commits.map((commit) => commit.node_id);

describe('kills', () => {
  let swarm: Swarm;
  afterEach(() => swarm.stop());

  it('4 members: a killed leader under load costs less than 2 s, no acknowledged decision, and votes again after its restart', async () => {
    swarm = await Swarm.start();
    const leader = await swarm.leader();
    const others = swarm.members.filter((_, index) => index !== leader);
    const load = new Load(others);
    await until('load runs', 20_000, () => Promise.resolve(load.acknowledged.length > 50 ? true : undefined));
    const killedAt = Date.now();
    await swarm.member(leader).end('SIGKILL');
    const before = load.acknowledged.length;
    const next = await until('decisions go on', 10_000, () =>
      Promise.resolve(load.acknowledged.slice(before).find((each) => each.at > killedAt + 100)),
    );
    expect(next.at - killedAt).toBeLessThan(2000);
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

  it('all members killed at once: every acknowledged decision is there after the restart, and decisions go on', async () => {
    swarm = await Swarm.start();
    const load = new Load(swarm.members);
    await until('load runs', 20_000, () => Promise.resolve(load.acknowledged.length > 100 ? true : undefined));
    await Promise.all(swarm.members.map((member) => member.end('SIGKILL')));
    await load.stop();
    for (const member of swarm.members) member.start();
    await swarm.healthy();
    await until('decisions go on', 15_000, () => swarm.member(2).decide('after'));
    for (const member of swarm.members) await expectAllThere(member, load.acknowledged);
  });

  it('without a quorum nothing is decided, members say so, and what waits is decided when the quorum is back', async () => {
    swarm = await Swarm.start();
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
  });
});
