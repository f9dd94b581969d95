import { signersOf } from './testing/certificates';
import { Changes } from './testing/changes';
import { expectAllThere, Load } from './testing/load';
import { metric } from './testing/metrics';
import { shapeOf } from './testing/shape';
import { Swarm } from './testing/swarm';
import { decidedAt, logOnDisk, oneLog, settledSequence } from './testing/swarm-checks';
import { until } from './testing/until';

describe('members of a swarm that runs HotStuff', () => {
  let swarm: Swarm;
  let load: Load | undefined;
  afterEach(async () => {
    await Promise.all([load?.stop(), swarm.stop()]);
  });

  it('join, with a state in place of decisions, and leave, under load: no lost decision, one log, f and Q right in every epoch, certificates that hold', async () => {
    swarm = await Swarm.start({ engine: 'hotstuff', checkpointInterval: 8, environment: { SNAPSHOT_GAP: '40' } });
    const changes = new Changes(swarm);
    const witness = swarm.member(1);
    load = new Load([swarm.member(0), witness], 1);
    await until('the swarm is further than a checkpoint and the gap', 30_000, async () =>
      (await metric(witness, 'consensus_executed_sequence')) > 80 ? true : undefined,
    );
    const joined = await swarm.add('node-4');
    joined.start();
    await until('the new member takes over a state', 20_000, async () =>
      (await metric(joined, 'consensus_snapshots_installed_total')) > 0 ? true : undefined,
    );
    expect(await shapeOf(swarm, await changes.join(witness, joined))).toEqual({ epoch: 1, n: 5, f: 1, quorum: 4 });
    await until('the new member votes', 20_000, async () =>
      signersOf(await witness.decide('does it vote?')).includes('node-4') ? true : undefined,
    );
    const left = await changes.leave(witness, 'node-3');
    expect(await shapeOf(swarm, left)).toEqual({ epoch: 2, n: 4, f: 1, quorum: 3 });
    const before = load.acknowledged.length;
    await until('decisions go on', 10_000, () =>
      Promise.resolve((load?.acknowledged.length ?? 0) > before + 5 ? true : undefined),
    );
    await load.stop();
    await settledSequence(swarm, 10_000);
    for (const index of [0, 2]) await expectAllThere(swarm.member(index), load.acknowledged);
    const [all = [], later = []] = await Promise.all([0, 4].map((index) => decidedAt(swarm, swarm.member(index))));
    expect(later.length).toBeGreaterThan(5);
    expect(all.slice(-later.length)).toEqual(later);
    expect((await swarm.member(3).get('/api/v1/health')).body).toMatchObject({ epoch: 2, votes: false });
    expect(swarm.members.flatMap(({ unasked }) => unasked)).toEqual([]);
    await Promise.all(swarm.members.map((member) => member.end('SIGTERM')));
    const logs = await Promise.all(swarm.members.map((member) => logOnDisk(swarm, member)));
    expect(oneLog(logs).length).toBeGreaterThan(2 * 2 * 8);
  });
});
