import type { Digest, MemberIndex, Sequence, View } from '@concordat/protocol';
import { testCommittee, Driver, envelopeOf } from '../testing/driver';
import { Cluster } from './cluster';

describe('attack: views', () => {
  it('A1 swarm: n = 7, leaders of views 0 and 1 are down (f = 2): a request is decided', () => {
    const swarm = new Cluster(7, { dead: [0, 1] });
    swarm.run(50);
    swarm.submit(2, envelopeOf('alice', { expiresAt: 100_000 }));
    swarm.run(30_000);
    expect(swarm.views()).not.toContain('0/0');
    expect(Math.min(...swarm.executed().slice(2))).toBeGreaterThan(0);
  });

  it('A2 one NEW-VIEW of a far view whose parts do not exist does not stop the next view', () => {
    const swarm = new Cluster(4, { dead: [0] });
    swarm.run(50);
    // Member 3 is the liar: leader of view 4_000_003. It is otherwise honest here.
    const bogus = swarm.sealAs(3, {
      kind: 'newView',
      view: 4_000_003 as View,
      sequence: 0 as Sequence,
      viewChanges: [0, 1, 2].map((sender) => ({ sender: sender as MemberIndex, digest: 'ab'.repeat(32) as Digest })),
      entries: [],
    });
    swarm.inject(1, bogus);
    swarm.inject(2, bogus);
    swarm.submit(1, envelopeOf('alice', { expiresAt: 100_000 }));
    swarm.run(60_000);
    expect(swarm.node(1).replica.state().executed).toBeGreaterThan(0);
  });

  it('A2 control: without that NEW-VIEW', () => {
    const swarm = new Cluster(4, { dead: [0] });
    swarm.run(50);
    swarm.submit(1, envelopeOf('alice', { expiresAt: 100_000 }));
    swarm.run(60_000);
    expect(swarm.node(1).replica.state().executed).toBeGreaterThan(0);
  });

  it('A3 after a restart of everybody in view 1, a member that missed NEW-VIEW(1) can still enter it', () => {
    const swarm = new Cluster(4);
    swarm.run(50);
    swarm.filter = (from, to) => from !== 0 && to !== 0; // member 0 is cut off
    swarm.submit(1, envelopeOf('alice', { expiresAt: 100_000 }));
    for (let i = 0; i < 3000 && swarm.views()[2] !== '1/1'; i++) swarm.run(1);
    swarm.run(100);
    expect(swarm.views()).toEqual(['0/0', '1/1', '1/1', '1/1']);
    for (const index of [1, 2, 3]) swarm.crash(index);
    for (const index of [1, 2, 3]) swarm.restart(index);
    swarm.filter = () => true;
    swarm.run(20_000);
    expect(swarm.views()).toEqual(['1/1', '1/1', '1/1', '1/1']);
  });

  it('A5 a lone VIEW-CHANGE that everybody has is not sent around for ever', () => {
    const swarm = new Cluster(7);
    swarm.run(50);
    const lone = swarm.sealAs(6, {
      kind: 'viewChange',
      view: 1 as View,
      sequence: 0 as Sequence,
      stable: undefined,
      prepared: [],
    });
    for (const { index } of swarm.nodes.slice(0, 6)) swarm.inject(index, lone);
    swarm.run(1000); // all have it, and say so in their STATUS
    const before = swarm.nodes.map((node) => node.effects.length);
    swarm.run(1000);
    const forwards = swarm.nodes
      .flatMap((node, index) => node.effects.slice(before[index]))
      .filter((effect) => effect.kind === 'forward' && effect.message.kind === 'viewChange').length;
    expect(forwards).toBeLessThan(10);
  });

  it('A6 the leader of the new view builds NEW-VIEW when the missing batch comes inside a DECIDED', () => {
    const committee = testCommittee();
    const member = new Driver(1, { committee });
    const certificate = member.certificate('A');
    member.receive(member.viewChange(2, 1, [certificate])).receive(member.viewChange(3, 1, [certificate]));
    expect(member.replica.state().promisedView).toBe(1);
    expect(member.sealed.filter((message) => message.kind === 'newView')).toHaveLength(0);
    member.from(2, {
      kind: 'decided',
      view: 0 as View,
      sequence: 1 as Sequence,
      batch: member.batch('A'),
      certificate: {
        view: 0 as View,
        sequence: 1 as Sequence,
        digest: member.digest('A'),
        signatures: certificate.signatures,
      },
    });
    for (let i = 0; i < 5; i++) {
      member.now += 100;
      member.timer('status');
    }
    expect(member.sealed.filter((message) => message.kind === 'newView')).toHaveLength(1);
  });

  it('A6 control: the same batch by itself', () => {
    const member = new Driver(1);
    const certificate = member.certificate('A');
    member.receive(member.viewChange(2, 1, [certificate])).receive(member.viewChange(3, 1, [certificate]));
    member.from(2, { kind: 'batch', view: 0 as View, sequence: 0 as Sequence, batch: member.batch('A') });
    expect(member.sealed.filter((message) => message.kind === 'newView')).toHaveLength(1);
  });

  it('A7 a second NEW-VIEW of one leader is evidence, also once the first one was entered', () => {
    const member = new Driver(3);
    const a = member.viewChange(1, 1),
      b = member.viewChange(2, 1),
      c = member.viewChange(0, 1);
    member.receive(a).receive(b);
    const own = member.sealed.find((message) => message.kind === 'viewChange')!;
    member.receive(member.newView(1, [a, b, own], []));
    expect(member.replica.state().view).toBe(1);
    const second = member.newView(1, [a, b, c], []);
    expect(member.replica.admit(second)).toBeUndefined(); // else no host ever opens it
    member.told();
    expect(member.receive(second).told()).toContain('accuse 1');
  });
});

describe('the parts of a NEW-VIEW', () => {
  it('a VIEW-CHANGE fills the place of its own sender only: one under every name is no quorum', () => {
    const member = new Driver(2);
    member.prePrepare('A').prepare(1, 'A').prepare(3, 'A').commit(0, 'A').commit(1, 'A');
    member.told();
    const hiding = member.viewChange(1, 1);
    member.receive(member.viewChange(3, 1)).receive(hiding);
    const named = [0, 1, 3].map((sender) => ({ ...hiding, sender: sender as MemberIndex }));
    member.receive(member.newView(1, named, []));
    expect(member.replica.state().view).toBe(0);
  });

  it('a second VIEW-CHANGE of a member is a proof against it, also when it completes a NEW-VIEW', () => {
    const member = new Driver(2);
    const first = member.viewChange(3, 1, [member.certificate('A')]);
    const second = member.viewChange(3, 1);
    const parts = [member.viewChange(0, 1), member.viewChange(1, 1), second];
    member.receive(first).receive(member.newView(1, parts, []));
    for (const part of parts) member.receive(part);
    expect(member.told().filter((text) => text.startsWith('accuse'))).toEqual(['accuse 3']);
    expect(member.replica.state().view).toBe(1);
  });
});
