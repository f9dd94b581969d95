import { connectBus, type NatsBus } from '@concordat/nats';
import { HEADER_BYTES, PACKED_VERSION, subjectsOf, WIRE_VERSION } from '@concordat/protocol';
import { metric } from './testing/metrics';
import { Swarm, type MemberProcess } from './testing/swarm';
import { until } from './testing/until';

/** Names that repeat: worth compressing. */
const wordy = (n: number): unknown => ({ n, notes: 'temperature pressure humidity '.repeat(20) });

const executed = (member: MemberProcess): Promise<number> => metric(member, 'consensus_executed_sequence');

describe('members with the profile edge beside others', () => {
  let swarm: Swarm;
  let bus: NatsBus;
  /** First bytes of what each node broadcast. */
  const versions = new Map<string, Set<number>>();
  /** A packed message of each node, with its subject. */
  const packed: { readonly subject: string; readonly bytes: Uint8Array }[] = [];

  const edge = (): readonly MemberProcess[] => swarm.members.slice(2);
  const plain = (): readonly MemberProcess[] => swarm.members.slice(0, 2);

  beforeAll(async () => {
    swarm = await Swarm.start();
    for (const member of edge()) {
      await member.end('SIGTERM');
      member.start({ PROFILE: 'edge' });
    }
    await swarm.healthy();
    bus = await connectBus({ url: swarm.nats.url, name: 'e2e' });
    bus.subscribe(subjectsOf(swarm.genesis.swarm).allConsensus, (bytes, subject) => {
      const sender = subject.split('.')[3] ?? '';
      versions.set(sender, (versions.get(sender) ?? new Set()).add(bytes[0] ?? -1));
      if (bytes[0] === PACKED_VERSION && packed.length < 100) packed.push({ subject, bytes: new Uint8Array(bytes) });
    });
    await bus.flush();
  });

  afterAll(async () => {
    await bus.close();
    await swarm.stop();
  });

  it('decide what any of them proposes, and only they compress', async () => {
    for (let n = 0; n < 12; n++) {
      const member = swarm.member(n % 4);
      const value = wordy(n);
      const { proposal_id: id } = await member.decide(value);
      for (const other of swarm.members) {
        await until(`${other.name} has it`, 10_000, async () => {
          const { body } = await other.get(`/api/v1/consensus/${String(id)}`);
          return body['status'] === 'decided' && JSON.stringify(body['decided_value']) === JSON.stringify(value)
            ? body
            : undefined;
        });
      }
    }
    for (const { name } of edge()) expect(versions.get(name)).toEqual(new Set([WIRE_VERSION, PACKED_VERSION]));
    for (const { name } of plain()) expect(versions.get(name)).toEqual(new Set([WIRE_VERSION]));
  });

  it('refuse bombs and garbage, count them, and go on', async () => {
    const sample = packed[0];
    if (sample === undefined) throw new Error('nothing was packed');
    const streamAt = HEADER_BYTES + 2 + 64 + 4;
    const announcing = (length: number): Uint8Array => {
      const bytes = new Uint8Array(sample.bytes);
      new DataView(bytes.buffer).setUint32(streamAt - 4, length);
      return bytes;
    };
    const garbage = new Uint8Array(sample.bytes);
    garbage.fill(0xaa, streamAt);
    const series = ['malformed', 'oversized'].map((code) => `consensus_rejections_total{code="${code}"}`);
    const count = (): Promise<number[][]> =>
      Promise.all(swarm.members.map((member) => Promise.all(series.map((each) => metric(member, each)))));
    const before = await count();
    const sender = sample.subject.split('.')[3];
    for (let i = 0; i < 20; i++) {
      // Signed by a member, as replayed by a broker that changes what no signature covers.
      bus.publish(sample.subject, announcing(0xffff_ffff));
      bus.publish(sample.subject, announcing(600_000));
      bus.publish(sample.subject, garbage);
    }
    await until('all are counted', 10_000, async () => {
      const now = await count();
      const others = swarm.members.map(({ name }, i) => [name, i] as const).filter(([name]) => name !== sender);
      const grown = others.every(([, i]) => {
        const [malformed, oversized] = [0, 1].map((at) => (now[i]?.[at] ?? 0) - (before[i]?.[at] ?? 0));
        return (malformed ?? 0) >= 20 && (oversized ?? 0) >= 20;
      });
      return grown ? true : undefined;
    });
    for (const [n, member] of swarm.members.entries()) await member.decide(wordy(100 + n));
  });

  it('catch up with the others after they were away', async () => {
    const away = swarm.member(3);
    await away.end('SIGKILL');
    for (let n = 0; n < 20; n++) await swarm.member(n % 3).decide(wordy(200 + n));
    const goal = await executed(swarm.member(0));
    away.start();
    await until('it has what was decided', 20_000, async () => ((await executed(away)) >= goal ? true : undefined));
    await away.healthy();
    await away.decide(wordy(300));
  });

  it('go on when the leader is lost', async () => {
    const leader = await swarm.leader();
    await swarm.member(leader).end('SIGKILL');
    const witness = swarm.member((leader + 2) % 4);
    await witness.decide(wordy(400));
    expect(await swarm.leader((leader + 2) % 4)).not.toBe(leader);
  });
});
