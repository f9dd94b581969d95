import type { CommittedBlock } from '@concordat/consensus';
import type { EngineName, MemberIndex, MessageKind } from '@concordat/protocol';
import type { Adversary } from '../adversary';
import {
  CALM,
  Cluster,
  quickHash,
  Random,
  runSchedule,
  settle,
  START,
  STRATEGIES_OF,
  Workload,
  type Checker,
  type Fault,
  type Strategy,
} from '../index';
import { createAdversary } from './index';

/** What a strategy does in place of what it should: by kind of the honest message, and what it sends out of turn. */
interface Misdeeds {
  readonly withheld: Map<MessageKind, number>;
  readonly changed: Map<MessageKind, number>;
  unasked: number;
}

const count = (counts: Map<MessageKind, number>, kind: MessageKind): void =>
  void counts.set(kind, (counts.get(kind) ?? 0) + 1);

/** The strategy's adversary, with its misdeeds counted. */
function observed(strategy: Strategy, misdeeds: Misdeeds) {
  return (tools: Parameters<typeof createAdversary>[1]): Adversary => {
    const transmit: typeof tools.transmit = (to, packet) => {
      misdeeds.unasked++;
      tools.transmit(to, packet);
    };
    const adversary = createAdversary(strategy, { ...tools, transmit });
    return {
      divert: (message, to) => {
        const instead = adversary.divert(message, to);
        if (instead.length === 0) count(misdeeds.withheld, message.kind);
        else if (instead.length > 1 || instead[0] !== message) count(misdeeds.changed, message.kind);
        return instead;
      },
      observe: (message) => adversary.observe?.(message),
      act: () => adversary.act?.(),
    };
  };
}

interface Row {
  readonly withheld?: readonly MessageKind[];
  readonly changed?: readonly MessageKind[];
  readonly unasked?: boolean;
  /** It leaves proofs behind. */
  readonly proven?: boolean;
}

/** What each strategy is there for, and must be seen to do. */
const TABLE: { readonly [E in EngineName]: Readonly<Record<(typeof STRATEGIES_OF)[E][number], Row>> } = {
  pbft: {
    'equivocating-leader': { changed: ['prePrepare', 'commit'], proven: true },
    silent: { withheld: ['prePrepare', 'commit', 'status'] },
    'double-voter': { changed: ['prepare', 'commit'], unasked: true, proven: true },
    noise: { unasked: true },
    'new-view-liar': { changed: ['viewChange', 'newView'], proven: true },
    'withholding-leader': { withheld: ['prePrepare', 'newView', 'batch', 'decided', 'requests'] },
    'view-rusher': { unasked: true },
    'false-status': { changed: ['status'], withheld: ['decided', 'batch'] },
    censor: { changed: ['prePrepare', 'requests'], withheld: ['requests'] },
    'slow-leader': { withheld: ['prePrepare', 'newView'], unasked: true },
    'bad-supplier': { changed: ['status', 'batch', 'decided'] },
    hoarder: { withheld: ['prePrepare', 'commit', 'batch', 'decided'] },
    'lonely-new-view': { changed: ['viewChange', 'newView'] },
    selective: { withheld: ['prePrepare', 'prepare', 'commit', 'viewChange', 'status'] },
  },
  hotstuff: {
    'equivocating-leader': { changed: ['proposal'], unasked: true, proven: true },
    silent: { withheld: ['proposal', 'vote', 'status'] },
    'double-voter': { changed: ['vote'], unasked: true, proven: true },
    noise: { unasked: true },
    'withholding-leader': { withheld: ['proposal', 'decided', 'requests'] },
    'force-locker': { withheld: ['proposal'] },
    'stale-leader': { changed: ['proposal'] },
    'double-timeouts': { changed: ['timeout'], unasked: true, proven: true },
    'false-sync': { changed: ['syncInfo'], unasked: true },
    'false-status': { changed: ['status'], withheld: ['decided'] },
    'slow-leader': { withheld: ['proposal'], unasked: true },
    'bad-supplier': { changed: ['status', 'decided'] },
    selective: { withheld: ['proposal', 'vote', 'timeout', 'status'] },
  },
};

/** Every strategy against every engine that it is for. */
const STRATEGIES = (Object.keys(STRATEGIES_OF) as EngineName[]).flatMap((engine) =>
  STRATEGIES_OF[engine].map((strategy) => ({ engine, strategy, row: rowOf(engine, strategy) })),
);

function rowOf(engine: EngineName, strategy: Strategy): Row {
  const row = (TABLE[engine] as Partial<Record<Strategy, Row>>)[strategy];
  if (row === undefined) throw new RangeError(`${strategy} stands in no row of ${engine}`);
  return row;
}

const SEEDS = 24;

