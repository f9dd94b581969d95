import type { CommittedBlock, ReplicaState } from '@concordat/consensus';
import { portableHash, type Envelope, type MemberIndex, type MessageKind, type Signed } from '@concordat/protocol';
import { CALM, Cluster, Random, settle, START, Workload, type NetworkRule, type ScheduleOptions } from '../index';
import type { Change } from '../schedule';
import type { Checker } from '../watch';

/** A change, without who asks for it and when. */
type Asked = Change extends infer C ? (C extends Change ? Omit<C, 'atMs' | 'to' | 'by'> : never) : never;

/** A cluster that is told step by step what goes wrong, and what it did. */
export class Scene implements Checker {
  readonly cluster: Cluster;
  readonly sealedVotes: { readonly member: MemberIndex; readonly message: Signed; readonly atMs: number }[] = [];
  readonly acknowledgedBlocks: { readonly member: MemberIndex; readonly block: CommittedBlock }[] = [];
  private readonly workload: Workload;
  private submitted = 0;

  constructor(options: Partial<ScheduleOptions> = {}, seed = 1) {
    const all = { ...CALM, ...options };
    this.cluster = new Cluster(seed, all, portableHash, [this]);
    this.workload = new Workload(portableHash, new Random(seed), this.cluster.signatures, START, all.workload);
    this.cluster.start();
  }

  sealed(member: MemberIndex, message: Signed): void {
    this.sealedVotes.push({ member, message, atMs: this.cluster.elapsedMs });
  }

  acknowledged(member: MemberIndex, block: CommittedBlock): void {
    this.acknowledgedBlocks.push({ member, block });
  }

  /** A client's fresh request. */
  submit(to: number): Envelope {
    const text = `request ${String(this.submitted++)}`;
    const envelope = this.workload.ofClient(this.cluster.elapsedMs, { client: 0, text });
    this.cluster.submit(to, envelope);
    return envelope;
  }

  /** The operator asks for a change now, at member 0. */
  change(change: Asked): void {
    this.cluster.ask({ atMs: 0, to: 0, by: 'operator', ...change });
  }

  /** -1 while the member is down. */
  epoch(member: number): number {
    return this.state(member)?.epoch ?? -1;
  }

  /** True for a member that has a vote in the epoch that it is in. */
  hasVote(member: number): boolean {
    return this.state(member)?.votes === true;
  }

  /** Runs until these members are in an epoch. */
  untilEpoch(epoch: number, ...members: number[]): void {
    this.until(() => members.every((member) => this.epoch(member) === epoch));
    expect(members.map((member) => this.epoch(member))).toEqual(members.map(() => epoch));
  }

  /** Submits one request after the other, each once the one before it is executed by somebody. */
  decide(count: number, to: number): void {
    for (let index = 0; index < count; index++) {
      const before = this.cluster.agreement.length;
      this.submit(to);
      this.until(() => this.cluster.agreement.length > before);
    }
  }

  until(isDone: () => boolean, withinMs = 5000): void {
    expect(this.cluster.runUntil(this.cluster.elapsedMs + withinMs, isDone) || this.cluster.violations).toBe(true);
  }

  run(forMs: number): void {
    this.cluster.runUntil(this.cluster.elapsedMs + forMs);
  }

  impose(...rules: NetworkRule[]): void {
    for (const rule of rules) this.cluster.network.impose(rule);
  }

  /** Ends rules that were imposed. */
  lift(...rules: NetworkRule[]): void {
    for (const rule of rules) this.cluster.network.lift(rule);
  }

  /** -1 while the member is down; the same for the next ones. */
  executed(member: number): number {
    return this.state(member)?.executed ?? -1;
  }

  view(member: number): number {
    return this.state(member)?.view ?? -1;
  }

  promisedView(member: number): number {
    return this.state(member)?.promisedView ?? -1;
  }

  stable(member: number): number {
    return this.state(member)?.stable ?? -1;
  }

  slots(member: number): number {
    return this.state(member)?.slots ?? -1;
  }

  /** What a member acknowledged, in order. */
  blocks(member: number): CommittedBlock[] {
    return this.acknowledgedBlocks
      .filter((entry) => entry.member === (member as MemberIndex))
      .map(({ block }) => block);
  }

  votes(kind: MessageKind, member: number, view: number): Signed[] {
    return this.sealedVotes
      .filter((vote) => vote.member === member && vote.message.kind === kind && vote.message.view === view)
      .map((vote) => vote.message);
  }

  /** Heals everything; agreement, every owed outcome and equal states must follow. */
  settle(): void {
    const probes = this.cluster.correctMembers.map(({ index }) =>
      this.workload.ofGateway(index, this.cluster.elapsedMs, 'probe'),
    );
    settle(this.cluster, probes);
    expect(this.cluster.violations).toEqual([]);
  }

  /** Undefined while the member is down. */
  state(member: number): ReplicaState | undefined {
    return this.cluster.member(member).engine?.state();
  }
}

/** Messages that never arrive. */
export const lost = (rule: Omit<NetworkRule, 'delayMs'>): NetworkRule => ({ ...rule, delayMs: 'lost' });
/** Messages that arrive so many milliseconds later. */
export const late = (delayMs: number, rule: Omit<NetworkRule, 'delayMs'>): NetworkRule => ({ ...rule, delayMs });

/** Nothing from a member arrives, and nothing gets to it. */
export const cutOff = (member: number): NetworkRule[] => [lost({ from: [member] }), lost({ to: [member] })];
