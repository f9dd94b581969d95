import { Broker } from './testing/broker';
import { Link } from './testing/link';
import { Swarm, type Answer } from './testing/swarm';
import { until } from './testing/until';

interface Why {
  readonly status: string;
  readonly leader: string;
  readonly have: { readonly weight: number };
  readonly need: number;
  readonly missing: readonly { readonly node_id: string; readonly state: string }[];
  readonly links_down: readonly { readonly from: string; readonly to: string }[];
  readonly timer: { readonly timer: string; readonly runs_out_in_ms: number } | null;
  readonly reasons: readonly string[];
  readonly what_would_help: readonly string[];
}

describe('partitions of real members', () => {
  let swarm: Swarm;
  let links: Link[];

  beforeAll(async () => {
    const broker = await Broker.start();
    links = await Promise.all([0, 1, 2, 3].map(() => Link.open(broker.port)));
    // Longer than it takes to notice that a member is silent: a silent leader can be asked about.
    const environment = { PHASE_TIMEOUT_MS: '5000' };
    swarm = await Swarm.start({ broker, natsUrls: links.map(({ url }) => url), environment });
  });
  afterAll(async () => {
    await swarm.stop();
    await Promise.all(links.map((link) => link.close()));
  });
  /** Whatever a test did, the next one begins with all healed: nobody has to be told. */
  afterEach(async () => {
    for (const link of links) link.heal();
    await swarm.healthy();
  });

  const link = (index: number): Link => {
    const found = links[index];
    if (found === undefined) throw new Error(`no link ${String(index)}`);
    return found;
  };
  const status = (index: number): Promise<Answer> => swarm.member(index).get('/api/v1/cluster/status');
  const propose = async (index: number, value: unknown): Promise<string> => {
    const { body } = await swarm.member(index).post('/api/v1/propose', { value, timeout_ms: 60_000 });
    return String(body['proposal_id']);
  };
  const why = async (index: number, id: string): Promise<Why> => {
    const { body } = await swarm.member(index).get(`/api/v1/why?proposal_id=${id}`);
    return body as unknown as Why;
  };
  /** Why, once it says so. */
  const because = (index: number, id: string, words: string): Promise<Why> =>
    until(`member ${String(index)} says: ${words}`, 10_000, async () => {
      const answer = await why(index, id);
      return answer.reasons.some((reason) => reason.includes(words)) ? answer : undefined;
    });
  const health = (index: number, expected: string): Promise<Answer> =>
    until(`member ${String(index)} is ${expected}`, 10_000, async () => {
      const answer = await swarm.member(index).get('/api/v1/health');
      return answer.body['status'] === expected ? answer : undefined;
    });
  const decidedEverywhere = (id: string): Promise<unknown> =>
    until(`${id} is decided everywhere`, 20_000, async () => {
      const answers = await Promise.all(swarm.members.map((member) => member.get(`/api/v1/consensus/${id}`)));
      return answers.every(({ body }) => body['status'] === 'decided') ? true : undefined;
    });

  it('a member that is cut off says so, and is ready again by itself', async () => {
    link(3).swallow(['in', 'out']);
    const id = await propose(3, 'from the island');
    // It is without a quorum as soon as it misses two of them; the third one's silence is noticed when its time is over.
    const cut = await until('member 3 misses all others', 10_000, async () => {
      const { status: code, body } = await swarm.member(3).get('/api/v1/health');
      const missing = body['out_of_reach'] as readonly string[];
      return missing.length === 3 ? { code, status: body['status'], missing } : undefined;
    });
    expect(cut).toEqual({ code: 503, status: 'partitioned', missing: ['node-0', 'node-1', 'node-2'] });
    expect((await swarm.member(3).post('/api/v1/propose', { value: 1 })).status).toBe(503);
    const answer = await because(3, id, 'This member is cut off');
    expect(answer).toMatchObject({ status: 'active', need: 3 });
    expect(answer.reasons[0]).toContain('The others may decide without it.');
    expect(answer.what_would_help).toContain('Mend the way from this member to the NATS server.');
    await swarm.member(0).decide('without it');
    const others = await until('the others miss it', 10_000, async () => {
      const { body } = await status(0);
      const { groups } = body['connectivity'] as { groups: unknown };
      return JSON.stringify(groups).includes('node-3') ? undefined : body;
    });
    expect(others).toMatchObject({ status: 'degraded', consensus_possible: true, healthy_nodes: 3 });
    link(3).heal();
    expect((await health(3, 'healthy')).body['out_of_reach']).toEqual([]);
    await decidedEverywhere(id);
    expect(await why(0, id)).toMatchObject({ status: 'decided', missing: [], timer: null });
  });

  it('a member that hears all and is heard by nobody is partitioned too, and the others go on', async () => {
    link(2).swallow(['out']);
    await health(2, 'partitioned');
    const body = await until('member 2 knows that nobody hears it', 10_000, async () => {
      const { body: said } = await status(2);
      const { one_way: oneWay } = said['connectivity'] as { one_way: { from: string; to: string }[] };
      const deaf = ['node-0', 'node-1', 'node-3'].every((name) =>
        oneWay.some(({ from, to }) => from === 'node-2' && to === name),
      );
      return deaf ? said : undefined;
    });
    expect(body).toMatchObject({ consensus_possible: true });
    await swarm.member(1).decide('without the mute one');
    link(2).heal();
    await health(2, 'healthy');
  });

  it('with no side that has a quorum: who is missing, what would help, and what waited is decided after healing', async () => {
    for (const index of [2, 3]) link(index).swallow(['in', 'out']);
    const id = await propose(1, 'half');
    const answer = await because(1, id, 'No other side has a quorum');
    expect(answer).toMatchObject({ status: 'active', have: { weight: 2 }, need: 3 });
    expect(answer.missing.map(({ node_id: name, state }) => [name, state])).toEqual([
      ['node-2', 'unreachable'],
      ['node-3', 'unreachable'],
    ]);
    expect(answer.links_down).toEqual(expect.arrayContaining([{ from: 'node-3', to: 'node-1' }]));
    expect(answer.what_would_help[0]).toBe('Bring back at least 1 member of node-2, node-3.');
    expect((await status(1)).body).toMatchObject({ status: 'partitioned', consensus_possible: false });
    for (const index of [2, 3]) link(index).heal();
    await decidedEverywhere(id);
  });

  it('a request whose time is over while nothing can be decided comes out as expired', async () => {
    const leader = await swarm.leader(1);
    const [witness, other] = [(leader + 1) % 4, (leader + 2) % 4];
    const away = [leader, other];
    for (const index of away) link(index).swallow(['in', 'out']);
    const { body } = await swarm.member(witness).post('/api/v1/propose', { value: 'too late', timeout_ms: 1_000 });
    const id = String(body['proposal_id']);
    expect((await because(witness, id, 'Its deadline has passed')).status).toBe('active');
    for (const index of away) link(index).heal();
    const answer = await until('it is ordered', 20_000, async () => {
      const said = await why(witness, id);
      return said.status === 'expired' ? said : undefined;
    });
    expect(answer).toMatchObject({ status: 'expired', missing: [] });
    expect(answer.reasons[0]).toContain('It was ordered after its deadline');
  });

  it('a leader that is silent: its name, its timer, and who is next', async () => {
    const leader = await swarm.leader(1);
    const witness = (leader + 1) % 4;
    const name = `node-${String(leader)}`;
    await swarm.member(leader).end('SIGKILL');
    const id = await propose(witness, 'leaderless');
    const answer = await because(witness, id, `The leader ${name} is not heard here.`);
    expect(answer.leader).toBe(name);
    expect(answer.timer).toMatchObject({ timer: 'progress' });
    expect(answer.timer?.runs_out_in_ms).toBeLessThan(5000);
    expect(answer.what_would_help[0]).toContain(`under node-${String(witness)}`);
    await until('the next leader has it decided', 20_000, async () =>
      (await why(witness, id)).status === 'decided' ? true : undefined,
    );
    swarm.member(leader).start();
  });
});
