import type { ReplicaConfig } from '../replica-config';
import { testCommittee } from '../testing/driver';
import { joinEnvelope, OPERATOR } from '../testing/system';
import { Cluster } from './cluster';

const swarmOf = (n: number, config: Partial<ReplicaConfig> = {}, observers = 0): Cluster =>
  new Cluster(n, { committee: testCommittee(n, { engine: 'hotstuff', operators: [OPERATOR] }), config, observers });

describe('the end of an epoch', () => {
  it.each([0, 1, 2, 3])('without member %i, which gathers some of the CHECKPOINTs', (down) => {
    const swarm = swarmOf(4, { idleStatusIntervalMs: 30_000 }, 1);
    swarm.run(300);
    swarm.submit((down + 1) % 4, joinEnvelope(4));
    swarm.run(3);
    swarm.crash(down);
    swarm.run(5_000);
    const epochs = swarm.nodes.filter((node) => node.up).map((node) => node.replica.state().epoch);
    expect(epochs).toEqual([1, 1, 1, 1]);
  });
});
