import { portableHash, timeoutDigest, type Sequence, type Signed, type View } from '@concordat/protocol';
import { NOTHING_RECOVERED, type DurableRecord } from '../replica';
import type { ReplicaConfig } from '../replica-config';
import { envelopeOf, testCommittee } from '../testing/driver';
import { LinearDriver, type TestBlock } from '../testing/linear-driver';
import { joinEnvelope, OPERATOR } from '../testing/system';
import { Cluster } from './cluster';

const swarmOf = (n: number, config: Partial<ReplicaConfig> = {}, observers = 0): Cluster =>
  new Cluster(n, { committee: testCommittee(n, { engine: 'hotstuff', operators: [OPERATOR] }), config, observers });

let clients = 0;
const submit = (swarm: Cluster, to: number): void =>
  swarm.submit(to, envelopeOf(`attacked ${String(clients++)}`, { expiresAt: swarm.now + 100_000 }));

const decided = (swarm: Cluster): number[] => swarm.nodes.map((node) => node.replica.state().totalDecided);

describe('many blocks in a row that nothing decides', () => {
  /** Members 0, 1 and 2 certify blocks, never in three consecutive views, while member 3 hears nothing. */
  function longRow(): Cluster {
    const swarm = swarmOf(4, { viewChangeTimeoutMaxMs: 250 });
    swarm.run(300);
    const cut = (from: number, to: number): boolean => (from === 3) !== (to === 3);
    swarm.filter = (from, to, { kind, view }: Signed) => !cut(from, to) && (kind !== 'proposal' || view % 3 !== 0);
    while (swarm.node(0).replica.state().slots < 100 && swarm.now < 90_000) {
      submit(swarm, 0);
      swarm.run(100);
    }
    expect(swarm.node(0).replica.state().slots).toBeGreaterThanOrEqual(100);
    swarm.filter = () => true;
    return swarm;
  }

  it('a member that has none of them takes the place of one that goes down', () => {
    const swarm = longRow();
    const before = decided(swarm)[0]!;
    swarm.crash(2);
    swarm.run(20_000);
    submit(swarm, 3);
    swarm.run(5_000);
    expect(decided(swarm)[0]).toBeGreaterThan(before);
    expect(decided(swarm)[3]).toBe(decided(swarm)[0]);
    swarm.checkAgreement();
    swarm.checkPromises();
  });
});

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

describe('a member that contradicts itself without end', () => {
  type Three = (member: LinearDriver) => [Signed, Signed, Signed];
  const blocks = (member: LinearDriver, view: number): TestBlock[] =>
    ['X', 'Y', 'Z'].map((name) => member.block(name, view));
  const proposals: Three = (member) =>
    blocks(member, 1).map((block) => member.proposal(block, member.root)) as ReturnType<Three>;
  const votes: Three = (member) =>
    blocks(member, 3).map(({ view, sequence, digest }) =>
      member.sealAs(1, { kind: 'vote', view, sequence, digest }),
    ) as ReturnType<Three>;
  const timeouts: Three = (member) =>
    blocks(member, 1).map(({ view, digest }) => {
      const highest = { view, digest };
      const place = { view: 2 as View, sequence: 0 as Sequence, digest: timeoutDigest(portableHash, highest) };
      return member.sealAs(1, { kind: 'timeout', ...place, highest, justify: undefined, timeouts: undefined });
    }) as ReturnType<Three>;

  it.each([
    ['proposals', proposals],
    ['votes', votes],
    ['timeouts', timeouts],
  ] as const)('%s: the second is proof, and the third is refused before anything in it is checked', (_, three) => {
    // It leads views 4 and 5, so it gathers the votes of view 3.
    const member = new LinearDriver(2).start();
    const [first, second, third] = three(member);
    member.receive(first);
    expect(member.replica.admit(second)).toBeUndefined();
    member.receive(second);
    expect(member.replica.evidence()).toHaveLength(1);
    expect(member.replica.admit(third)?.code).toBe('redundant');
  });
});

it('a restarted member keeps the block that it voted for in a new log file, though it lacks the block below', () => {
  const records: DurableRecord[] = [];
  const before = new LinearDriver(3).start();
  before.onPersist = (record) => records.push(record);
  before.propose(...before.row(1, 2));
  const [proposal] = records.flatMap((record) =>
    record.kind === 'proposal' && record.message.view === 2 ? [record] : [],
  );
  const recovered = { ...NOTHING_RECOVERED, votes: before.sealed, proposals: [proposal!.message] };
  const after = new LinearDriver(3, { recovered }).start();
  expect(after.replica.base().records).toContainEqual(proposal);
});

it('a proposal that comes before the checkpoint by which the window moves gets its vote with that', () => {
  const member = new LinearDriver(3).start();
  const row = member.row(1, 2, 3, 4, 5, 6, 7, 8);
  member.propose(...row, member.block('first above', 9, row[7]));
  const own = member.sealed.find((message) => message.kind === 'checkpoint');
  expect(member.sealed.some(({ kind, view }) => kind === 'vote' && view === 9)).toBe(false);
  const { sequence } = own!;
  const certificate = { sequence, content: own!.content, signatures: [] };
  member.from(1, { kind: 'stable', view: 0 as View, sequence, certificate });
  expect(member.sealed.some(({ kind, view }) => kind === 'vote' && view === 9)).toBe(true);
});
