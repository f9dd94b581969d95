import { randomInt } from 'node:crypto';
import { connectBus, type NatsBus } from '@concordat/nats';
import { subjectsOf } from '@concordat/protocol';
import { ChaosLoad, ROUTES } from './testing/chaos-load';
import { PROGRESS_MS, reportText, runChaos } from './testing/chaos-run';
import { ChaosSwarm } from './testing/chaos-swarm';
import {
  broken,
  decidedAt,
  leakedKeys,
  logOnDisk,
  oneLog,
  repeated,
  settledSequence,
  wholeSwarm,
} from './testing/swarm-checks';

/** CHAOS_SEED repeats the faults of a run, CHAOS_MINUTES makes it longer. */
const SEED = numberFrom('CHAOS_SEED', randomInt(2 ** 32));
const MINUTES = numberFrom('CHAOS_MINUTES', 1);
const SETTLE_MS = 20_000;
const LOG_TAIL = 2_000;

function numberFrom(name: string, otherwise: number): number {
  const text = process.env[name] ?? String(otherwise);
  if (!/^\d{1,15}$/.test(text)) throw new Error(`${name} must be a whole number, and is '${text}'`);
  return Number(text);
}

describe('a swarm under random faults', () => {
  let chaos: ChaosSwarm;
  let bus: NatsBus;
  const accusations: string[] = [];

  beforeAll(async () => {
    chaos = await ChaosSwarm.start();
    bus = await connectBus({ url: chaos.broker.url, name: 'chaos' });
    bus.subscribe(subjectsOf('e2e').allThreats, (_, subject) => accusations.push(subject));
  });

  afterAll(async () => {
    await bus.close();
    await chaos.stop();
  });

  it(
    'keeps every acknowledged decision in one order, goes on within 5 s of healing, and accuses nobody',
    async () => {
      try {
        await survive();
      } catch (error) {
        const logs = chaos.swarm.members.map((member) => {
          const ends = member.unasked.map((end) => `ended by itself: ${end}`);
          return [`--- ${member.name}`, ...ends, member.log().slice(-LOG_TAIL)].join('\n');
        });
        throw new Error(`CHAOS_SEED=${String(SEED)}\n${logs.join('\n')}`, { cause: error });
      }
    },
    MINUTES * 120_000 + 120_000,
  );

  async function survive(): Promise<void> {
    const { swarm } = chaos;
    const load = new ChaosLoad(swarm, bus);
    const report = await runChaos(chaos, load, SEED, MINUTES * 60_000).finally(() => load.stop());
    const settled = await settledSequence(swarm, SETTLE_MS);
    const decisions = `${String(load.acknowledged.length)} acknowledged decisions in ${String(settled)} sequences`;
    process.stderr.write(`chaos: seed ${String(SEED)}: ${decisions}; ${reportText(report)}\n`);
    expect(Object.entries(report.counts).filter(([, count]) => count === 0)).toEqual([]);
    expect(chaos.broker.crashes).toBe(report.counts.broker);
    expect(report.steps.filter(({ firstMs, duringMs = 0 }) => firstMs > PROGRESS_MS || duringMs > PROGRESS_MS)).toEqual(
      [],
    );
    expect(swarm.members.map(({ unasked }) => unasked)).toEqual(swarm.members.map(() => []));

    const { acknowledged } = load;
    for (const route of ROUTES) expect(acknowledged.filter((each) => each.route === route).length).toBeGreaterThan(20);
    const [first, ...others] = await Promise.all(swarm.members.map((member) => decidedAt(swarm, member)));
    for (const other of others) expect(other).toEqual(first);
    expect(broken(acknowledged, first ?? [])).toEqual([]);
    expect(repeated(acknowledged, first ?? [])).toEqual([]);

    for (const member of swarm.members) {
      expect(await wholeSwarm(member, SETTLE_MS)).toMatchObject({ byzantine_nodes: 0, consensus_possible: true });
      const { bytes } = await bus.request(subjectsOf('e2e').api('health', member.name), new Uint8Array(0), {
        timeoutMs: SETTLE_MS,
      });
      expect(JSON.parse(Buffer.from(bytes).toString())).toMatchObject({ node_id: member.name, byzantine_nodes: [] });
    }
    expect(accusations).toEqual([]);
    expect(leakedKeys(swarm)).toEqual([]);

    await Promise.all(swarm.members.map((member) => member.end('SIGTERM')));
    const logs = await Promise.all(swarm.members.map((member) => logOnDisk(swarm, member)));
    expect(logs.map(({ last }) => last)).toEqual(swarm.members.map(() => settled));
    expect(oneLog(logs)).toHaveLength(settled);
  }
});
