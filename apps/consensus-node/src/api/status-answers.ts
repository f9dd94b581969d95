import { type Committee, type MemberIndex, REPUTATION_ONE } from '@concordat/protocol';
import { type Connectivity, type Health, type Link, type MemberView } from '@concordat/replica-host';
import { type DecisionStatistics } from '@concordat/storage';
import { type MemberPort } from './member-port';

/** Answer of health. */
export interface HealthAnswer {
  readonly status: Health;
  readonly node_id: string;
  readonly current_view: number;
  readonly current_phase: string;
  readonly is_leader: boolean;
  readonly leader_node: string;
  readonly byzantine_nodes: readonly string[];
  /** Members with which this one exchanges no messages. */
  readonly out_of_reach: readonly string[];
  readonly total_nodes: number;
  readonly byzantine_threshold: number;
  readonly total_decisions: number;
  /** Decisions that this member can tell of. */
  readonly consensus_history_size: number;
}

/** One member in the answer of cluster/status. */
export interface NodeStatus {
  readonly node_id: string;
  readonly state: string;
  readonly is_leader: boolean;
  /** 0..1: what the members committed in the epoch's table, nothing else. */
  readonly reputation_score: number;
  /** Decisions up to what it says it has executed; null for a member that is not heard, or too far behind to tell. */
  readonly total_decisions: number | null;
}

/** Who reaches whom, as far as the member that answers knows. */
export interface ConnectivityAnswer {
  /** Members that reach each other, its own group first; those that nobody hears are in none. */
  readonly groups: readonly {
    readonly members: readonly string[];
    readonly weight: number;
    readonly quorum: boolean;
  }[];
  /** Ways over which nothing came for long. */
  readonly links_down: readonly LinkAnswer[];
  /** Those of them whose other direction works. */
  readonly one_way: readonly LinkAnswer[];
}

/** The way of messages from one member to another. */
export interface LinkAnswer {
  readonly from: string;
  readonly to: string;
}

/** Answer of cluster/status. */
export interface ClusterStatusAnswer {
  readonly total_nodes: number;
  readonly healthy_nodes: number;
  readonly byzantine_nodes: number;
  readonly byzantine_threshold: number;
  readonly quorum: number;
  readonly can_tolerate_more_failures: boolean;
  readonly consensus_possible: boolean;
  /** How the member is that answers. */
  readonly status: Health;
  readonly connectivity: ConnectivityAnswer;
  readonly node_statuses: readonly NodeStatus[];
  readonly current_leader: string;
  /** Views left since the epoch began: they are numbered from 0. */
  readonly view_changes_count: number;
}

/** How the member is. */
export function healthAnswer(member: MemberPort): HealthAnswer {
  const { committee, nodeId } = member;
  const state = member.state();
  const swarm = member.swarm();
  const leader = committee.member(state.leader)?.nodeId ?? '';
  return {
    status: swarm.health,
    node_id: nodeId,
    current_view: state.view,
    current_phase: state.phase,
    is_leader: leader === nodeId,
    leader_node: leader,
    byzantine_nodes: swarm.byzantine,
    out_of_reach: swarm.members.filter(({ inReach }) => !inReach).map((other) => other.nodeId),
    total_nodes: committee.n,
    byzantine_threshold: committee.f,
    total_decisions: state.totalDecided,
    consensus_history_size: member.decisions.statistics.requests.decided,
  };
}

/** How the swarm is, as the member sees it. */
export function clusterStatusAnswer(member: MemberPort): ClusterStatusAnswer {
  const { committee } = member;
  const state = member.state();
  const swarm = member.swarm();
  const nodeStatus = ({ nodeId, member: index, state: its, executed, isLeader }: MemberView): NodeStatus => ({
    node_id: nodeId,
    state: its,
    is_leader: isLeader,
    reputation_score: (committee.member(index)?.reputation ?? 0) / REPUTATION_ONE,
    total_decisions: (executed === undefined ? undefined : member.decidedUpTo(executed)) ?? null,
  });
  return {
    total_nodes: committee.n,
    healthy_nodes: swarm.healthy,
    byzantine_nodes: swarm.byzantine.length,
    byzantine_threshold: committee.f,
    quorum: committee.quorumWeight,
    can_tolerate_more_failures: swarm.canLoseOneMore,
    consensus_possible: swarm.consensusPossible,
    status: swarm.health,
    connectivity: connectivityAnswer(committee, swarm.connectivity),
    node_statuses: swarm.members.map(nodeStatus),
    current_leader: committee.member(state.leader)?.nodeId ?? '',
    view_changes_count: state.view,
  };
}

function connectivityAnswer(committee: Committee, { groups, down, oneWay }: Connectivity): ConnectivityAnswer {
  const name = (member: MemberIndex): string => committee.member(member)?.nodeId ?? '';
  const link = ({ from, to }: Link): LinkAnswer => ({ from: name(from), to: name(to) });
  return {
    groups: groups.map(({ members, weight }) => ({
      members: members.map(name),
      weight,
      quorum: weight >= committee.quorumWeight,
    })),
    links_down: down.map(link),
    one_way: oneWay.map(link),
  };
}

/** Sums over the whole history, as history answers them. */
export interface HistorySums {
  readonly total_decisions: number;
  /** Decided requests as a share of all that were ordered, repetitions aside; null before the first. */
  readonly success_rate: number | null;
  /** Over envelopes whose arrival here this member saw; null before the first. */
  readonly avg_duration_ms: number | null;
  /** Requests decided in each view, the latest views that decided any. */
  readonly decisions_per_view: Readonly<Record<string, number>>;
}

/** Sums from the store's statistics. */
export function historySums({ requests, durations, decidedByView }: DecisionStatistics): HistorySums {
  const { decided, expired, refused } = requests;
  const ordered = decided + expired + refused;
  return {
    total_decisions: decided,
    success_rate: ordered === 0 ? null : decided / ordered,
    avg_duration_ms: durations.count === 0 ? null : durations.sumMs / durations.count,
    decisions_per_view: Object.fromEntries(decidedByView),
  };
}
