import { join } from 'node:path';
import { nativeHash, readKeyFile, type KeyPair } from '@concordat/crypto';
import { connectBus, type NatsBus } from '@concordat/nats';
import { Committee, digest, sequence, subjectsOf, view, type Draft, type EngineName } from '@concordat/protocol';
import { sealedBy } from './testing/liar';
import { ProposingLiar } from './testing/proposing-liar';
import { Swarm } from './testing/swarm';
import { until } from './testing/until';

/** A lie, and the subject that it is sent on. */
interface Lie {
  readonly draft: Draft;
  readonly subject: string;
}

/** How a member lies. */
interface Way {
  readonly name: string;
  readonly engine: EngineName;
  /** Who lies, by its place: everybody else has a proof then. */
  readonly liar: number;
  /** Lies, at once or until what it gives is called. */
  readonly lie: (place: Place) => Promise<() => Promise<void>>;
}

/** Where a member lies. */
interface Place {
  readonly swarm: Swarm;
  readonly bus: NatsBus;
  readonly committee: Committee;
  readonly name: string;
  readonly key: KeyPair;
}

/** Signs with the liar's key what its honest process never would. */
const sends =
  (...lies: readonly Lie[]): Way['lie'] =>
  ({ swarm, bus, committee, name, key }) => {
    for (const { draft, subject } of lies) bus.publish(subject, sealedBy(swarm, name, key, committee, draft));
    return Promise.resolve(() => Promise.resolve());
  };

const subjects = subjectsOf('e2e');
const digestOf = (letter: string) => digest(letter.repeat(64));

/** Inside everybody's window, and above what the honest process of the liar votes on. */
const LIE_AT = 24;
/** Views that the honest process of the liar does not reach, with the leaders of the views after them: nodes 0, 1 and 2. */
const COLLECTED = [
  [96, 0],
  [98, 1],
  [100, 2],
] as const;

const WAYS: readonly Way[] = [
  {
    name: 'two COMMITs for one slot',
    engine: 'pbft',
    liar: 3,
    lie: sends(
      ...['a', 'b'].map((letter): Lie => ({
        draft: { kind: 'commit', view: view(0), sequence: sequence(LIE_AT), digest: digestOf(letter) },
        subject: subjects.consensus('node-3', 'commit'),
      })),
    ),
  },
  {
    name: 'two votes in one view, to whoever leads the next one',
    engine: 'hotstuff',
    liar: 3,
    lie: sends(
      ...COLLECTED.flatMap(([at, collector]) =>
        ['a', 'b'].map((letter): Lie => ({
          draft: { kind: 'vote', view: view(at), sequence: sequence(LIE_AT), digest: digestOf(letter) },
          subject: subjects.direct(`node-${String(collector)}`, 'node-3', 'vote'),
        })),
      ),
    ),
  },
  {
    name: 'two proposals in a view',
    engine: 'hotstuff',
    liar: 0,
    lie: async ({ swarm, committee, name, key }) => {
      const liar = await ProposingLiar.connect(swarm, name, key, committee);
      return () => liar.close();
    },
  },
];

describe.each(WAYS)('a member that lies, with $engine: $name', ({ engine, liar, lie }) => {
  const name = `node-${String(liar)}`;
  const others = [0, 1, 2, 3].filter((index) => index !== liar);
  let swarm: Swarm;
  let bus: NatsBus;

  beforeAll(async () => {
    swarm = await Swarm.start({ engine });
    bus = await connectBus({ url: swarm.nats.url, name: 'liar' });
  });

  afterAll(async () => {
    await bus.close();
    await swarm.stop();
  });

  it('is found out: proof on record at every other member, also after a restart; decisions go on', async () => {
    const proofs: string[] = [];
    bus.subscribe(subjects.allThreats, (_, subject) => proofs.push(subject));
    const [witness, restarted] = others.map((index) => swarm.member(index));
    if (witness === undefined || restarted === undefined) throw new Error('there are others');
    const committee = new Committee(swarm.genesis.table, nativeHash);
    const key = readKeyFile(join(swarm.folder, name, 'key.json'));
    const stopLying = await lie({ swarm, bus, committee, name, key });
    await witness.decide('before');
    for (const index of others) {
      const body = await until(`node-${String(index)} has a proof`, 10_000, async () => {
        const answer = await swarm.member(index).get('/api/v1/health');
        await witness.decide('while it lies');
        return (answer.body['byzantine_nodes'] as string[]).length > 0 ? answer.body : undefined;
      });
      expect(body).toMatchObject({ byzantine_nodes: [name], status: 'degraded' });
    }
    await stopLying();
    expect(new Set(proofs)).toEqual(new Set(others.map((index) => `bft.e2e.threat.node-${String(index)}.evidence`)));
    expect(await restarted.decide('after')).toMatchObject({ byzantine_detected: [name] });
    const metrics = await (await fetch(`${witness.url}/metrics`)).text();
    expect(metrics).toMatch(/^byzantine_detections\{kind="equivocation"\} 1$/m);
    await restarted.end('SIGKILL');
    restarted.start();
    await until(`${restarted.name} is back, and remembers`, 20_000, async () => {
      const { body } = await restarted.get('/api/v1/health');
      return (body['byzantine_nodes'] as string[]).includes(name) ? true : undefined;
    });
  });
});
