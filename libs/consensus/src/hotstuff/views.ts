import {
  ROOT_VIEW,
  timeoutDigest,
  type BlockReference,
  type MemberIndex,
  type QuorumCertificate,
  type Sequence,
  type TimeoutCertificate,
  type Timeout,
  type Verified,
  type View,
  type ViewProof,
} from '@concordat/protocol';
import { signedStatement, type Context } from '../member/context';
import type { Touch } from '../member/engine';
import { oldestWaiting } from '../member/waiting';
import type { RunningTimer } from '../replica';
import type { Chain } from './chain';
import { Pacemaker } from './pacemaker';
import type { Safety } from './safety';

/** Views that fit into the time that a leader of PBFT has for one request: one of HotStuff's leaders has less to do in each. */
const VIEWS_PER_PHASE_TIMEOUT = 4;
/** Part of a view's length that is left to one whose leader, or the next one that gathers its votes, is not heard. */
const ABSENT_SHARE = 1 / 8;
/** After a torn log: views beyond the known ones in which a lost group of records may have voted. */
const TORN_VIEWS = 4;

/** Which view it is, why, and when it is given up (Spec §4). */
export class Views {
  private readonly pacemaker: Pacemaker;
  /** Certificate of the highest view; undefined for the epoch's root. */
  private certificate: QuorumCertificate | undefined;
  /** That the view below was given up, where this one began with it. */
  private givenUp: TimeoutCertificate | undefined;
  private tells = false;
  /** Highest view that this member votes in no more. */
  private leftThrough: View = ROOT_VIEW;
  /** One per member, its newest. */
  private readonly timeouts = new Map<MemberIndex, Verified<Timeout>>();
  private timed: RunningTimer | undefined;
  private timedView: View | undefined;

  constructor(
    private readonly context: Context,
    private readonly chain: Chain,
    private readonly safety: Safety,
    private readonly root: BlockReference,
  ) {
    const { phaseTimeoutMs, viewChangeTimeoutMaxMs } = context.config;
    const baseMs = phaseTimeoutMs / VIEWS_PER_PHASE_TIMEOUT;
    let doublingsMax = 0;
    while (baseMs * 2 ** (doublingsMax + 1) <= viewChangeTimeoutMaxMs) doublingsMax++;
    this.pacemaker = new Pacemaker(context.committee, { baseMs, doublingsMax });
    this.follow();
  }

  /** The certified block of the highest view that is known here. */
  get newest(): BlockReference & Partial<QuorumCertificate> {
    return this.certificate ?? this.root;
  }

  /** What this view began with; what a proposal and a TIMEOUT in it carry. */
  get proof(): ViewProof {
    const { certificate, givenUp, context } = this;
    const follows = this.newest.view + 1 === context.view;
    return { justify: certificate, timeouts: follows ? undefined : givenUp };
  }

  /** The leader of this view has something to say though nothing waits at it: others may not know yet what was decided. */
  get owesProposal(): boolean {
    return this.tells;
  }

  /** The clock that runs now. */
  get clock(): RunningTimer | undefined {
    return this.timed;
  }

  /** Who gave up this view or a later one, as far as it is known here, ascending. */
  get asking(): MemberIndex[] {
    const { view } = this.context;
    return [...this.timeouts]
      .flatMap(([member, timeout]) => (timeout.view >= view ? [member] : []))
      .sort((a, b) => a - b);
  }

  /** The newest TIMEOUT of a member. */
  timeoutOf(member: MemberIndex): Verified<Timeout> | undefined {
    return this.timeouts.get(member);
  }

  /** Takes in certificates, whoever brought them: they were checked. */
  learn({ justify, timeouts }: ViewProof): void {
    if (justify !== undefined) this.onCertificate(justify);
    if (timeouts !== undefined) this.onGivenUp(timeouts);
  }

  private onCertificate(certificate: QuorumCertificate): void {
    const { view, digest } = certificate;
    if (view > this.newest.view) this.certificate = certificate;
    const isHere = this.chain.tree.get(digest) !== undefined;
    const tells = !isHere || this.chain.hasUndecided(digest) || this.endsEpoch;
    this.apply(certificate);
    if (!this.pacemaker.onCertified(view)) return;
    this.givenUp = undefined;
    this.tells = tells;
    this.follow();
  }

  private onGivenUp(timeouts: TimeoutCertificate): void {
    if (!this.pacemaker.onGivenUp(timeouts.view)) return;
    this.givenUp = timeouts;
    // A quorum waited for something.
    this.tells = true;
    this.chain.onFailedView(this.newest.digest, this.safety.state.locked.digest);
    this.follow();
    this.context.emit({ kind: 'viewEntered', view: this.context.view, leader: this.context.leader });
  }

  /** What a certificate means for the blocks that are here: the lock, and decisions. */
  apply(certificate: QuorumCertificate): void {
    if (this.chain.tree.get(certificate.digest) === undefined) return;
    this.safety.certified(certificate.digest);
    if (this.chain.decideBy(certificate)) this.pacemaker.onDecided();
  }

