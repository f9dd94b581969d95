import {
  Committee,
  createEpochTable,
  nodeId,
  type Authentic,
  type Digest,
  type Envelope,
  type Hash,
  type MemberIndex,
  type Millis,
  purposeDigest,
} from '@concordat/protocol';
import { ADVERSARY_INTERVAL_MS, type Adversary } from './adversary';
import { createAdversary } from './adversaries';
import { AdmissionsChecker } from './checkers/admissions';
import { AgreementChecker } from './checkers/agreement';
import { ConductChecker } from './checkers/conduct';
import { DurabilityChecker } from './checkers/durability';
import { NewViewsChecker } from './checkers/new-views';
import { PromisesChecker } from './checkers/promises';
import { RequestsChecker } from './checkers/requests';
import { SimulatedDisk } from './disk';
import { EventQueue } from './event-queue';
import type { SimulatorEvent } from './events';
import { SimulatedMember } from './member';
import { SimulatedNetwork } from './network';
import { Opener } from './packet';
import { quickHash } from './quick-hash';
import { Random } from './random';
import type { Fault, ScheduleOptions } from './schedule';
import { StubSignatures, stubKey } from './stub-keys';
import { Trace } from './trace';
import { noteEvent } from './trace-words';
import { Verdict, type Violation } from './verdict';
import { Watch, type Blame, type Checker } from './watch';

/** Virtual time at which every run starts. */
export const START = 1_750_000_000_000 as Millis;

/** Listens to nothing: what a Byzantine member does breaks no promise of ours. */
const NOBODY = new Watch([]);

/** A swarm in virtual time, with everything around it that can go wrong. */
export class Cluster {
  readonly committee: Committee;
  readonly members: readonly SimulatedMember[];
  readonly network: SimulatedNetwork;
  readonly signatures: StubSignatures;
  readonly queue = new EventQueue<SimulatorEvent>(START);
  readonly trace = new Trace();
  readonly agreement: AgreementChecker;
  readonly requests: RequestsChecker;
  readonly admissions = new AdmissionsChecker();
  readonly conduct: ConductChecker;
  readonly random: Random;
  private readonly verdict: Verdict;
  private readonly adversaries = new Map<MemberIndex, Adversary>();

  /** `hash`: quickHash in searches, portableHash where the production hash shall take part. `listeners` hear what the checkers hear. */
  constructor(
    seed: number,
    readonly options: ScheduleOptions,
    hash: Hash = quickHash,
    listeners: readonly Checker[] = [],
  ) {
    const random = new Random(seed);
    this.random = random;
    this.verdict = new Verdict(options.tolerated, () => this.elapsedMs);
    const keys = Array.from({ length: options.members }, () => stubKey(hash, random));
    const table = createEpochTable({
      members: keys.map(({ publicKey }, index) => ({ nodeId: nodeId(`node-${String(index)}`), publicKey, weight: 1 })),
      f: options.f,
      checkpointInterval: options.checkpointInterval,
      windowSize: options.windowSize,
    });
    this.committee = new Committee(table, hash);
    const swarm: Digest = purposeDigest(hash, 'genesis', random.bytes(32));
    this.signatures = new StubSignatures(hash, this.committee, swarm, keys);
    const { verifyStatement, verifyEnvelope } = this.signatures;
    const opener = new Opener({ committee: this.committee, hash, verifyStatement, verifyEnvelope });
    this.network = new SimulatedNetwork(options.network, random.fork(), this.queue, opener);
    const isCorrect = (member: MemberIndex): boolean => options.liars.every((liar) => liar.member !== member);
    this.agreement = new AgreementChecker(this.blame);
    this.requests = new RequestsChecker(this.blame, (envelope) => this.signatures.isGenuine(envelope));
    this.conduct = new ConductChecker(this.blame, isCorrect, verifyStatement, table);
    const watch = new Watch([
      this.agreement,
      this.requests,
      this.conduct,
      this.admissions,
      new PromisesChecker(this.blame),
      new NewViewsChecker(this.blame),
      new DurabilityChecker(this.blame, isCorrect),
      ...listeners,
    ]);
    this.members = this.committee.indexesInOrder.map((index) => this.createMember(index, hash, opener, watch));
  }

  /** Milliseconds since the start. */
  get elapsedMs(): number {
    return this.queue.now - START;
  }

  /** Broken rules. */
  get violations(): readonly Violation[] {
    return this.verdict.violations;
  }

  /** True once a rule was broken that ends the run. */
  get failed(): boolean {
    return this.verdict.isFinal;
  }

  get correctMembers(): readonly SimulatedMember[] {
    return this.members.filter((member) => member.isCorrect);
  }

