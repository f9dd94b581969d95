import { signersOf } from './testing/certificates';
import { expectAllThere, Load } from './testing/load';
import { Swarm } from './testing/swarm';
import { until } from './testing/until';

const sequenceOf = (body: Record<string, unknown>): number => (body['certificate'] as { sequence: number }).sequence;

describe('a member that was away for long', () => {
  let swarm: Swarm;
  afterEach(() => swarm.stop());

  it('takes over a state, votes again, and does so once more after a restart', async () => {
    swarm = await Swarm.start({ environment: { SNAPSHOT_GAP: '40' } });
    const others = swarm.members.slice(0, 3);
    const away = swarm.member(3);
    const before = await away.decide('before');
    await away.end('SIGKILL');
    const load = new Load(others);
    // Further than a checkpoint and the gap: decisions alone would do, and are not what it asks for.
    await until('the others are far ahead', 60_000, async () => {
      const decided = await others[0]?.decide('how far?');
      return decided !== undefined && sequenceOf(decided) > sequenceOf(before) + 300 ? true : undefined;
    });
    await load.stop();
    const missed = load.acknowledged[0];
    away.start();
    await away.healthy();
    const votes = (value: string): Promise<true> =>
      until('it votes again', 20_000, async () => {
        const decided = await others[0]?.decide(value);
        return decided !== undefined && signersOf(decided).includes('node-3') ? true : undefined;
      });
    await votes('does it vote?');
    // What was decided in the gap is with the others; what came before and after is here.
    expect((await away.get(`/api/v1/consensus/${missed?.proposalId ?? ''}`)).status).toBe(404);
    expect((await away.get(`/api/v1/consensus/${String(before['proposal_id'])}`)).status).toBe(200);
    if (missed !== undefined && others[1] !== undefined) await expectAllThere(others[1], [missed]);
    await away.end('SIGKILL');
    away.start();
    await away.healthy();
    await votes('after a restart?');
    const own = await away.decide('of its own');
    expect(own['status']).toBe('decided');
  });
});
