import { Broker } from './broker';
import { type MemberFault, type PlannedFault, type Step } from './chaos-plan';
import { Link, type Direction } from './link';
import { Swarm, type MemberProcess } from './swarm';
import { until } from './until';

const NODES = 4;
const SWALLOWED: Readonly<Record<'mute' | 'deaf' | 'isolated', readonly Direction[]>> = {
  mute: ['out'],
  deaf: ['in'],
  isolated: ['in', 'out'],
};
/** A member that answers this late is taken for frozen. */
const FROZEN_MS = 250;
/** Longest start of a member, when all start at once on a busy machine. */
const START_MS = 30_000;

/** Ends one fault. Throws when the fault had no effect: then nothing was tested. */
type Heal = () => void | Promise<void>;

/** How long a healed swarm took, in milliseconds. */
export interface Recovery {
  readonly firstMs: number;
  readonly allMs: number;
}

/** A swarm of four whose members reach their broker through links, and everything that can be done to it. */
export class ChaosSwarm {
  private constructor(
    readonly swarm: Swarm,
    readonly broker: Broker,
    private readonly links: readonly Link[],
  ) {}

  static async start(): Promise<ChaosSwarm> {
    const broker = await Broker.start();
    const links = await Promise.all(Array.from({ length: NODES }, () => Link.open(broker.port)));
    try {
      const swarm = await Swarm.start({ nodes: NODES, broker, natsUrls: links.map(({ url }) => url) });
      return new ChaosSwarm(swarm, broker, links);
    } catch (error) {
      await Promise.all(links.map((link) => link.close()));
      throw error;
    }
  }

  /** Ends everything. */
  async stop(): Promise<void> {
    await this.swarm.stop();
    await Promise.all(this.links.map((link) => link.close()));
  }

  /** Does what the step says to all that it names; resolves with what heals all of it, at once. */
  async inject(step: Step): Promise<Heal> {
    const leader = step.faults.some(({ target }) => target === 'leader') ? await this.swarm.leader() : undefined;
    const heals: Heal[] = [];
    for (const fault of step.faults) {
      const index = fault.target === 'leader' ? (leader ?? 0) : fault.target;
      heals.push(await this.strike(index, fault));
    }
    if (step.kind === 'broker') {
      await this.broker.crash();
      heals.push(() => this.broker.restart());
    }
    return async () => {
      await Promise.all(heals.map(async (heal) => heal()));
    };
  }

  /**
   * Times in milliseconds until a proposal made after this call is decided: by the first member that can, and by all of
   * them. By then all hear each other: the faults are over.
   */
  async recovered(deadlineMs: number): Promise<Recovery> {
    const start = performance.now();
    const elapsed = (): number => Math.round(performance.now() - start);
    const deciding = this.swarm.members.map((member) =>
      until(`a decision by ${member.name}`, deadlineMs, async () => {
        await member.decide({ after: 'healing', by: member.name }, { timeout_ms: 5_000 });
        return elapsed();
      }),
    );
    const all = Promise.all(deciding);
    const firstMs = await Promise.race([Promise.any(deciding), all.then((times) => Math.min(...times))]);
    const allMs = Math.max(...(await all));
    await Promise.all(this.swarm.members.map((member) => hearsAll(member, deadlineMs)));
    return { firstMs, allMs };
  }

  private strike(index: number, { fault, reset }: PlannedFault): Promise<Heal> {
    const member = this.swarm.member(index);
    const link = this.links[index];
    if (link === undefined) throw new Error(`no link ${String(index)}`);
    const strikes: Readonly<Record<MemberFault, () => Heal | Promise<Heal>>> = {
      killed: () => kill(member),
      frozen: () => freeze(member),
      cut: () => cut(link, reset),
      mute: () => swallow(link, SWALLOWED.mute, reset),
      deaf: () => swallow(link, SWALLOWED.deaf, reset),
      isolated: () => swallow(link, SWALLOWED.isolated, reset),
    };
    return Promise.resolve(strikes[fault]());
  }
}

async function hearsAll(member: MemberProcess, deadlineMs: number): Promise<void> {
  await until(`${member.name} hears all members`, deadlineMs, async () => {
    const { body } = await member.get('/api/v1/cluster/status');
    const nodes = body['node_statuses'] as { state: string }[];
    return nodes.every(({ state }) => state === 'healthy' || state === 'behind') ? true : undefined;
  });
}

async function kill(member: MemberProcess): Promise<Heal> {
  const { pid } = member;
  await member.end('SIGKILL');
  return async () => {
    member.start();
    if (member.pid === undefined || member.pid === pid) throw new Error(`${member.name} is the process that it was`);
    await until(`${member.name} runs again`, START_MS, async () => (await member.get('/api/v1/health')).status);
  };
}

async function freeze(member: MemberProcess): Promise<Heal> {
  member.freeze();
  const answered = await fetch(`${member.url}/api/v1/health`, { signal: AbortSignal.timeout(FROZEN_MS) }).then(
    () => true,
    () => false,
  );
  return () => {
    member.thaw();
    if (answered) throw new Error(`${member.name} answered while it was frozen`);
  };
}

function cut(link: Link, reset: boolean): Heal {
  const { broken } = link;
  link.cut(reset ? 'reset' : 'end');
  const had = link.broken - broken;
  return () => {
    link.heal();
    if (had === 0) throw new Error('the cut link had no connection');
  };
}

function swallow(link: Link, directions: readonly Direction[], reset: boolean): Heal {
  const standing = link.connections;
  link.swallow(directions);
  const before = { ...link.forwarded };
  return () => {
    const leaked = directions.filter((direction) => link.forwarded[direction] !== before[direction]);
    link.heal(reset ? 'reset' : 'resume');
    if (standing === 0) throw new Error('the link had no connection');
    if (leaked.length > 0) throw new Error(`the link let bytes through: ${leaked.join(', ')}`);
  };
}
