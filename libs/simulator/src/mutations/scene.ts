import type { Evidence } from '@concordat/consensus';
import { toHex, type MemberIndex, type Signed } from '@concordat/protocol';
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
 * What the recorded run goes through, so that every kind of message is sent: decisions and a checkpoint without member 3,
 * a slot that is prepared and not decided, the view change over it, and member 3 catching up.
 */
const FAULTS: readonly Fault[] = [
  { kind: 'network', atMs: 0, forMs: 60, rules: [{ to: [3], delayMs: 'lost' }] },
  { kind: 'network', atMs: 25, forMs: 40, rules: [{ kinds: ['commit'], view: 0, delayMs: 'lost' }] },
  { kind: 'network', atMs: 60, forMs: 40, rules: [{ to: [2], kinds: ['prePrepare'], delayMs: 'lost' }] },
];

const SCENE: ScheduleOptions = {
  ...CALM,
  checkpointInterval: 2,
  windowSize: 4,
  durationMs: DURATION_MS,
  settleMs: 10_000,
  network: { ...CALM.network, latencyMaxMs: 2 },
  disk: { ...CALM.disk, syncMaxMs: 0 },
  faults: FAULTS,
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
  /** Signatures of messages that correct members took from the liar, in hexadecimal. */
  readonly taken: ReadonlySet<string>;
  readonly traceHash: string;
  readonly decided: number;
  readonly view: number;
}

/** Plays the scene, with `liar` as the member that `maker` makes an adversary of. Broken rules that are `tolerated` do not end it. */
export function playScene(liar: number, maker: AdversaryMaker, tolerated: readonly string[] = []): SceneResult {
  const proofs: { by: MemberIndex; evidence: Evidence }[] = [];
  const taken = new Set<string>();
  const listener: Checker = {
    accused: (by, evidence) => void proofs.push({ by, evidence }),
    received: (_, message: Signed) => {
      if (message.sender === liar) taken.add(toHex(message.signature));
    },
  };
  const options = { ...SCENE, tolerated, liars: [{ member: liar, strategy: maker }] };
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
