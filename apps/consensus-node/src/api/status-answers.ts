import { type ReplicaState } from '@concordat/consensus';
import {
  type Committee,
  encodeEpochTable,
  type Member,
  type MemberIndex,
  REPUTATION_ONE,
  toBase64Url,
} from '@concordat/protocol';
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
  readonly epoch: number;
  /** Last sequence of the epoch; null while no change of the member table is decided on. */
  readonly epoch_ends_at: number | null;
  /** False for a node that only follows: the epoch's table does not name it with its key, or isolates it. */
  readonly votes: boolean;
  readonly isolated: boolean;
  /** 0..1; null for a node that is no member. */
  readonly reputation_score: number | null;
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
  /** Proven Byzantine by decision: its signatures count for nothing in this epoch. */
  readonly isolated: boolean;
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
  /** Views that were left without what they were for, since the epoch began: with PBFT all, with HotStuff those without a block. */
  readonly view_changes_count: number;
  readonly swarm: string;
  readonly swarm_id: string;
  readonly epoch: number;
  /** Last sequence of the epoch; null while no change of the member table is decided on. */
  readonly epoch_ends_at: number | null;
  /** The table that then holds, as decided so far. */
  readonly next_epoch: NextEpoch | null;
  readonly executed_sequence: number;
  /** Last stable checkpoint: what the proof of a new key names. */
  readonly stable_sequence: number;
}

/** The epoch to come. */
export interface NextEpoch {
  readonly epoch: number;
  readonly first_sequence: number;
  readonly total_nodes: number;
  readonly byzantine_threshold: number;
  readonly nodes: readonly string[];
  /** Canonical bytes of the table (Spec §2.4), in base64url. */
  readonly table: string;
}

const reputationOf = (member: Member | undefined): number | null =>
  member === undefined ? null : member.reputation / REPUTATION_ONE;

const nextEpoch = ({ next }: ReplicaState): NextEpoch | null =>
  next === undefined
    ? null
    : {
        epoch: next.epoch,
        first_sequence: next.baseSequence + 1,
        total_nodes: next.members.length,
        byzantine_threshold: next.f,
        nodes: next.members.map(({ nodeId }) => nodeId),
        table: toBase64Url(encodeEpochTable(next)),
      };

/** How the member is. */
export function healthAnswer(member: MemberPort): HealthAnswer {
  const { committee, nodeId } = member;
  const state = member.state();
  const swarm = member.swarm();
  const leader = committee.member(state.leader)?.nodeId ?? '';
  const own = committee.table.members.find((each) => each.nodeId === nodeId);
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
    epoch: state.epoch,
    epoch_ends_at: state.boundary === 0 ? null : state.boundary,
    votes: state.votes,
    isolated: own?.isolated === true,
    reputation_score: reputationOf(own),
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
    reputation_score: reputationOf(committee.member(index)) ?? 0,
    isolated: committee.member(index)?.isolated === true,
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
    view_changes_count: member.views().changes,
    swarm: member.genesis.swarm,
    swarm_id: member.swarmId,
    epoch: state.epoch,
    epoch_ends_at: state.boundary === 0 ? null : state.boundary,
    next_epoch: nextEpoch(state),
    executed_sequence: state.executed,
    stable_sequence: state.stable,
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
