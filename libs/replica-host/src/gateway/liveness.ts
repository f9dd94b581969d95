import type { ReplicaState } from '@concordat/consensus';
import type { Committee, MemberIndex, Millis, NodeId, View } from '@concordat/protocol';
import { viewConnectivity, type Connectivity } from './connectivity';

/** How a member is, as another one sees it. */
export type MemberState = 'healthy' | 'behind' | 'unreachable' | 'byzantine';

/** One member as this one sees it. */
export interface MemberView {
  readonly member: MemberIndex;
  readonly nodeId: NodeId;
  readonly state: MemberState;
  /** Last sequence that it says it executed; undefined when it was never heard. */
  readonly executed: number | undefined;
  /** View that it says it is in; undefined when it was never heard. */
  readonly view: View | undefined;
  readonly isLeader: boolean;
  /** It is heard here and does not say to miss this member; true for this member itself. */
  readonly inReach: boolean;
}

/** How this member is: `partitioned` when it exchanges messages with no quorum, `degraded` when anything else is not as it should be. */
export type Health = 'healthy' | 'degraded' | 'partitioned';

/** The swarm as one member sees it. */
export interface SwarmView {
  readonly health: Health;
  /** In table order, this member among them. */
  readonly members: readonly MemberView[];
  /** Members that are heard and have no proof against them, this one included. */
  readonly healthy: number;
  /** The members with which this one exchanges messages, itself included, weigh a quorum. */
  readonly reachesQuorum: boolean;
  /** Members without a proof against them, of whom each reaches a quorum of them, are there: this member need not be one. */
  readonly consensusPossible: boolean;
  /** One more member may fail, whichever it is, and the rest still decides. */
  readonly canLoseOneMore: boolean;
  /** Members against whom this member holds a proof. */
  readonly byzantine: readonly NodeId[];
  /** Who reaches whom. */
  readonly connectivity: Connectivity;
}

/** What a member is judged by. */
export interface LivenessOptions {
  readonly committee: Committee;
  readonly self: MemberIndex;
  /** Silence after which a member counts as unreachable. */
  readonly silenceMaxMs: number;
  /** Sequences that a member may lag before it counts as behind. */
  readonly lagMax: number;
}

/**
 * The greatest sequence that f + 1 members say they have executed: at least one honest member is as far (Spec §10). What a
 * single one says about heights is worth nothing.
 */
function trustedHeight(committee: Committee, heights: readonly number[]): number {
  return [...heights].sort((a, b) => b - a)[committee.f] ?? 0;
}

/** Judges the swarm by what this member last heard of the others. A claim is enough here: it decides nothing but what people are shown. */
export function viewSwarm(state: ReplicaState, now: Millis, options: LivenessOptions): SwarmView {
  const { committee, self, silenceMaxMs, lagMax } = options;
  const proven = new Set(state.proven);
  const heard = new Map(
    state.peers.filter(({ heardAt }) => now - heardAt <= silenceMaxMs).map((peer) => [peer.member, peer]),
  );
  const executedOf = (member: MemberIndex): number | undefined =>
    member === self ? state.executed : heard.get(member)?.executed;
  const heights = [state.executed, ...[...heard.values()].map(({ executed }) => executed)];
  const height = trustedHeight(committee, heights);
  const stateOf = (member: MemberIndex): MemberState => {
    if (proven.has(member)) return 'byzantine';
    const executed = executedOf(member);
    if (executed === undefined) return 'unreachable';
    return executed + lagMax < height ? 'behind' : 'healthy';
  };
  const connectivity = viewConnectivity({ committee, self, heard: [...heard.values()], proven });
  const inReach = new Set(connectivity.inReach);
  const members = committee.table.members.map(({ nodeId }, index): MemberView => {
    const member = index as MemberIndex;
    return {
      member,
      nodeId,
      state: stateOf(member),
      executed: executedOf(member),
      view: member === self ? state.view : heard.get(member)?.view,
      isLeader: member === state.leader,
      inReach: inReach.has(member),
    };
  });
  const reachesQuorum = committee.isQuorum(connectivity.inReach);
  const diverged = [...heard.values()].some(
    ({ executed, headDigest }) => executed === state.executed && headDigest !== state.headDigest,
  );
  const wellHere = state.promisedView === state.view && stateOf(self) === 'healthy' && !diverged;
  const allWell = members.every(({ state: its }) => its === 'healthy') && connectivity.down.length === 0;
  return {
    health: !reachesQuorum ? 'partitioned' : allWell && wellHere ? 'healthy' : 'degraded',
    members,
    healthy: members.filter(({ state: its }) => its === 'healthy').length,
    reachesQuorum,
    consensusPossible: connectivity.able.length > 0,
    canLoseOneMore: connectivity.canLoseOneMore,
    byzantine: members.filter(({ state: its }) => its === 'byzantine').map(({ nodeId }) => nodeId),
    connectivity,
  };
}
