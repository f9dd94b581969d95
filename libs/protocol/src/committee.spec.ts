import { checkCommitCertificate } from './certificates';
import { Committee } from './committee';
import { decodeEpochTable, encodeEpochTable } from './epoch-table-codec';
import { portableHash } from './hash';
import { memberIndex, view, type MemberIndex } from './ids';
import { leaderSchedule } from './leader-schedule';
import { createSwarm, someDigest } from './testing/swarm';
import { LayoutError } from './wire';

const membersOf = (...indexes: number[]): MemberIndex[] => indexes.map(memberIndex);
const swarm = createSwarm({ n: 7, epoch: 2, baseSequence: 16 });
const { table } = swarm.committee;
const withMembers = (change: (index: number) => object): Committee =>
  new Committee(
    { ...table, members: table.members.map((member, index) => ({ ...member, ...change(index) })) },
    portableHash,
  );

describe('an isolated member', () => {
  const committee = withMembers((index) => ({ isolated: index === 1 }));

  it('weighs nothing, while what a quorum weighs stays as it was', () => {
    expect(committee.quorumWeight).toBe(5);
    expect(committee.isQuorum(membersOf(0, 1, 2, 3, 4))).toBe(false);
    expect(committee.isQuorum(membersOf(0, 2, 3, 4, 5))).toBe(true);
  });

  it('is nobody among f + 1 of whom one is honest', () => {
    expect(committee.hasHonest(membersOf(0, 1, 2))).toBe(false);
    expect(committee.hasHonest(membersOf(0, 2, 3))).toBe(true);
  });

  it('never leads', () => {
    const leaders = Array.from({ length: 14 }, (_, at) => committee.leaderOf(view(at)));
    expect(new Set(leaders)).toEqual(new Set(membersOf(0, 2, 3, 4, 5, 6)));
  });

  it('is one of at most f', () => {
    expect(() => withMembers((index) => ({ isolated: index < 3 }))).toThrow(/3 are isolated, at most f = 2/);
  });
});

describe('leaders of the linear engine', () => {
  const leadersOf = (options: Parameters<typeof createSwarm>[0], count: number): number[] => {
    const { committee } = createSwarm({ engine: 'hotstuff', ...options });
    return Array.from({ length: count }, (_, at) => committee.leaderOf(view(at)));
  };

  it('have two views in a row: three blocks in a row need a member that proposes on its own', () => {
    expect(leadersOf({}, 10)).toEqual([0, 0, 1, 1, 2, 2, 3, 3, 0, 0]);
    expect(leadersOf({ isolated: [1] }, 8)).toEqual([0, 0, 2, 2, 3, 3, 0, 0]);
  });

  it('are found for the last view that there is', () =>
    expect([0, 1, 2, 3]).toContain(
      createSwarm({ engine: 'hotstuff' }).committee.leaderOf(view(Number.MAX_SAFE_INTEGER)),
    ));

  it('have one each in PBFT', () =>
    expect(Array.from({ length: 5 }, (_, at) => createSwarm().committee.leaderOf(view(at)))).toEqual([0, 1, 2, 3, 0]));
});

describe('leaders by reputation', () => {
  const reputations = [1_000_000, 0, 333_334, 1_000_000];
  const byReputation = {
    ...createSwarm().committee.table,
    leaderElection: 'reputation' as const,
    members: createSwarm().committee.table.members.map((member, index) => ({
      ...member,
      reputation: reputations[index] ?? 0,
    })),
  };

  it('have turns by what they are held to be worth, and nobody has none', () => {
    const schedule = leaderSchedule(byReputation);
    const turns = [0, 1, 2, 3].map((member) => schedule.filter((leader) => leader === member).length);
    expect(turns).toEqual([4, 1, 2, 4]);
  });

  it('come in the order that the algorithm gives everywhere', () => {
    expect(leaderSchedule(byReputation)).toEqual([0, 3, 2, 0, 3, 1, 0, 3, 2, 0, 3]);
  });
});

describe('a certificate', () => {
  it('belongs to no epoch that begins above its sequence', () => {
    const old = { view: view(0), sequence: 16 as never, digest: someDigest('d'), signatures: [] };
    const refused = checkCommitCertificate(swarm.committee, portableHash, old, () => true);
    expect(refused).toMatchObject({
      code: 'bad_certificate',
      reason: expect.stringContaining('where the epoch begins') as string,
    });
  });
});

describe('a table from its bytes', () => {
  const full = {
    ...table,
    members: table.members.map((member) => ({ ...member, capabilities: ['gpu', 'edge'] })),
    operators: [new Uint8Array(32).fill(3)],
  };

  it('is what was encoded', () => expect(decodeEpochTable(encodeEpochTable(full))).toEqual(full));

  it('is refused when it is cut anywhere, or longer', () => {
    const bytes = encodeEpochTable(full);
    for (let length = 0; length < bytes.length; length++)
      expect(() => decodeEpochTable(bytes.slice(0, length))).toThrow(LayoutError);
    expect(() => decodeEpochTable(new Uint8Array([...bytes, 0]))).toThrow(LayoutError);
  });

  it('is refused when it contradicts itself', () => {
    const bytes = encodeEpochTable({ ...full, f: 3 });
    expect(() => decodeEpochTable(bytes)).toThrow(/epoch table: f:/);
  });
});
