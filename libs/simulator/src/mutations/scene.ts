import type { Evidence } from '@concordat/consensus';
import { encodeMessage, toHex, type EngineName, type MemberIndex, type Signed } from '@concordat/protocol';
import type { AdversaryMaker } from '../adversary';
import { Cluster, START } from '../cluster';
import { CALM } from '../options';
import { quickHash } from '../quick-hash';
import { Random } from '../random';
import type { Fault, ScheduleOptions } from '../schedule';
import { settle } from '../settle';
import type { Violation } from '../verdict';
import type { Checker } from '../watch';
import { Workload } from '../workload';

/** Length of the part with losses. */
const DURATION_MS = 120;

/**
 * What the recorded run goes through, so that every kind of message is sent. PBFT: decisions and a checkpoint without member
 * 3, a slot that is prepared and not decided, the view change over it, and member 3 catching up. HotStuff: the same without
 * member 3, whose turn to lead is given up, and a block that one member has to ask for.
 */
const FAULTS: Readonly<Record<EngineName, readonly Fault[]>> = {
  pbft: [
    { kind: 'network', atMs: 0, forMs: 60, rules: [{ to: [3], delayMs: 'lost' }] },
    { kind: 'network', atMs: 25, forMs: 40, rules: [{ kinds: ['commit'], view: 0, delayMs: 'lost' }] },
    { kind: 'network', atMs: 60, forMs: 40, rules: [{ to: [2], kinds: ['prePrepare'], delayMs: 'lost' }] },
  ],
  hotstuff: [
    { kind: 'network', atMs: 0, forMs: 60, rules: [{ to: [3], delayMs: 'lost' }] },
    { kind: 'network', atMs: 20, forMs: 30, rules: [{ to: [2], kinds: ['proposal'], delayMs: 'lost' }] },
  ],
};

const SCENE: Omit<ScheduleOptions, 'engine' | 'faults'> = {
  ...CALM,
  checkpointInterval: 2,
  windowSize: 4,
  durationMs: DURATION_MS,
  settleMs: 10_000,
  network: { ...CALM.network, latencyMaxMs: 2 },
  disk: { ...CALM.disk, syncMaxMs: 0 },
  replica: {
    ...CALM.replica,
    phaseTimeoutMs: 30,
    viewChangeTimeoutMs: 40,
    viewChangeTimeoutMaxMs: 160,
    statusIntervalMs: 50,
    batchSize: 1,
  },
};

/** When requests come, and where. */
const SUBMISSIONS: readonly (readonly [atMs: number, member: number])[] = [
  [1, 0],
  [10, 2],
  [30, 1],
  [75, 0],
];

/** What came of a run of the scene. */
export interface SceneResult {
  readonly violations: readonly Violation[];
  /** Proofs of correct members, and against whom. */
  readonly proofs: readonly { readonly by: MemberIndex; readonly evidence: Evidence }[];
  /** Messages that correct members took from the liar, as `bytesOf` tells them apart. */
  readonly taken: ReadonlySet<string>;
  readonly traceHash: string;
  readonly decided: number;
  readonly view: number;
}

/** A message in hexadecimal: what proves a view is in no signature of its own. */
export const bytesOf = (message: Signed): string => toHex(encodeMessage(message));

/** Plays an engine's scene, with `liar` as the member that `maker` makes an adversary of. Broken rules that are `tolerated` do not end it. */
export function playScene(
  engine: EngineName,
  liar: number,
  maker: AdversaryMaker,
  tolerated: readonly string[] = [],
): SceneResult {
  const proofs: { by: MemberIndex; evidence: Evidence }[] = [];
  const taken = new Set<string>();
  const listener: Checker = {
    accused: (by, evidence) => void proofs.push({ by, evidence }),
    received: (_, message: Signed) => {
      if (message.sender === liar) taken.add(bytesOf(message));
    },
  };
  const options: ScheduleOptions = {
    ...SCENE,
    engine,
    faults: FAULTS[engine],
    tolerated,
    liars: [{ member: liar, strategy: maker }],
  };
  const cluster = new Cluster(1, options, quickHash, [listener]);
  const workload = new Workload(quickHash, new Random(2), cluster.signatures, START, options.workload);
  cluster.start();
  SUBMISSIONS.forEach(([atMs, member], index) =>
    cluster.submit(member, workload.ofClient(atMs, { client: 0, text: `request ${String(index)}` }), atMs),
  );
  cluster.runUntil(DURATION_MS);
  const view = Math.max(...cluster.correctMembers.map((member) => member.engine?.state().view ?? 0));
  settle(
    cluster,
    cluster.correctMembers.map(({ index }) => workload.ofGateway(index, DURATION_MS, 'probe')),
  );
  const { violations, trace, requests } = cluster;
  return { violations, proofs, taken, traceHash: trace.hash, decided: requests.decidedCount, view };
}