describe('a strategy does what it is there for, and breaks no rule', () => {
  it.each(STRATEGIES)(
    '$engine: $strategy',
    ({ engine, strategy, row }) => {
      const misdeeds: Misdeeds = { withheld: new Map(), changed: new Map(), unasked: 0 };
      let accused = 0;
      for (let seed = 1; seed <= SEEDS; seed++) {
        // Every other liar leads from the start; the others come to it by view changes, or vote only.
        const member = seed % 2 === 0 ? 0 : 1 + (seed % 3);
        const liars = [{ member, strategy: observed(strategy, misdeeds) }];
        const { report, stats } = runSchedule(5000 + seed, { engine, members: 4, f: 1, liars });
        expect(report).toBe('');
        accused += stats.accused;
      }
      const { withheld = [], changed = [], unasked = false, proven = false } = row;
      expect([...misdeeds.withheld.keys()]).toEqual(expect.arrayContaining([...withheld]));
      expect([...misdeeds.changed.keys()]).toEqual(expect.arrayContaining([...changed]));
      if (unasked) expect(misdeeds.unasked).toBeGreaterThan(0);
      if (proven) expect(accused).toBeGreaterThan(0);
    },
    120_000,
  );
});

/** A calm swarm under a leader with a strategy, and what member 2 executed when. */
function underLeader(strategy: Strategy) {
  const executed: { readonly atMs: number; readonly block: CommittedBlock }[] = [];
  const listener: Checker = {
    executed: (member: MemberIndex, block) => {
      if (member === 2) executed.push({ atMs: cluster.elapsedMs, block });
    },
  };
  const options = { ...CALM, liars: [{ member: 0, strategy }] };
  const cluster = new Cluster(3, options, quickHash, [listener]);
  const workload = new Workload(quickHash, new Random(3), cluster.signatures, START, options.workload);
  cluster.start();
  const submit = (client: number, to: number): string => {
    const envelope = workload.ofClient(cluster.elapsedMs, { client, text: `request of ${String(client)}` });
    cluster.submit(to, envelope);
    return envelope.id;
  };
  const executionOf = (id: string) => executed.find(({ block }) => block.batch?.envelopes.some((one) => one.id === id));
  const run = (isDone: () => boolean): void => expect(cluster.runUntil(cluster.elapsedMs + 5000, isDone)).toBe(true);
  const end = (): void => {
    settle(cluster, []);
    expect(cluster.violations).toEqual([]);
  };
  return { cluster, submit, run, end, executionOf };
}

describe('leaders that nobody can convict', () => {
  it('one that censors a client is left behind, and the client is served', () => {
    const { cluster, submit, run, end, executionOf } = underLeader('censor');
    const victim = submit(0, 2);
    run(() => cluster.elapsedMs > 20);
    const other = submit(1, 3);
    run(() => executionOf(victim) !== undefined && executionOf(other) !== undefined);
    // The other client was served under the censor, the victim under the next leader.
    expect(executionOf(other)?.block.certificate.view).toBe(0);
    expect(executionOf(victim)?.block.certificate.view).toBe(1);
    end();
  });

  it('one that is slow, but not too slow, stays, and decides', () => {
    const { cluster, submit, run, end, executionOf } = underLeader('slow-leader');
    const id = submit(0, 2);
    run(() => executionOf(id) !== undefined);
    const { phaseTimeoutMs } = CALM.replica;
    expect(executionOf(id)?.atMs).toBeGreaterThan(phaseTimeoutMs / 2);
    expect(executionOf(id)?.block.certificate.view).toBe(0);
    expect(cluster.correctMembers.map((member) => member.engine?.state().promisedView)).toEqual([0, 0, 0]);
    end();
  });
});

it('a VIEW-CHANGE stands for its own sender only: named under every name it makes no quorum', () => {
  // Member 0 sees the decision, and neither it nor its COMMIT reaches 2 and 3. The leader of view 1 knows, and says null.
  const faults: Fault[] = [
    {
      kind: 'network',
      atMs: 0,
      forMs: 3000,
      rules: [
        { to: [2, 3], kinds: ['commit'], view: 0, delayMs: 'lost' },
        { from: [0], kinds: ['decided', 'status'], delayMs: 'lost' },
      ],
    },
  ];
  const options = { ...CALM, liars: [{ member: 1, strategy: 'lonely-new-view' as const }], faults };
  const cluster = new Cluster(1, options, quickHash);
  const workload = new Workload(quickHash, new Random(1), cluster.signatures, START, options.workload);
  cluster.start();
  cluster.submit(0, workload.ofClient(0, { client: 0, text: 'first' }), 1);
  cluster.submit(2, workload.ofClient(0, { client: 1, text: 'second' }), 60);
  cluster.runUntil(3000);
  settle(cluster, []);
  expect(cluster.violations).toEqual([]);
  expect(cluster.agreement.length).toBeGreaterThan(1);
});
