import { ROOT_VIEW, type Committee, type MemberIndex, type View } from '@concordat/protocol';

/** How long views last. */
export interface PacemakerConfig {
  /** Length of a view, in milliseconds, while nothing fails. */
  readonly baseMs: number;
  /** Times that it doubles at most: a written assumption about the network. */
  readonly doublingsMax: number;
}

/** What a TIMEOUT leads to. */
export interface TimeoutOutcome {
  /** More than f members gave that view up, or later ones: so does this one. */
  readonly join: View | undefined;
  /** A quorum gave that view up. */
  readonly complete: View | undefined;
}

const NOTHING: TimeoutOutcome = { join: undefined, complete: undefined };

/**
 * Which view it is (Spec §4). A view ends with a certificate for its block or with one that a quorum gave it up; its length
 * doubles with each view that failed since the last decision, and falls with a decision only: what resets it otherwise can be
 * had by a leader that decides nothing.
 *
 * A TIMEOUT must carry the certificate with which its sender's view began. Without it one honest member alone in view 10 and two
 * in view 8 never meet: those two see one member ahead, which may lie.
 */
export class Pacemaker {
  private current = (ROOT_VIEW + 1) as View;
  private failed = 0;
  /** Highest view that this member gave up. */
  private own: View = ROOT_VIEW;
  /** Highest view that each member gave up. */
  private readonly timeouts = new Map<MemberIndex, View>();

  constructor(
    private readonly committee: Pick<Committee, 'hasHonest' | 'isQuorum' | 'isVoter'>,
    private readonly config: PacemakerConfig,
  ) {}

  /** The view that this member is in: at least 1. */
  get view(): View {
    return this.current;
  }

  /** Milliseconds after which it is given up. */
  get lengthMs(): number {
    return this.config.baseMs * 2 ** Math.min(this.failed, this.config.doublingsMax);
  }

  /** Whether this member gave up the view that it is in. */
  get gaveUp(): boolean {
    return this.own >= this.current;
  }

  /** A block of `view` was certified. True when that leads to a new view. */
  onCertified(view: View): boolean {
    return this.enter((view + 1) as View);
  }

  /** A quorum gave `view` up. True when that leads to a new view. */
  onGivenUp(view: View): boolean {
    const left = view + 1 - this.current;
    if (left > 0) this.failed += left;
    return this.enter((view + 1) as View);
  }

  /** Something was decided. */
  onDecided(): void {
    this.failed = 0;
  }

  /** This member gives up `view`, which is the one that it is in or a later one. */
  giveUp(view: View): void {
    if (view > this.own) this.own = view;
  }

  /** A TIMEOUT whose signature holds, this member's own included. */
  onTimeout(sender: MemberIndex, view: View): TimeoutOutcome {
    const before = this.timeouts.get(sender);
    if (!this.committee.isVoter(sender) || view < this.current || (before !== undefined && view <= before))
      return NOTHING;
    this.timeouts.set(sender, view);
    const complete = this.committee.isQuorum(this.whoGaveUp(view, (theirs) => theirs === view)) ? view : undefined;
    return { join: this.viewToJoin(), complete };
  }

  /** Who gave up exactly that view, in order: the signers of its certificate. */
  signersOf(view: View): readonly MemberIndex[] {
    return this.whoGaveUp(view, (theirs) => theirs === view);
  }

  private whoGaveUp(view: View, matches: (theirs: View, view: View) => boolean): MemberIndex[] {
    return [...this.timeouts]
      .flatMap(([member, theirs]) => (matches(theirs, view) ? [member] : []))
      .sort((a, b) => a - b);
  }

  /** The highest view that f + 1 members gave up, or passed: one of them is honest, so it is worth following. */
  private viewToJoin(): View | undefined {
    const views = [...new Set(this.timeouts.values())].sort((a, b) => b - a);
    const reached = views.find((view) => this.committee.hasHonest(this.whoGaveUp(view, (theirs) => theirs >= view)));
    return reached !== undefined && reached > this.own ? reached : undefined;
  }

  private enter(view: View): boolean {
    if (view <= this.current) return false;
    this.current = view;
    for (const [member, theirs] of this.timeouts) if (theirs < view) this.timeouts.delete(member);
    return true;
  }
}
