import { join } from 'node:path';
import { nativeHash, readKeyFile, signatureSuite } from '@concordat/crypto';
import { connectBus, type NatsBus } from '@concordat/nats';
import { nodeId } from '@concordat/protocol';
import { CatchUpLiar } from './testing/catch-up-liar';
import { Changes } from './testing/changes';
import { metric } from './testing/metrics';
import { proposeMany } from './testing/signed-load';
import { type MemberProcess, Swarm } from './testing/swarm';
import { epochsOf } from './testing/swarm-checks';
import { until } from './testing/until';

const HALF = { clients: 10, envelopesPerClient: 9, requestsPerEnvelope: 280, valueBytes: 1_400 };
const MISSED = 2 * HALF.clients * HALF.envelopesPerClient * HALF.requestsPerEnvelope;
const AWAY = 'node-3';
const LIAR = 'node-4';
/** A member that catches up holds one state and a few messages more than one that votes. */
const RSS_FACTOR = 1.5;
const RSS_MARGIN_BYTES = 48 << 20;
const primitives = {
  hash: nativeHash,
  verifySignature: (...signed: [Uint8Array, Uint8Array, Uint8Array]) => signatureSuite('ed25519').verify(...signed),
};
const rejected = (member: MemberProcess, code: string): Promise<number> =>
  metric(member, `consensus_rejections_total{code="${code}"}`);
const resident = (member: MemberProcess): Promise<number> => metric(member, 'process_resident_memory_bytes');

describe(`a member that missed ${String(MISSED)} decisions and two epochs`, () => {
  let swarm: Swarm;
  let bus: NatsBus;
  let liar: CatchUpLiar;
  let firstProposal: string;
  const honest = (): MemberProcess[] => [0, 1, 2].map((index) => swarm.member(index));

  beforeAll(async () => {
    // Five members, f = 1, a quorum is four: without the one that is away each of the others is needed, and later it is.
    swarm = await Swarm.start({
      nodes: 5,
      checkpointInterval: 8,
      environment: { SNAPSHOT_GAP: '40', RETAIN_SEQUENCES: '24' },
    });
    bus = await connectBus({ url: swarm.nats.url, name: 'e2e' });
  });

  afterAll(async () => {
    await liar.close();
    await bus.close();
    await swarm.stop();
  });

  it('is away while the others decide, change epochs, and drop old decisions', async () => {
    const changes = new Changes(swarm);
    await swarm.named(AWAY).end('SIGKILL');
    const score = (behavior_score: number): Promise<unknown> =>
      changes.ask(swarm.member(0), { kind: 'reputation', node_id: 'node-1', behavior_score, reason: 'test' });
    const effective = { status: 200, body: { status: 'effective' } };
    firstProposal = await proposeMany(swarm, bus, HALF);
    expect(await score(0.5)).toMatchObject(effective);
    await proposeMany(swarm, bus, HALF);
    expect(await score(1)).toMatchObject(effective);
    for (const member of honest()) {
      await until(`${member.name} has dropped decisions`, 30_000, async () =>
        (await metric(member, 'consensus_oldest_sequence')) > 1 ? true : undefined,
      );
      expect(await metric(member, 'consensus_epoch')).toBe(2);
    }
  });

  it('what was dropped is told of as dropped; history holds the rest and the sums over all', async () => {
    for (const member of honest()) {
      for (const path of ['consensus/', 'why?proposal_id='])
        expect(await member.get(`/api/v1/${path}${firstProposal}`)).toMatchObject({
          status: 404,
          body: { error: { code: 'PRUNED' } },
        });
      let last = '';
      let listed = 0;
      for (let cursor = '', more = true; more;) {
        const { status, body } = await member.get(`/api/v1/history?limit=100${cursor}`);
        expect([status, Number(body['total_decisions']) >= MISSED]).toEqual([200, true]);
        const page = body['recent_decisions'] as { proposal_id: string }[];
        listed += page.length;
        last = page.at(-1)?.proposal_id ?? last;
        more = body['next_cursor'] !== null;
        cursor = `&cursor=${String(body['next_cursor'])}`;
      }
      expect(listed).toBeGreaterThan(0);
      expect(listed).toBeLessThan(MISSED);
      expect((await member.get(`/api/v1/consensus/${last}`)).body).toMatchObject({ status: 'decided' });
    }
  });

  it('meets a peer that offers the certified state and sends other bytes: it skips it, and says why', async () => {
    await swarm.named(LIAR).end('SIGKILL');
    const key = readKeyFile(join(swarm.folder, LIAR, 'key.json'));
    const epochs = await epochsOf(swarm, swarm.member(0), primitives);
    liar = await CatchUpLiar.connect(swarm, { name: nodeId(LIAR), key, epochs, victim: nodeId(AWAY) });
    await liar.learnOffer(nodeId('node-0'));
    // Nobody else is there to be asked.
    for (const member of honest()) member.freeze();
    const away = swarm.named(AWAY);
    away.start();
    await until('it has found the lie', 60_000, async () =>
      (await rejected(away, 'bad_chunk')) > 0 ? true : undefined,
    );
    expect(await metric(away, 'consensus_snapshots_installed_total')).toBe(0);
    expect(await metric(away, 'consensus_snapshot_chunks')).toBe(0);
    expect(await metric(away, 'consensus_snapshot_chunks_in_all')).toBeGreaterThan(0);
    expect(await rejected(away, 'bad_chunk')).toBe(1);
    for (const member of honest()) member.thaw();
  });

  it('takes the state over from the others, votes where its vote is needed, and stays as small as they are', async () => {
    const away = swarm.named(AWAY);
    let peak = 0;
    await until('it has caught up', 60_000, async () => {
      peak = Math.max(peak, await resident(away));
      const { body } = await away.get('/api/v1/health');
      return body['epoch'] === 2 && body['votes'] === true && Number(body['total_decisions']) >= MISSED
        ? true
        : undefined;
    });
    // Four of five are a quorum, and the liar's key signs no vote.
    const { certificate } = await until('a decision that needs its vote', 60_000, () =>
      swarm.member(0).decide('with all four'),
    );
    const { commits } = certificate as { commits: { node_id: string }[] };
    expect(commits.map(({ node_id: node }) => node)).toEqual(['node-0', 'node-1', 'node-2', AWAY]);
    peak = Math.max(peak, await resident(away));
    const others = Math.max(...(await Promise.all(honest().map(resident))));
    expect(peak).toBeLessThan(RSS_FACTOR * others + RSS_MARGIN_BYTES);
    expect(await metric(away, 'consensus_snapshots_installed_total')).toBeGreaterThan(0);
    const gap = await metric(away, 'consensus_gap_sequences_total');
    expect(gap).toBeGreaterThan(2 * HALF.envelopesPerClient);
    expect(await metric(away, 'consensus_oldest_sequence')).toBeGreaterThan(gap);
    expect(liar.lies.chunk).toBeGreaterThan(0);
    expect(swarm.members.flatMap(({ unasked }) => unasked)).toEqual([]);
  });
});
