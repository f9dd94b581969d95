import { type Evidence, type ReplicaState } from '@concordat/consensus';
import {
  type Committee,
  type Digest,
  type Envelope,
  type Epoch,
  type Epochs,
  type Genesis,
  type MemberIndex,
  type Millis,
  type NodeId,
} from '@concordat/protocol';
import {
  type DecisionsView,
  type Gateway,
  type ProposalLookup,
  type Proposals,
  type SwarmView,
} from '@concordat/replica-host';
import { type DecisionStatistics } from '@concordat/storage';

/** Views of the epoch that ended without a block. */
export interface ViewCounts {
  /** With PBFT all that were left; with HotStuff those that brought no block, since views go on with each block too. */
  readonly changes: number;
  /** Of these, with HotStuff, those since the last decision. */
  readonly failedSinceDecision: number;
}

/** What the API needs of the member that it speaks for. */
export interface MemberPort {
  readonly nodeId: NodeId;
  /** Of the epoch that the member is in. */
  readonly committee: Committee;
  /** Its place there; OBSERVER for none. */
  readonly self: MemberIndex;
  /** The epochs that it knows. */
  readonly epochs: Epochs;
  readonly genesis: Genesis;
  readonly swarmId: Digest;
  readonly gateway: Pick<Gateway, 'propose' | 'submit'>;
  readonly proposals: Pick<Proposals, 'executionOf' | 'hasRoomForWaiter' | 'estimatedMs'>;
  readonly lookup: Pick<ProposalLookup, 'find' | 'executionOf'>;
  readonly decisions: DecisionsView & { readonly statistics: DecisionStatistics };
  now(): Millis;
  state(): ReplicaState;
  /** Proofs of misbehaviour that it has on record. */
  evidence(): readonly Evidence[];
  /** The envelope with that id, while it waits here. */
  waitingEnvelope(id: Digest): Envelope | undefined;
  /** The swarm as this member sees it now, give or take a heartbeat. */
  swarm(): SwarmView;
  views(): ViewCounts;
  /** Resolves with true once the member is in that epoch or a later one; with false when `deadline` passes before. */
  epochBegun(epoch: Epoch, deadline: Millis): Promise<boolean>;
  /** Requests decided up to a sequence; undefined when that is too long ago. */
  decidedUpTo(sequence: number): number | undefined;
  /** What to expect of a decision's duration before anything was decided. */
  readonly expectedMs: number;
}

/** Injection token of the MemberPort. */
export const MEMBER = Symbol('member');
