import { createBatch, portableHash, type Millis, type Sequence, type View } from '@concordat/protocol';
import { Driver, envelopeOf } from '../testing/driver';
import { Cluster } from './cluster';

describe('attack: load', () => {
  const config = { batchSize: 1, pipelineDepth: 1 };

  /** 150 envelopes wait, one sequence takes about 9 ms; the REQUESTS of one of them may miss the leader. */
  function backlog(lose: boolean): Cluster {
    const swarm = new Cluster(4, { config });
    swarm.delay = () => 3;
    swarm.run(50);
    swarm.filter = (_, to, message) => !(lose && to === 0 && message.kind === 'requests' && swarm.now < 1060);
    swarm.submit(1, envelopeOf('lost', { expiresAt: 100_000 }));
    swarm.run(10);
    for (let i = 0; i < 150; i++) swarm.submit(1, envelopeOf(`c${String(i)}`, { expiresAt: 100_000 }));
    return swarm.run(5000);
  }

  it("L1 one lost REQUESTS under a backlog of 1.4 s does not end an honest leader's view", () => {
    expect(backlog(true).views()).toEqual(['0/0', '0/0', '0/0', '0/0']);
  });

  it('L1 control: nothing lost', () => {
    expect(backlog(false).views()).toEqual(['0/0', '0/0', '0/0', '0/0']);
  });

  it('L2 a leader that proposes and never decides adds at most a window of batches to the pool', () => {
    const member = new Driver(1, { config: { poolEnvelopesMax: 16 } });
    for (let sequence = 1; sequence <= 100; sequence++) {
      const envelopes = Array.from({ length: 50 }, (_, i) => envelopeOf(`s${String(sequence)}-${String(i)}`));
      const batch = createBatch(portableHash, 1000 as Millis, envelopes);
      member.from(0, {
        kind: 'prePrepare',
        view: 0 as View,
        sequence: sequence as Sequence,
        digest: batch.digest,
        batch,
      });
    }
    expect(member.replica.state().poolEnvelopes).toBeLessThanOrEqual(16 + 8 * 50);
  });

  it('L3 an executed envelope that expired is not ordered again and again, because a liar says that it waits', () => {
    const swarm = new Cluster(4, { dead: [3] });
    swarm.run(50);
    const old = envelopeOf('liar', { expiresAt: 500 });
    const relay = swarm.sealAs(3, { kind: 'requests', view: 0 as View, sequence: 0 as Sequence, envelopes: [old] });
    for (let i = 0; i < 50; i++) {
      for (const to of [0, 1, 2]) swarm.inject(to, relay);
      swarm.run(30);
    }
    expect(swarm.node(0).replica.state().executed).toBeLessThanOrEqual(3);
  });

  it('L4 two valid commit certificates for one slot stop the member', () => {
    const member = new Driver(3);
    const { signatures } = member.certificate('A');
    member.commit(0, 'A').commit(1, 'A').commit(2, 'A');
    member.told();
    member.from(1, {
      kind: 'decided',
      view: 0 as View,
      sequence: 1 as Sequence,
      batch: member.batch('B'),
      certificate: { view: 1 as View, sequence: 1 as Sequence, digest: member.digest('B'), signatures },
    });
    expect(member.told()).toContain('halt');
  });
});
