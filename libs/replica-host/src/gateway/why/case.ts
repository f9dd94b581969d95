import type { EnvelopeProgress, ReplicaState } from '@concordat/consensus';
import type { Committee, Digest, MemberIndex, Millis, NodeId, View } from '@concordat/protocol';
import type { MemberView, SwarmView } from '../liveness';

/** A waiting proposal, and everything that a member knows of what it waits for. */
export interface WhyInput {
  readonly envelope: Digest;
  readonly progress: EnvelopeProgress;
  /** The request's deadline, in log time; undefined when the request is not held here. */
  readonly expiresAt: Millis | undefined;
  readonly state: ReplicaState;
  readonly swarm: SwarmView;
  readonly committee: Committee;
  readonly self: MemberIndex;
  readonly now: Millis;
  /** Views that a quorum gave up since the last decision here. Of HotStuff only: views of PBFT end in no other way. */
  readonly failedViews: number;
}

/** What must happen next for the proposal. */
export type Stage =
  /** Its sequence is decided, and not executed here yet. */
  | 'execution'
  /** A new view must begin. */
  | 'view-change'
  /** A leader must propose it. */
  | 'proposal'
  /** A quorum must vote. */
  | 'votes';

/** A WhyInput with what the rules ask of it. */
export class WhyCase {
  readonly stage: Stage;
  /** The swarm runs HotStuff. */
  readonly isLinear: boolean;
  /** Members that have done what the stage asks of a quorum. */
  readonly have: readonly MemberIndex[];
  /** The sequence whose votes are counted: an earlier one when that holds the proposal up. */
  readonly votesAt: number | undefined;
  /** Members of whom the same is awaited. */
  readonly missing: readonly MemberView[];

  constructor(readonly input: WhyInput) {
    const { progress, state, swarm, committee } = input;
    const { behind } = progress;
    this.isLinear = committee.table.engine === 'hotstuff';
    // Whatever certifies a block certifies all below it: none of them holds it up.
    const stuck = !this.isLinear && behind !== undefined && behind.phase !== 'decided' ? behind : undefined;
    const decided = progress.phase === 'decided';
    if (decided && stuck === undefined) this.stage = 'execution';
    else if (state.promisedView > state.view) this.stage = 'view-change';
    else if (stuck === undefined && !this.isProposed) this.stage = 'proposal';
    else this.stage = 'votes';
    const voting = this.stage === 'votes' && stuck !== undefined ? stuck : progress;
    this.have = this.stage === 'view-change' ? state.asking : this.counts ? voting.voters : [];
    this.votesAt = voting.sequence;
    const quorum = this.stage === 'execution' || committee.isQuorum(this.have);
    this.missing = quorum ? [] : swarm.members.filter((member) => this.isAwaited(member));
  }

  /** A leader has proposed it, as far as is known here. */
  get isProposed(): boolean {
    const { sequence, voters } = this.input.progress;
    return this.isLinear ? sequence !== undefined : voters.length > 0;
  }

  /** The votes that are awaited come here. Those of HotStuff go to the leader of the next view alone. */
  get counts(): boolean {
    if (!this.isLinear || this.stage !== 'votes') return true;
    return this.input.progress.phase === 'prepare' && this.collector?.member === this.input.self;
  }

  /** A proposal is awaited of the leader, and of whoever must come back before there can be one; a vote of all. */
  private isAwaited({ member, inReach }: MemberView): boolean {
    const { committee, swarm } = this.input;
    if (!committee.isVoter(member) || this.have.includes(member)) return false;
    const isTurn = member === this.leader?.member || (!this.counts && member === this.collector?.member);
    return (this.stage !== 'proposal' && this.counts) || isTurn || !(inReach || swarm.reachesQuorum);
  }

  /** Leader of the view after this member's, to whom the votes of HotStuff go. */
  get collector(): MemberView | undefined {
    const { state, committee, swarm } = this.input;
    return swarm.members[committee.leaderOf((state.view + 1) as View)];
  }

  /** Leader of the view that this member is in, or waits for. */
  get leader(): MemberView | undefined {
    const { state, committee, swarm } = this.input;
    return swarm.members[committee.leaderOf(Math.max(state.view, state.promisedView) as View)];
  }

  /** The next member that leads: with HotStuff a leader has two views in a row. */
  get successor(): NodeId | undefined {
    const { state, committee } = this.input;
    const view = Math.max(state.view, state.promisedView);
    const leader = committee.leaderOf(view as View);
    const next = committee.leaderOf((view + 1) as View);
    return this.name(next === leader && this.isLinear ? committee.leaderOf((view + 2) as View) : next);
  }

  name(member: MemberIndex): NodeId | undefined {
    return this.input.committee.member(member)?.nodeId;
  }

  names(members: readonly MemberIndex[]): string {
    return members.length === 0 ? 'nobody' : members.map((member) => this.name(member)).join(', ');
  }

  /** Milliseconds until the timer that runs now runs out; undefined when none runs. */
  get runsOutInMs(): number | undefined {
    const { timer } = this.input.state;
    return timer === undefined ? undefined : Math.max(0, timer.startedAt + timer.lengthMs - this.input.now);
  }
}
