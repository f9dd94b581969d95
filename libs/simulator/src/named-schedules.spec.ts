import type { CommittedBlock } from '@concordat/consensus';
import { portableHash, type MemberIndex, type MessageKind, type Signed } from '@concordat/protocol';
import { CALM, Cluster, Random, settle, START, Workload, type NetworkRule, type ScheduleOptions } from './index';
import type { Checker } from './watch';

/** A cluster that is told step by step what goes wrong, and what it did. */
class Scene implements Checker {
  readonly cluster: Cluster;
  readonly sealedVotes: { readonly member: MemberIndex; readonly message: Signed; readonly atMs: number }[] = [];
  readonly acknowledgedBlocks: { readonly member: MemberIndex; readonly block: CommittedBlock }[] = [];
  private readonly workload: Workload;
  private submitted = 0;

  constructor(options: Partial<ScheduleOptions> = {}, seed = 1) {
    const all = { ...CALM, ...options };
    this.cluster = new Cluster(seed, all, portableHash, [this]);
    this.workload = new Workload(portableHash, new Random(seed), this.cluster.signatures, START, all.workload);
    this.cluster.start();
  }

  sealed(member: MemberIndex, message: Signed): void {
    this.sealedVotes.push({ member, message, atMs: this.cluster.elapsedMs });
  }

  acknowledged(member: MemberIndex, block: CommittedBlock): void {
    this.acknowledgedBlocks.push({ member, block });
  }

  submit(to: number): void {
    const text = `request ${String(this.submitted++)}`;
    this.cluster.submit(to, this.workload.ofClient(this.cluster.elapsedMs, { client: 0, text }));
  }

  /** Submits one request after the other, each once the one before it is executed by somebody. */
  decide(count: number, to: number): void {
    for (let index = 0; index < count; index++) {
      const before = this.cluster.agreement.length;
      this.submit(to);
      this.until(() => this.cluster.agreement.length > before);
    }
  }

  until(isDone: () => boolean, withinMs = 5000): void {
    expect(this.cluster.runUntil(this.cluster.elapsedMs + withinMs, isDone) || this.cluster.violations).toBe(true);
  }

  run(forMs: number): void {
    this.cluster.runUntil(this.cluster.elapsedMs + forMs);
  }

  impose(...rules: NetworkRule[]): void {
    for (const rule of rules) this.cluster.network.impose(rule);
  }

  executed(member: number): number {
    return this.cluster.member(member).engine?.state().executed ?? -1;
  }

  view(member: number): number {
    return this.cluster.member(member).engine?.state().view ?? -1;
  }

  promisedView(member: number): number {
    return this.cluster.member(member).engine?.state().promisedView ?? -1;
  }

  stable(member: number): number {
    return this.cluster.member(member).engine?.state().stable ?? -1;
  }

  votes(kind: MessageKind, member: number, view: number): Signed[] {
    return this.sealedVotes
      .filter((vote) => vote.member === member && vote.message.kind === kind && vote.message.view === view)
      .map((vote) => vote.message);
  }

  /** Heals everything; agreement, every owed outcome and equal states must follow. */
  settle(): void {
    const probes = this.cluster.correctMembers.map(({ index }) =>
      this.workload.ofGateway(index, this.cluster.elapsedMs, 'probe'),
    );
    settle(this.cluster, probes);
    expect(this.cluster.violations).toEqual([]);
  }
}

const lost = (rule: Omit<NetworkRule, 'delayMs'>): NetworkRule => ({ ...rule, delayMs: 'lost' });
const late = (delayMs: number, rule: Omit<NetworkRule, 'delayMs'>): NetworkRule => ({ ...rule, delayMs });

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
    const cutOff = (member: number): NetworkRule[] => [lost({ from: [member] }), lost({ to: [member] })];
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
    for (const rule of isolation) scene.cluster.network.lift(rule);
    scene.impose(...cutOff(2));
    scene.until(() => [0, 1, 3].every((member) => scene.executed(member) >= 1), 20_000);
    expect(scene.view(3)).toBeGreaterThan(1);
    scene.settle();
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
    scene.impose(lost({ to: [3] }), lost({ from: [3] }));
    scene.decide(9, 0);
    scene.until(() => scene.stable(1) === 8 && scene.stable(2) === 8);
    expect(scene.stable(3)).toBe(0);
    scene.cluster.network.heal();
    scene.cluster.crash(0, 'for-good');
    scene.submit(1);
    scene.until(() => scene.executed(3) >= 10);
    expect(scene.view(3)).toBeGreaterThan(0);
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
});
