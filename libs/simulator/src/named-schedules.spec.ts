import type { CommittedBlock } from '@concordat/consensus';
import type { MemberIndex } from '@concordat/protocol';
import { CALM } from './index';
import { cutOff, late, lost, Scene } from './testing/scene';
import { Trap } from './trap';

describe('named schedules', () => {
  it('a member that left view 0 sends no late COMMIT in it, even when that would complete a quorum', () => {
    const scene = new Scene();
    // Member 3 hears PREPAREs only after it left the view; member 2's COMMIT is lost, so 3's would make the quorum.
    scene.impose(late(400, { to: [3], kinds: ['prepare'], view: 0 }), lost({ from: [2], kinds: ['commit'], view: 0 }));
    scene.impose(lost({ kinds: ['newView'] }));
    scene.submit(0);
    scene.until(() => scene.promisedView(3) > 0);
    scene.run(600);
    expect(scene.votes('commit', 0, 0)).toHaveLength(1);
    expect(scene.votes('commit', 3, 0)).toHaveLength(0);
    scene.settle();
    expect(scene.votes('commit', 3, 0)).toHaveLength(0);
  });

  it.each([
    { name: 'a backup lacks the batch', lacks: 3 },
    { name: 'the new leader lacks the batch', lacks: 1 },
  ])('NEW-VIEW carries over what was prepared: $name', ({ lacks }) => {
    const scene = new Scene();
    scene.impose(lost({ to: [lacks], kinds: ['prePrepare'], view: 0 }), lost({ kinds: ['commit'], view: 0 }));
    scene.submit(0);
    scene.until(() => scene.votes('commit', 2, 0).length === 1);
    const [commit] = scene.votes('commit', 2, 0);
    const blockOf = (): CommittedBlock | undefined =>
      scene.acknowledgedBlocks.find(({ member }) => member === (lacks as MemberIndex))?.block;
    scene.until(() => blockOf() !== undefined);
    const block = blockOf();
    expect(block?.certificate).toMatchObject({ sequence: 1, digest: commit?.digest });
    expect(block?.certificate.view).toBeGreaterThan(0);
    scene.settle();
  });

  it('of two certificates for a slot, the one of the higher view goes on', () => {
    const scene = new Scene();
    // View 0: member 3 alone prepares the first batch, and is cut off. View 1: the others prepare another one there, and
    // member 2 alone sees it decided, and is cut off. View 2 has to come from certificates of both views.
    scene.impose(lost({ to: [0, 1, 2], kinds: ['prepare'], view: 0 }), lost({ from: [3], kinds: ['commit'] }));
    scene.submit(0);
    scene.until(() => scene.votes('commit', 3, 0).length === 1);
    const [first] = scene.votes('commit', 3, 0);
    const isolation = cutOff(3);
    scene.impose(...isolation, lost({ to: [0, 1, 3], kinds: ['commit'], view: 1 }), lost({ to: [3], view: 1 }));
    scene.until(() => scene.acknowledgedBlocks.length > 0);
    const second = scene.acknowledgedBlocks[0]?.block.certificate;
    expect(second).toMatchObject({ view: 1, sequence: 1 });
    expect(second?.digest).not.toBe(first?.digest);
    scene.lift(...isolation);
    scene.impose(...cutOff(2));
    scene.until(() => [0, 1, 3].every((member) => scene.executed(member) >= 1), 20_000);
    expect(scene.view(3)).toBeGreaterThan(1);
    scene.settle();
  });

  it('what one member alone prepared in each of four views keeps nobody from deciding later (scenario 5)', () => {
    const scene = new Scene();
    for (let view = 0; view < 4; view++) {
      const witness = (view + 2) % 4;
      const others = [0, 1, 2, 3].filter((member) => member !== witness);
      scene.impose(lost({ to: others, kinds: ['prepare'], view }), lost({ kinds: ['commit'], view }));
      // The witness of the view before tells nobody of what it knows.
      scene.impose(lost({ from: [(view + 1) % 4], kinds: ['viewChange'], view: view + 1 }));
      // So that each view may start with something else.
      scene.submit(view);
    }
    scene.until(() => [0, 1, 2, 3].some((member) => scene.view(member) >= 4), 60_000);
    scene.settle();
    expect(scene.cluster.requests.decidedCount).toBeGreaterThanOrEqual(4);
  });

  it('f + 1 members that ask for a view take everyone along, also those that know of no reason', () => {
    const scene = new Scene();
    scene.impose(lost({ to: [0, 1], kinds: ['requests', 'status'] }), lost({ from: [0, 1], kinds: ['fetch'] }));
    scene.submit(2);
    scene.submit(3);
    scene.until(() => [0, 1, 2, 3].every((member) => scene.view(member) >= 1), 3000);
    scene.settle();
  });

  it('a view starts with members at different stable checkpoints', () => {
    const scene = new Scene({ replica: { ...CALM.replica, batchSize: 1 } });
    scene.decide(4, 0);
    scene.until(() => scene.stable(3) === 4);
    scene.impose(...cutOff(3));
    scene.decide(5, 0);
    scene.until(() => scene.stable(1) === 8 && scene.stable(2) === 8);
    expect(scene.stable(3)).toBe(4);
    scene.cluster.network.heal();
    scene.cluster.crash(0, 'for-good');
    scene.submit(1);
    scene.until(() => scene.executed(3) >= 10);
    expect(scene.view(3)).toBeGreaterThan(0);
    scene.settle();
  });

  it('a leader that lacks the stable state proposes nothing, and the next view goes on', () => {
    const scene = new Scene({ replica: { ...CALM.replica, batchSize: 1, pipelineDepth: 8 } });
    scene.impose(...cutOff(1));
    scene.decide(5, 0);
    scene.until(() => [0, 2, 3].every((member) => scene.stable(member) === 4));
    scene.cluster.network.heal();
    scene.impose(lost({ to: [1], kinds: ['decided'] }), lost({ from: [0], kinds: ['prePrepare'] }));
    scene.submit(2);
    scene.until(() => [2, 3].every((member) => scene.executed(member) === 6));
    expect(scene.votes('newView', 1, 1)).toHaveLength(1);
    expect(scene.executed(1)).toBe(0);
    expect(scene.votes('prePrepare', 1, 1)).toEqual([]);
    scene.settle();
  });

  it('two consecutive faulty leaders are left behind', () => {
    const scene = new Scene({
      members: 7,
      f: 2,
      liars: [
        { member: 0, strategy: 'equivocating-leader' },
        { member: 1, strategy: 'new-view-liar' },
      ],
    });
    scene.impose(lost({ from: [0], kinds: ['prePrepare'] }), lost({ from: [1], kinds: ['newView'] }));
    scene.submit(3);
    scene.until(() => scene.executed(3) >= 1);
    expect(scene.view(3)).toBe(2);
    scene.settle();
  });

  it('a batch that a liar says to be prepared, and that it keeps to itself, does not stop the next view', () => {
    const scene = new Scene({ liars: [{ member: 0, strategy: 'false-status' }] });
    // The liar alone collects the PREPAREs of 2 and 3; the next leader never sees the batch, and the liar hands none out.
    scene.impose(
      lost({ from: [0], to: [1], kinds: ['prePrepare'] }),
      lost({ to: [1, 2, 3], kinds: ['prepare'], view: 0 }),
    );
    scene.impose(lost({ from: [0], kinds: ['commit'] }));
    scene.submit(2);
    scene.until(() => scene.executed(1) >= 1 && scene.executed(2) >= 1 && scene.executed(3) >= 1);
    expect(scene.view(1)).toBeGreaterThan(0);
    scene.settle();
  });

  it("everyone's power loss takes no acknowledged decision", () => {
    const scene = new Scene({ disk: { ...CALM.disk, syncMaxMs: 10, tornRate: 1 } });
    scene.decide(6, 0);
    scene.until(() => scene.acknowledgedBlocks.some(({ block }) => block.sequence === 6));
    scene.submit(0);
    scene.run(4);
    const before = scene.cluster.agreement.headAt(6);
    for (const { index } of scene.cluster.members) scene.cluster.crash(index, 20);
    expect(scene.cluster.members.every((member) => !member.isUp)).toBe(true);
    scene.until(() => scene.cluster.members.every((member) => (member.engine?.state().executed ?? 0) >= 6));
    expect(scene.cluster.agreement.headAt(6)).toBe(before);
    scene.settle();
  });

  it('a request that one member alone knows makes it leave the view alone, and is decided once the others hear of it', () => {
    const scene = new Scene();
    scene.impose(lost({ from: [2], kinds: ['requests', 'status'] }), lost({ to: [2], kinds: ['fetch'] }));
    scene.submit(2);
    scene.run(700);
    expect(scene.promisedView(2)).toBeGreaterThan(0);
    expect([0, 1, 3].map((member) => scene.promisedView(member))).toEqual([0, 0, 0]);
    expect(scene.cluster.agreement.length).toBe(0);
    scene.settle();
    expect(scene.cluster.agreement.length).toBeGreaterThan(0);
  });

  it('a NEW-VIEW that leaves out what was prepared is refused, and is a proof', () => {
    let proofs = 0;
    for (let seed = 1; seed <= 6; seed++) {
      const scene = new Scene({ liars: [{ member: 1, strategy: 'new-view-liar' }] }, seed);
      scene.impose(lost({ kinds: ['commit'], view: 0 }));
      scene.submit(0);
      scene.until(() => [0, 2, 3].every((member) => scene.votes('commit', member, 0).length === 1));
      const [commit] = scene.votes('commit', 0, 0);
      scene.until(() => scene.acknowledgedBlocks.length >= 3, 20_000);
      expect(scene.acknowledgedBlocks[0]?.block.certificate).toMatchObject({ sequence: 1, digest: commit?.digest });
      scene.settle();
      proofs += scene.cluster.conduct.accusedMembers.has(1 as MemberIndex) ? 1 : 0;
    }
    expect(proofs).toBeGreaterThan(0);
  });

  it('an equivocating leader yields evidence, and everyone agrees', () => {
    let proofs = 0;
    for (let seed = 1; seed <= 12; seed++) {
      const scene = new Scene({ liars: [{ member: 0, strategy: 'equivocating-leader' }] }, seed);
      for (const member of [1, 2, 3]) scene.submit(member);
      scene.run(400);
      scene.settle();
      expect([...scene.cluster.conduct.accusedMembers].filter((member) => member !== 0)).toEqual([]);
      proofs += scene.cluster.conduct.accusedMembers.size;
    }
    expect(proofs).toBeGreaterThan(0);
  });

  it('a member that asked for a view and crashed votes no more in the one before (scenario 12)', () => {
    const scene = new Scene();
    scene.impose(lost({ from: [2], kinds: ['requests', 'status'] }), lost({ to: [2], kinds: ['fetch'] }));
    scene.submit(2);
    scene.until(() => scene.promisedView(2) === 1);
    scene.run(20);
    scene.cluster.crash(2, 10);
    scene.run(20);
    expect(scene.promisedView(2)).toBe(1);
    scene.decide(2, 0);
    expect(scene.view(0)).toBe(0);
    expect(scene.votes('prepare', 2, 0)).toHaveLength(0);
    scene.settle();
  });

  it.each([
    { point: 'before-sync', member: 0 },
    { point: 'during-sync', member: 0 },
    { point: 'after-sync', member: 0 },
    { point: 'before-sync', member: 1 },
    { point: 'during-sync', member: 1 },
    { point: 'after-sync', member: 1 },
  ] as const)(
    'member $member, killed $point of each vote, never votes otherwise (scenario 12)',
    ({ point, member }) => {
      for (let vote = 0; vote < 4; vote++) {
        const scene = new Scene({ disk: { ...CALM.disk, tornRate: 0.5 } }, vote + 1);
        scene.submit(0);
        for (let round = 0; round <= vote; round++) {
          const victim = scene.cluster.member(member);
          victim.setTrap(new Trap(point, undefined, () => scene.cluster.crash(member, 30)));
          scene.until(() => !victim.isUp);
          scene.until(() => victim.isUp);
          scene.submit(1);
          scene.submit(2);
        }
        scene.settle();
      }
    },
  );

  it('a batch that was prepared before a long outage is decided after it, however old it is by then', () => {
    const scene = new Scene();
    scene.impose(lost({ kinds: ['commit'], view: 0 }));
    scene.submit(0);
    scene.until(() => [0, 1, 2, 3].every((member) => scene.votes('commit', member, 0).length === 1));
    const [commit] = scene.votes('commit', 1, 0);
    const outage = [lost({})];
    scene.impose(...outage);
    scene.run(2 * scene.cluster.committee.table.logTimeBoundMs);
    scene.lift(...outage);
    scene.until(() => scene.acknowledgedBlocks.length > 0);
    expect(scene.acknowledgedBlocks[0]?.block.certificate).toMatchObject({ sequence: 1, digest: commit?.digest });
    scene.settle();
  });

  it('a decision that catching up and a new view bring at once is executed once (scenario 8)', () => {
    const scene = new Scene();
    // Member 2 alone sees the decision; the next view starts with it, while member 3 is brought it as decided.
    scene.impose(lost({ to: [0, 1, 3], kinds: ['commit'], view: 0 }));
    scene.submit(0);
    scene.until(() => scene.executed(2) === 1);
    scene.until(() => scene.view(3) === 1);
    scene.cluster.network.heal();
    scene.until(() => [0, 1, 3].every((member) => scene.executed(member) === 1));
    scene.decide(3, 1);
    scene.settle();
    for (const member of [0, 1, 2, 3]) {
      const executed = scene.blocks(member).map(({ sequence }) => sequence);
      expect(executed).toEqual(executed.map((_, index) => index + 1));
    }
  });
});
