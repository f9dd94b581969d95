import {
  checkContent,
  checkMembership,
  EVIDENCE_KINDS,
  reject,
  type Authentic,
  type Envelope,
  type MemberIndex,
  type Rejection,
  type Signed,
  type ValidityContext,
  type Verified,
} from '@concordat/protocol';
import { AdmissionsChecker } from '../checkers/admissions';
import { AgreementChecker } from '../checkers/agreement';
import { BlockIndex } from '../checkers/blocks';
import { ConductChecker } from '../checkers/conduct';
import { voteCheckers } from '../checkers/of-engine';
import { RequestsChecker } from '../checkers/requests';
import { START } from '../cluster';
import { EpochHistory } from '../epoch-history';
import { quickHash } from '../quick-hash';
import { Verdict, type Violation } from '../verdict';
import { Watch, type Blame, type Checker } from '../watch';
import { memberOf, TWIN_OPTIONS, type Ground } from './ground';
import { Instance } from './instance';
import { MEMBERS, SECOND_COPY, sideOf, type Partition } from './scenario';
import { RegisteredSignatures } from './signatures';

/** Listens to nothing: the copies break no promise of ours. */
const NOBODY = new Watch([]);

interface Mail {
  readonly to: number;
  readonly message: Verified;
}

interface Submission {
  readonly at: number;
  readonly to: number;
  readonly envelope: Authentic;
}

/**
 * Four members, one of which runs twice: two production engines with one key, neither of which knows of the other. All
 * move in lockstep: what is sent in one millisecond arrives in the next, on the sender's side of the network.
 */
export class TwinSwarm {
  readonly options = TWIN_OPTIONS;
  readonly agreement: AgreementChecker;
  readonly requests: RequestsChecker;
  readonly admissions = new AdmissionsChecker();
  readonly conduct: ConductChecker;
  /** The four members, then the second copy. */
  readonly instances: readonly Instance[];
  private readonly verdict = new Verdict([], () => this.elapsedMs);
  private readonly validity: ValidityContext;
  private readonly checked = new WeakSet<Signed>();
  private readonly order: readonly Instance[];
  /** Both copies, in the order of their turns. */
  private readonly copies: readonly number[];
  private partition: Partition = 0;
  private proposalsLostThrough = -1;
  private now: number = START;
  private mail: Mail[] = [];
  private submissions: Submission[] = [];

  /** `leading`: the copy whose turn comes before the other's. */
  constructor(
    { committee, signatures }: Ground,
    private readonly twin: number,
    leading: number,
    listeners: readonly Checker[] = [],
  ) {
    const registered = new RegisteredSignatures(committee, quickHash);
    const { verifyEnvelope } = signatures;
    const history = new EpochHistory(quickHash, committee.table);
    this.validity = {
      committee,
      epochs: history.epochs,
      hash: quickHash,
      verifyStatement: registered.verify,
      verifyEnvelope,
    };
    const isCorrect = (member: MemberIndex): boolean => member !== twin;
    this.agreement = new AgreementChecker(this.blame);
    this.requests = new RequestsChecker(this.blame, (envelope) => signatures.isGenuine(envelope));
    this.conduct = new ConductChecker(this.blame, isCorrect, registered.verify, history);
    const blocks = new BlockIndex();
    const watch = new Watch([
      blocks,
      this.agreement,
      this.requests,
      this.conduct,
      this.admissions,
      ...voteCheckers({
        engine: committee.table.engine,
        blame: this.blame,
        hash: quickHash,
        history,
        blocks,
        isCorrect,
      }),
      ...listeners,
    ]);
    this.instances = Array.from({ length: MEMBERS + 1 }, (_, instance) => {
      const index = memberOf(instance, twin);
      return new Instance({
        index,
        committee,
        hash: quickHash,
        register: registered,
        config: TWIN_OPTIONS.replica,
        isCorrect: isCorrect(index),
        watch: isCorrect(index) ? watch : NOBODY,
        blame: this.blame,
        now: () => this.now,
        transmit: (to, message) => this.send(instance, to, message),
      });
    });
    this.copies = [leading, leading === SECOND_COPY ? twin : SECOND_COPY];
    const honest = [0, 1, 2, 3].filter((member) => member !== twin);
    this.order = [...honest, ...this.copies].flatMap((instance) => this.instances[instance] ?? []);
  }

