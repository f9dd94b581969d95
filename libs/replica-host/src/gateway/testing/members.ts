import type { PeerState, ReplicaState } from '@concordat/consensus';
import {
  Committee,
  createEpochTable,
  digest,
  epoch,
  memberIndex,
  millis,
  nodeId,
  portableHash,
  sequence,
  view,
  type MemberIndex,
  type TableOptions,
} from '@concordat/protocol';

const head = digest('a'.repeat(64));

/** Members n0, n1, ... of these weights; voting by weight unless all weigh 1. */
export function committeeOf(weights: readonly number[], overrides: Partial<TableOptions> = {}): Committee {
  const members = weights.map((weight, i) => ({
    nodeId: nodeId(`n${String(i)}`),
    publicKey: new Uint8Array(32).fill(i + 1),
    weight,
  }));
  const weightedVoting = weights.some((weight) => weight !== 1);
  return new Committee(createEpochTable({ members, weightedVoting, ...overrides }), portableHash);
}

/** Indexes of members. */
export const membersOf = (...indexes: readonly number[]): MemberIndex[] => indexes.map(memberIndex);

/** Another member as it was heard at 1,000: in view 0, executed 50, and it hears all. */
export const peerOf = (index: number, change: Partial<PeerState> = {}): PeerState => ({
  member: memberIndex(index),
  heardAt: millis(1_000),
  view: view(0),
  executed: sequence(50),
  stable: sequence(0),
  oldest: sequence(1),
  headDigest: head,
  silent: [],
  ...change,
});

/** A member that executed 50 in view 0 and hears those. */
export const stateWith = (peers: readonly PeerState[], change: Partial<ReplicaState> = {}): ReplicaState => ({
  view: view(0),
  promisedView: view(0),
  leader: memberIndex(0),
  phase: 'idle',
  epoch: epoch(0),
  boundary: sequence(0),
  next: undefined,
  votes: true,
  executed: sequence(50),
  stable: sequence(0),
  oldest: sequence(1),
  snapshot: undefined,
  headDigest: head,
  logTime: millis(0),
  totalDecided: 0,
  poolEnvelopes: 0,
  poolBytes: 0,
  proven: [],
  slots: 0,
  peers,
  timer: undefined,
  asking: [],
  ...change,
});