  /** Reports a broken rule. */
  get blame(): Blame {
    return this.verdict.blame;
  }

  /** The member at an index. Throws a RangeError for an index outside the committee. */
  member(index: number): SimulatedMember {
    const member = this.members[index];
    if (member === undefined) throw new RangeError(`no member ${String(index)}`);
    return member;
  }

  /** Starts all processes and schedules the faults. */
  start(): void {
    for (const member of this.members) member.start();
    for (const fault of this.options.faults) this.queue.schedule(fault.atMs, { kind: 'fault', fault });
    for (const member of this.adversaries.keys())
      this.queue.schedule(ADVERSARY_INTERVAL_MS, { kind: 'adversary', member });
  }

  /** Brings an envelope to a member, `delayMs` from now. */
  submit(to: number, envelope: Envelope, delayMs = 0): void {
    this.queue.schedule(delayMs, { kind: 'submit', to: to as MemberIndex, envelope: envelope as Authentic });
  }

  /** Ends a process and starts it again after `downMs`; 'for-good' for never by itself. */
  crash(index: number, downMs: number | 'for-good'): void {
    const member = this.member(index);
    if (!member.isUp) return;
    this.trace.note(this.queue.now, index, `  ${String(index)} crashes`, 0, 0, 0);
    member.crash();
    if (downMs !== 'for-good') this.queue.schedule(downMs, { kind: 'restart', member: member.index });
  }

  /** Runs until `isDone`, a violation, or `deadlineMs` after the start. True when done. */
  runUntil(deadlineMs: number, isDone: () => boolean = () => false): boolean {
    while (!this.failed) {
      if (isDone()) return true;
      const at = this.queue.nextAt;
      if (at === undefined || at > START + deadlineMs) break;
      const event = this.queue.next();
      if (event !== undefined) this.handle(event);
    }
    this.queue.advanceTo(START + deadlineMs);
    return false;
  }

  /** The network works, nobody is about to crash, and everybody who is down starts. */
  heal(): void {
    this.network.heal();
    for (const member of this.members) {
      member.clearTrap();
      member.start();
    }
  }

  private createMember(index: MemberIndex, hash: Hash, opener: Opener, watch: Watch): SimulatedMember {
    const { options, committee, queue, network, trace, blame, random } = this;
    const sealer = this.signatures.sealerOf(index);
    const liar = options.liars.find((candidate) => candidate.member === index);
    const own = random.fork();
    const adversary =
      liar &&
      createAdversary(liar.strategy, {
        self: index,
        committee,
        hash,
        sealer,
        random: random.fork(),
        config: options.replica,
        transmit: (to, packet) => network.send(index, to, packet),
      });
    if (adversary !== undefined) this.adversaries.set(index, adversary);
    return new SimulatedMember({
      index,
      committee,
      hash,
      sealer,
      config: options.replica,
      disk: new SimulatedDisk(own.u32()),
      diskOptions: options.disk,
      queue,
      network,
      opener,
      random: own,
      trace,
      watch: adversary === undefined ? watch : NOBODY,
      blame,
      clockSkewMs: own.between(-options.clockSkewMs, options.clockSkewMs),
      drainMs: options.drainMs,
      adversary,
      forgetsAtCrash: options.amnesiacs.includes(index),
    });
  }

  private handle(event: SimulatorEvent): void {
    noteEvent(this.trace, this.queue.now, event);
    switch (event.kind) {
      case 'deliver':
        this.member(event.to).receive(event.packet);
        break;
      case 'submit':
        this.member(event.to).submit(event.envelope);
        break;
      case 'restart':
        this.member(event.member).start();
        break;
      case 'fault':
        this.strike(event.fault);
        break;
      case 'heal':
        if (event.fault.kind === 'network') for (const rule of event.fault.rules) this.network.lift(rule);
        break;
      case 'adversary':
        if (this.member(event.member).isUp) this.adversaries.get(event.member)?.act?.();
        this.queue.schedule(ADVERSARY_INTERVAL_MS, event);
        break;
      default:
        this.member(event.member).onProcessEvent(event);
    }
  }

  private strike(fault: Fault): void {
    switch (fault.kind) {
      case 'crash':
        if (fault.point === 'now') this.crash(fault.member, fault.downMs);
        else this.member(fault.member).setTrap(fault.point, () => this.crash(fault.member, fault.downMs));
        break;
      case 'power-loss':
        for (const { index } of this.members) this.crash(index, this.random.between(0, fault.downMs));
        break;
      case 'network':
        for (const rule of fault.rules) this.network.impose(rule);
        this.queue.schedule(fault.forMs, { kind: 'heal', fault });
        break;
    }
  }
}