  /** Milliseconds since the start. */
  get elapsedMs(): number {
    return this.now - START;
  }

  /** Broken rules. */
  get violations(): readonly Violation[] {
    return this.verdict.violations;
  }

  /** True once a rule was broken. */
  get failed(): boolean {
    return this.verdict.isFinal;
  }

  /** Reports a broken rule. */
  get blame(): Blame {
    return this.verdict.blame;
  }

  /** The four members, the twin's first copy among them. */
  get members(): readonly Instance[] {
    return this.instances.slice(0, MEMBERS);
  }

  get correctMembers(): readonly Instance[] {
    return this.instances.filter((instance) => instance.isCorrect);
  }

  /** Starts all processes. */
  start(): void {
    for (const instance of this.order) instance.feed({ kind: 'start' });
  }

  /** From now on messages stay on their side, and proposals of views up to `proposalsLostThrough` are lost. */
  split(partition: Partition, proposalsLostThrough: number): void {
    this.partition = partition;
    this.proposalsLostThrough = proposalsLostThrough;
  }

  /** Everybody reaches everybody. */
  heal(): void {
    this.split(0, -1);
  }

  /** Brings an envelope to an instance, `delayMs` from now. */
  submit(to: number, envelope: Envelope, delayMs = 0): void {
    this.submissions.push({ at: this.now + delayMs, to, envelope: envelope as Authentic });
  }

  /** Runs until `isDone`, a violation, or `deadlineMs` after the start. True when done. */
  runUntil(deadlineMs: number, isDone: () => boolean = () => false): boolean {
    const deadline = START + deadlineMs;
    while (!this.failed) {
      if (isDone()) return true;
      const next = this.nextAt();
      if (next > deadline) break;
      this.now = next;
      this.tick();
    }
    this.now = Math.max(this.now, deadline);
    return false;
  }

  private nextAt(): number {
    let next = this.mail.length > 0 ? this.now + 1 : Infinity;
    for (const { at } of this.submissions) next = Math.min(next, at);
    for (const instance of this.instances) next = Math.min(next, instance.nextTimerAt);
    return next;
  }

  private tick(): void {
    const { mail, submissions, now } = this;
    this.mail = [];
    this.submissions = submissions.filter(({ at }) => at > now);
    for (const instance of this.order) instance.wake();
    for (const { at, to, envelope } of submissions)
      if (at <= now) this.instances[to]?.feed({ kind: 'submit', envelope });
    for (const { to, message } of mail) this.instances[to]?.receive(message);
    for (const instance of this.order) instance.drain();
  }

  /** To every instance of the member that is on the sender's side. */
  private send(from: number, to: MemberIndex, message: Signed): void {
    const proposes = message.kind === 'prePrepare' || message.kind === 'proposal';
    if (proposes && message.view <= this.proposalsLostThrough) return;
    this.check(message);
    for (const instance of to === this.twin ? this.copies : [to]) {
      if (sideOf(this.partition, instance) === sideOf(this.partition, from))
        this.mail.push({ to: instance, message: message as Verified });
    }
  }

  /** Nobody forges anything here: every message must hold. */
  private check(message: Signed): void {
    if (this.checked.has(message)) return;
    this.checked.add(message);
    const refused = this.refusalOf(message);
    if (refused !== undefined) this.blame('valid-message', message.sender, `${refused.code}: ${refused.reason}`);
  }

  private refusalOf(message: Signed): Rejection | undefined {
    const { validity } = this;
    const refused = checkMembership(validity.committee, message) ?? checkContent(validity, message);
    const signed = !EVIDENCE_KINDS.includes(message.kind) || validity.verifyStatement(message, message.signature);
    return signed ? refused : reject('bad_signature', message.kind);
  }
}
