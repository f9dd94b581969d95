import type { Judge } from '@concordat/consensus';
import { createEvidenceJudge } from '@concordat/records';
import {
  Committee,
  type Authentic,
  type Digest,
  type Envelope,
  type Hash,
  type MemberIndex,
  type Millis,
  purposeDigest,
} from '@concordat/protocol';
import { ADVERSARY_INTERVAL_MS } from './adversary';
import { adversariesOf } from './adversaries/by-epoch';
import { AdmissionsChecker } from './checkers/admissions';
import { AgreementChecker } from './checkers/agreement';
import { BlockIndex } from './checkers/blocks';
import { CertificatesChecker } from './checkers/certificates';
import { ConductChecker } from './checkers/conduct';
import { EpochsChecker } from './checkers/epochs';
import { EvidenceChecker } from './checkers/evidence';
import { voteCheckers } from './checkers/of-engine';
import { RequestsChecker } from './checkers/requests';
import { StatesChecker } from './checkers/states';
import { SimulatedDisk } from './disk';
import { EpochHistory } from './epoch-history';
import { EventQueue } from './event-queue';
import type { SimulatorEvent } from './events';
import { FaultWitness } from './fault-coverage';
import { foundingTable } from './founding-table';
import { FrontDesk } from './front-desk';
import { stubScheme, type KeyScheme, type SimulatedKey } from './key-scheme';
import { SimulatedMember } from './member';
import { SimulatedNetwork } from './network';
import { NodeKeys } from './node-keys';
import { Operators } from './operators';
import { Opener } from './packet';
import { stepOfPacket } from './protocol-steps';
import { quickHash } from './quick-hash';
import { Random } from './random';
import type { Change, Fault, ScheduleOptions } from './schedule';
import { StubSignatures, stubKey } from './stub-keys';
import { Trace } from './trace';
import { noteEvent } from './trace-words';
import { Trap } from './trap';
import { Verdict, type Violation } from './verdict';
import { Watch, type Blame, type Checker } from './watch';

/** Virtual time at which every run starts. */
export const START = 1_750_000_000_000 as Millis;

/** Until somebody asks again for a change that nobody could be asked for. */
const ASK_AGAIN_MS = 30;

/** Listens to nothing: what a Byzantine member does breaks no promise of ours. */
const NOBODY = new Watch([]);

/** A swarm in virtual time, with everything around it that can go wrong. */
export class Cluster {
  /** Of the first epoch. */
  readonly committee: Committee;
  /** All nodes: the first members, then those that may join. */
  readonly members: readonly SimulatedMember[];
  readonly network: SimulatedNetwork;
  readonly signatures: StubSignatures;
  readonly queue = new EventQueue<SimulatorEvent>(START);
  readonly trace = new Trace();
  readonly agreement: AgreementChecker;
  readonly requests: RequestsChecker;
  readonly admissions = new AdmissionsChecker();
  readonly conduct: ConductChecker;
  readonly evidence: EvidenceChecker;
  readonly epochs: EpochsChecker;
  /** The epochs that correct nodes went through. */
  readonly history: EpochHistory;
  readonly random: Random;
  readonly witness = new FaultWitness();
  private readonly opener: Opener;
  private readonly faulty: ReadonlySet<number>;
  /** What waits for members that stand still. */
  private readonly paused = new Map<MemberIndex, SimulatorEvent[]>();
  private readonly verdict: Verdict;
  private readonly keys: readonly NodeKeys[];
  private readonly judge: Judge;
  private readonly desk: FrontDesk;

