import { type RequestedChange } from '@concordat/consensus';
import { ApiError } from '@concordat/nats';
import {
  Committee,
  type EpochTable,
  genesisToJson,
  REPUTATION_ONE,
  type Sequence,
  subjectsOf,
} from '@concordat/protocol';
import { nativeHash } from '@concordat/crypto';
import { unauthorised } from './approvals-header';
import { type MemberPort } from './member-port';
import { malformedOperation } from './refusals';

/** How far a change has come: handed in, decided, or in force at the member that answers. */
export type ChangeStatus = 'pending' | 'accepted' | 'effective';

/** Answer for a change that is not decided yet: ask for its proposal. */
export interface PendingAnswer {
  readonly status: 'pending';
  readonly proposal_id: string;
  readonly node_id: string;
}

/** What all answers for decided changes say. */
interface DecidedChange {
  readonly status: 'accepted' | 'effective';
  readonly proposal_id: string;
  readonly node_id: string;
  /** Place of the change in the log. */
  readonly sequence: number;
  /** Epoch from which it holds, and the first sequence of that epoch. */
  readonly effective_epoch: number;
  readonly first_sequence: number;
}

/** Answer of join, leave, rotate, isolate and release: the swarm in the epoch from which the change holds. */
export interface MembersAnswer extends DecidedChange {
  readonly cluster_size: number;
  readonly byzantine_threshold: number;
  readonly quorum: number;
  readonly current_nodes: readonly string[];
}

/** Answer of join: with what the new node needs. */
export interface JoinAnswer extends MembersAnswer {
  readonly connection_params: {
    readonly swarm: string;
    readonly swarm_id: string;
    /** Everything that the members of this swarm say to one another. */
    readonly subjects: string;
    /** Settings of the new node, besides those that every node has. */
    readonly settings: Readonly<Record<string, string>>;
    /** For `GENESIS_FILE`, if its swarm id is the one that the new node's operator knows. */
    readonly genesis: Readonly<Record<string, unknown>>;
  };
}

/** Answer of reputation/update. */
export interface ReputationAnswer extends DecidedChange {
  /** 0 to 1. */
  readonly new_reputation: number;
  /** Whether this member holds a proof against it. A score is none. */
  readonly is_byzantine: boolean;
}

/** Answer for any change. */
export type ChangeAnswer = PendingAnswer | MembersAnswer | JoinAnswer | ReputationAnswer;

/** A change that was executed and accepted. */
export interface ExecutedChange {
  readonly proposalId: string;
  readonly sequence: Sequence;
  readonly change: RequestedChange;
  readonly status: 'accepted' | 'effective';
}

/** Table of an epoch that has begun here, or is being decided on. */
function tableOf(member: MemberPort, { epoch }: RequestedChange): EpochTable {
  const { next } = member.state();
  const table = next?.epoch === epoch ? next : member.epochs.of(epoch)?.table;
  if (table === undefined) throw new RangeError(`epoch ${epoch} is neither known nor to come`);
  return table;
}

/** The answer for an accepted change. */
export function changeAnswer(member: MemberPort, executed: ExecutedChange): ChangeAnswer {
  const { proposalId, sequence, change, status } = executed;
  const table = tableOf(member, change);
  const decided: DecidedChange = {
    status,
    proposal_id: proposalId,
    node_id: change.nodeId,
    sequence,
    effective_epoch: change.epoch,
    first_sequence: change.boundary + 1,
  };
  if (change.kind === 'reputation') {
    const reputation = table.members.find(({ nodeId }) => nodeId === change.nodeId)?.reputation ?? 0;
    return {
      ...decided,
      new_reputation: reputation / REPUTATION_ONE,
      is_byzantine: member.swarm().byzantine.some((node) => node === change.nodeId),
    };
  }
  const { n, f, quorumWeight } = new Committee(table, nativeHash);
  const answer: MembersAnswer = {
    ...decided,
    cluster_size: n,
    byzantine_threshold: f,
    quorum: quorumWeight,
    current_nodes: table.members.map(({ nodeId }) => nodeId),
  };
  return change.kind === 'join' ? { ...answer, connection_params: connectionParams(member, change.nodeId) } : answer;
}

function connectionParams({ genesis, swarmId }: MemberPort, node: string): JoinAnswer['connection_params'] {
  return {
    swarm: genesis.swarm,
    swarm_id: swarmId,
    subjects: subjectsOf(genesis.swarm).all,
    settings: { NODE_ID: node, JOIN: 'true' },
    genesis: genesisToJson(genesis),
  };
}

/** A refused change as the caller is told it. */
export function refusedChange({ refusal, reason }: RequestedChange): ApiError {
  switch (refusal) {
    case 'unreadable':
      return malformedOperation(reason);
    case 'unauthorised':
      return unauthorised(reason);
    case 'nonce-used':
      return new ApiError(409, 'NONCE_USED', reason, [{ field: 'nonce', message: reason }]);
    default:
      return new ApiError(409, 'CHANGE_REFUSED', reason);
  }
}

/** A change that was ordered but not executed. */
export const notExecuted = (outcome: string): ApiError =>
  new ApiError(503, 'NOT_EXECUTED', `the change was ordered, but came out as ${outcome}: ask again`);

/** When a caller is sent home. */
export interface Patience {
  /** What to wait for. */
  readonly wait: 'decision' | 'epoch';
  readonly timeoutMs: number;
}

/** Whether the caller got what it waited for. */
export const isComplete = ({ status }: ChangeAnswer, { wait }: Patience): boolean =>
  status === 'effective' || (status === 'accepted' && wait === 'decision');