  /** A block came: the newest certificate may be about it. */
  onPlaced(block: BlockReference): void {
    if (this.certificate?.digest === block.digest) this.apply(this.certificate);
  }

  /** A TIMEOUT whose signature and certificates hold, this member's own included. */
  onTimeout(message: Verified<Timeout>): void {
    const { sender, view } = message;
    const earlier = this.timeouts.get(sender);
    if (earlier?.view === view && earlier.digest !== message.digest)
      this.context.accuseOfEquivocation(signedStatement(earlier), signedStatement(message));
    this.learn(message);
    if (earlier !== undefined && earlier.view >= view) return;
    this.timeouts.set(sender, message);
    const { join, complete } = this.pacemaker.onTimeout(sender, view);
    if (join !== undefined) this.giveUp(join, 'joined');
    if (complete !== undefined) this.onGivenUp(this.certificateOf(complete));
  }

  private certificateOf(view: View): TimeoutCertificate {
    const timeouts = this.pacemaker.signersOf(view).flatMap((sender) => {
      const timeout = this.timeouts.get(sender);
      return timeout?.view === view ? [{ sender, highest: timeout.highest, signature: timeout.signature }] : [];
    });
    return { view, timeouts };
  }

  /** After this it votes no more in `view` (Spec §4). */
  private giveUp(view: View, reason: 'timeout' | 'joined'): void {
    const { context } = this;
    if (!context.votes || view !== context.view || view <= this.leftThrough) return;
    this.leave(view);
    context.emit({ kind: 'viewLeft', view, reason });
    const { view: newest, digest } = this.newest;
    const highest = { view: newest, digest };
    context.vote({
      kind: 'timeout',
      view,
      sequence: 0 as Sequence,
      digest: timeoutDigest(context.hash, highest),
      highest,
      ...this.proof,
    });
  }

  private leave(view: View): void {
    this.leftThrough = view;
    this.safety.gaveUp(view);
    this.pacemaker.giveUp(view);
    this.follow();
  }

  /**
   * The log's end was not whole: what is lost may be votes and proposals in this view or the next ones. It makes no other there
   * until the view that this returns is over, also after one more restart; it gives views up like all, for they must not
   * wait for it.
   */
  abstain(): View {
    const { context, safety } = this;
    const through = (Math.max(context.view, safety.state.votedView) + TORN_VIEWS) as View;
    safety.voted(through);
    context.emit({ kind: 'persist', record: { kind: 'abstention', epoch: context.committee.epoch, through } });
    context.emit({ kind: 'viewLeft', view: context.view, reason: 'torn-log' });
    return through;
  }

  /** Takes up a TIMEOUT that this member sealed before a restart. */
  restore(own: Verified<Timeout>): void {
    this.leave(own.view);
    this.onTimeout(own);
  }

  private follow(): void {
    const { context, pacemaker } = this;
    context.view = pacemaker.view;
    context.promisedView = Math.max(pacemaker.view, this.leftThrough + 1) as View;
    for (const [member, { view }] of this.timeouts) if (view < context.view) this.timeouts.delete(member);
  }

  /** The epoch has a last sequence, and it is still to come. */
  private get endsEpoch(): boolean {
    const { boundary, ledger } = this.context;
    return boundary > 0 && ledger.executed < boundary;
  }

  /** True while somebody waits for a leader. In an epoch that ends that is its rest: what waits then is the next one's. */
  private get awaits(): boolean {
    const { votes, boundary } = this.context;
    return votes && (boundary > 0 ? this.endsEpoch : oldestWaiting(this.context) !== undefined);
  }

  /** After every event: each view has its time while something waits. */
  updateTimer(touch: Touch): void {
    const { view } = this.context;
    if (!this.awaits) {
      if (this.timedView !== undefined) this.context.emit({ kind: 'cancelTimer', timer: 'progress' });
      this.timed = undefined;
      this.timedView = undefined;
    } else if (this.timedView !== view)
      this.startClock(this.pacemaker.lengthMs * (this.isLed(touch) ? 1 : ABSENT_SHARE));
  }

  /** The view's time is over. Not while this member is out of touch: then it looks again after each heartbeat. */
  onTimer(touch: Touch): void {
    if (!this.awaits) this.timedView = undefined;
    else if (touch.isOutOfTouch) this.startClock(this.context.config.statusIntervalMs);
    else this.giveUp(this.context.view, 'timeout');
  }

  /** Whether those are heard that the view needs: nobody waits a whole view, again and again, for one that is down. */
  private isLed(touch: Touch): boolean {
    const { committee, view, leader } = this.context;
    return touch.hears(leader) && touch.hears(committee.leaderOf((view + 1) as View));
  }

  private startClock(lengthMs: number): void {
    const { at, pool, view } = this.context;
    this.timedView = view;
    this.timed = { timer: 'progress', startedAt: at, lengthMs, envelope: pool.oldest() };
    this.context.emit({ kind: 'startTimer', timer: 'progress', delayMs: lengthMs });
  }
}