  /** `hash`: quickHash in searches, portableHash where the production hash shall take part. `listeners` hear what the checkers hear. */
  constructor(
    seed: number,
    readonly options: ScheduleOptions,
    private readonly hash: Hash = quickHash,
    listeners: readonly Checker[] = [],
    keyScheme: KeyScheme = stubScheme(hash),
  ) {
    const random = new Random(seed);
    this.random = random;
    this.verdict = new Verdict(options.tolerated, () => this.elapsedMs);
    const keys = Array.from({ length: options.members }, () => stubKey(hash, random, keyScheme));
    // Forked apart, so that a swarm that stays as it is draws the same whether or not others change.
    const further = new Random(seed ^ 0x0e90c);
    const draw = (): SimulatedKey => stubKey(hash, further, keyScheme);
    const operator = draw();
    const table = foundingTable(options, keys, operator);
    this.committee = new Committee(table, hash);
    this.history = new EpochHistory(hash, table);
    const swarm: Digest = purposeDigest(hash, 'genesis', random.bytes(32));
    const joining = Array.from({ length: options.membership.observers }, draw);
    const all = [...keys, ...joining];
    this.signatures = new StubSignatures(hash, this.committee, swarm, [...all, operator], keyScheme);
    this.keys = all.map((key, index) => new NodeKeys(index, key, draw));
    const { verifyBytes: verify } = this.signatures;
    this.judge = createEvidenceJudge({ swarmId: swarm, hash, verify });
    this.opener = new Opener(hash, table, this.signatures);
    this.network = new SimulatedNetwork(options.network, random.fork(), this.queue, this.opener, this.witness);
    const flipped = options.faults.flatMap((fault) => (fault.kind === 'bit-flip' ? [fault.member] : []));
    this.faulty = new Set([...options.liars.map((liar) => liar.member), ...flipped]);
    const isCorrect = (member: MemberIndex): boolean => !this.faulty.has(member);
    const { history } = this;
    const verifyStatement = this.signatures.verifierIn(history.epochs);
    this.agreement = new AgreementChecker(this.blame);
    this.requests = new RequestsChecker(this.blame, (envelope) => this.signatures.isGenuine(envelope));
    this.conduct = new ConductChecker(this.blame, isCorrect, verifyStatement, history, options.replica);
    this.evidence = new EvidenceChecker(this.blame, history);
    const blocks = new BlockIndex();
    this.epochs = new EpochsChecker(this.blame, history, isCorrect, blocks);
    const watch = new Watch([
      blocks,
      this.epochs,
      this.agreement,
      this.requests,
      this.conduct,
      this.evidence,
      new CertificatesChecker(this.blame, history, hash, verifyStatement),
      new StatesChecker(this.blame),
      this.admissions,
      ...voteCheckers({ engine: options.engine, blame: this.blame, hash, history, blocks, isCorrect }),
      ...listeners,
    ]);
    this.members = all.map((_, index) =>
      this.createMember(index as MemberIndex, index < keys.length ? random : further, watch),
    );
    const operators = new Operators(further, this.signatures, operator, draw(), this.keys, history.epochs);
    this.desk = new FrontDesk(this, operators, this.keys);
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
    for (const change of this.options.membership.changes) this.queue.schedule(change.atMs, { kind: 'change', change });
    for (const { index } of this.members)
      if (this.isLiar(index)) this.queue.schedule(ADVERSARY_INTERVAL_MS, { kind: 'adversary', member: index });
  }

  /** Brings an envelope to a member, `delayMs` from now. */
  submit(to: number, envelope: Envelope, delayMs = 0): void {
    this.queue.schedule(delayMs, { kind: 'submit', to: to as MemberIndex, envelope: envelope as Authentic });
  }

  /** Ends a process and starts it again after `downMs`; 'for-good' for never by itself. */
  crash(index: number, downMs: number | 'for-good', cause: 'crash' | 'write-error' = 'crash'): void {
    const member = this.member(index);
    if (!member.isUp) return;
    this.trace.note(this.queue.now, index, `  ${String(index)} crashes`, 0, 0, 0);
    this.paused.delete(member.index);
    member.crash(cause);
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
    for (const { index } of this.members) this.resume(index);
    for (const member of this.members) member.heal();
  }

  private isLiar(index: MemberIndex): boolean {
    return this.options.liars.some(({ member }) => member === index);
  }

  private createMember(index: MemberIndex, random: Random, watch: Watch): SimulatedMember {
    const { options, hash, queue, network, opener, trace, blame, witness, signatures, judge, keys } = this;
    const liar = options.liars.find((candidate) => candidate.member === index);
    const own = random.fork();
    const adversaryIn =
      liar === undefined
        ? (): undefined => undefined
        : adversariesOf(liar, {
            ...{ index, hash, opener, network, witness },
            random: random.fork(),
            config: options.replica,
          });
    const nodeKeys = keys[index];
    if (nodeKeys === undefined) throw new RangeError(`no node ${String(index)}`);
    return new SimulatedMember({
      index,
      nodes: keys.length,
      genesis: this.committee.table,
      swarmId: signatures.swarm,
      hash,
      judge,
      keys: nodeKeys,
      signatures,
      config: options.replica,
      disk: new SimulatedDisk(own.u32()),
      diskOptions: options.disk,
      retain: options.membership.retain,
      queue,
      network,
      opener,
      random: own,
      trace,
      watch: this.faulty.has(index) ? NOBODY : watch,
      isFaulty: this.faulty.has(index),
      blame,
      clockSkewMs: own.between(-options.clockSkewMs, options.clockSkewMs),
      drainMs: options.drainMs,
      adversaryIn,
      strategy: typeof liar?.strategy === 'string' ? liar.strategy : undefined,
      witness,
      forgetsAtCrash: options.amnesiacs.includes(index),
    });
  }

  /** Somebody asks for a change at a node that is a member and runs; later, when there is none. */
  ask(change: Change): void {
    const isOver = this.elapsedMs + ASK_AGAIN_MS >= this.options.durationMs;
    if (!this.desk.ask(change, this.queue.now, isOver) && !isOver)
      this.queue.schedule(ASK_AGAIN_MS, { kind: 'change', change });
  }

  private handle(event: SimulatorEvent): void {
    if (this.paused.size > 0 && this.defer(event)) return;
    noteEvent(this.trace, this.queue.now, event);
    switch (event.kind) {
      case 'deliver':
        this.network.arrived(event);
        this.member(event.to).receive(event.packet);
        break;
      case 'submit':
        this.desk.handIn(this.member(event.to), event.envelope);
        break;
      case 'change':
        this.ask(event.change);
        break;
      case 'restart':
        this.member(event.member).start();
        break;
      case 'resume':
        this.resume(event.member);
        break;
      case 'fault':
        this.strike(event.fault);
        break;
      case 'heal':
        this.endFault(event.fault);
        break;
      case 'adversary':
        this.member(event.member).adversary?.act?.();
        this.queue.schedule(ADVERSARY_INTERVAL_MS, event);
        break;
      default:
        this.member(event.member).onProcessEvent(event);
    }
  }

  /** Keeps an event for a member that stands still. */
  private defer(event: SimulatorEvent): boolean {
    switch (event.kind) {
      case 'fault':
      case 'heal':
      case 'change':
      case 'restart':
      case 'resume':
        return false;
      default: {
        const member = 'member' in event ? event.member : event.to;
        const waiting = this.paused.get(member);
        if (waiting === undefined || event.kind === 'adversary') return false;
        waiting.push(event);
        if (event.kind !== 'deliver') return true;
        this.opener.frame(event.packet);
        this.witness.hit('pause', stepOfPacket(event.packet), member);
        return true;
      }
    }
  }

  /** A member goes on: everything that waited for it comes at once. */
  private resume(index: MemberIndex): void {
    const waiting = this.paused.get(index);
    this.paused.delete(index);
    for (const event of waiting ?? []) if (!this.failed) this.handle(event);
  }

  private endFault(fault: Fault): void {
    if (fault.kind === 'network') for (const rule of fault.rules) this.network.lift(rule);
    if (fault.kind === 'clock') this.member(fault.member).jumpClock(0);
  }

  private strike(fault: Fault): void {
    switch (fault.kind) {
      case 'crash':
        if (fault.point === 'now') this.crash(fault.member, fault.downMs);
        else
          this.member(fault.member).setTrap(
            new Trap(fault.point, fault.step, () => this.crash(fault.member, fault.downMs)),
          );
        break;
      case 'power-loss':
        for (const { index } of this.members) this.crash(index, this.random.between(0, fault.downMs));
        break;
      case 'network':
        for (const rule of fault.rules) this.network.impose(rule);
        this.queue.schedule(fault.forMs, { kind: 'heal', fault });
        break;
      case 'pause':
        this.pause(this.member(fault.member), fault.forMs);
        break;
      case 'disk-error':
        this.failDisk(fault);
        break;
      case 'bit-flip':
        this.crash(fault.member, fault.downMs);
        if (!this.member(fault.member).isUp) this.member(fault.member).damage();
        break;
      case 'clock':
        this.member(fault.member).jumpClock(fault.byMs);
        this.queue.schedule(fault.forMs, { kind: 'heal', fault });
        break;
    }
  }

  private pause({ index, isUp }: SimulatedMember, forMs: number): void {
    if (!isUp || this.paused.has(index)) return;
    this.paused.set(index, []);
    this.queue.schedule(forMs, { kind: 'resume', member: index });
  }

  private failDisk({ member, operation, downMs, step }: Extract<Fault, { kind: 'disk-error' }>): void {
    if (operation === 'write') {
      const spring = (): void => this.crash(member, downMs, 'write-error');
      this.member(member).setTrap(new Trap('write-error', step, spring));
      return;
    }
    this.crash(member, downMs);
    this.member(member).failNextStart();
    // The start after the one that fails.
    this.queue.schedule(2 * downMs + 1, { kind: 'restart', member: member as MemberIndex });
  }
}
