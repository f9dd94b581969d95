import type { PeerState, ReplicaState } from '@concordat/consensus';
import {
  Committee,
  createEpochTable,
  digest,
  memberIndex,
  millis,
  nodeId,
  portableHash,
  sequence,
  view,
  epoch,
} from '@concordat/protocol';
import { viewSwarm, type SwarmView } from './liveness';

const head = digest('a'.repeat(64));
const committeeOf = (weights: readonly number[]): Committee => {
  const members = weights.map((weight, i) => ({
    nodeId: nodeId(`n${String(i)}`),
    publicKey: new Uint8Array(32).fill(i + 1),
    weight,
  }));
  return new Committee(
    createEpochTable({ members, weightedVoting: weights.some((weight) => weight !== 1) }),
    portableHash,
  );
};
const peer = (index: number, change: Partial<PeerState> = {}): PeerState => ({
  member: memberIndex(index),
  heardAt: millis(1_000),
  view: view(0),
  executed: sequence(50),
  stable: sequence(0),
  headDigest: head,
  ...change,
});
const state = (peers: readonly PeerState[], change: Partial<ReplicaState> = {}): ReplicaState => ({
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
  headDigest: head,
  logTime: millis(0),
  totalDecided: 0,
  poolEnvelopes: 0,
  poolBytes: 0,
  proven: [],
  slots: 0,
  peers,
  ...change,
});
const look = (replica: ReplicaState, now = 1_100, weights: readonly number[] = [1, 1, 1, 1]): SwarmView =>
  viewSwarm(replica, millis(now), {
    committee: committeeOf(weights),
    self: memberIndex(0),
    silenceMaxMs: 1_000,
    lagMax: 20,
  });
const states = ({ members }: SwarmView): string[] => members.map((member) => member.state);
const all = [peer(1), peer(2), peer(3)];

describe('the swarm as a member sees it', () => {
  const rows: readonly [string, ReplicaState, number, Partial<SwarmView>][] = [
    ['all are heard', state(all), 1_100, { health: 'healthy', healthy: 4, hearsQuorum: true, canLoseOneMore: true }],
    [
      'one is silent',
      state([peer(1), peer(2)]),
      1_100,
      { health: 'degraded', healthy: 3, hearsQuorum: true, consensusPossible: true, canLoseOneMore: false },
    ],
    [
      'two are silent',
      state([peer(1)]),
      1_100,
      { health: 'partitioned', hearsQuorum: false, consensusPossible: false, canLoseOneMore: false },
    ],
    ['nobody was ever heard', state([]), 1_100, { health: 'partitioned', healthy: 1 }],
    ['all were heard just in time', state(all), 2_000, { health: 'healthy' }],
    ['all were heard too long ago', state(all), 2_001, { health: 'partitioned', healthy: 1 }],
    [
      'one has equivocated',
      state(all, { proven: [memberIndex(2)] }),
      1_100,
      { health: 'degraded', healthy: 3, byzantine: ['n2' as never], consensusPossible: true, canLoseOneMore: false },
    ],
    ['a view change is under way', state(all, { promisedView: view(1) }), 1_100, { health: 'degraded', healthy: 4 }],
    ['one lags a little', state([peer(1), peer(2), peer(3, { executed: sequence(30) })]), 1_100, { health: 'healthy' }],
    [
      'one lags far',
      state([peer(1), peer(2), peer(3, { executed: sequence(29) })]),
      1_100,
      { health: 'degraded', healthy: 3, consensusPossible: true },
    ],
    [
      'one claims to be far ahead',
      state([peer(1), peer(2), peer(3, { executed: sequence(9_999) })]),
      1_100,
      { health: 'healthy' },
    ],
    [
      'two are far ahead',
      state([peer(1), peer(2, { executed: sequence(99) }), peer(3, { executed: sequence(99) })]),
      1_100,
      { health: 'degraded', healthy: 2, hearsQuorum: true },
    ],
    [
      'one has another history',
      state([peer(1), peer(2), peer(3, { headDigest: digest('b'.repeat(64)) })]),
      1_100,
      { health: 'degraded' },
    ],
  ];
  it.each(rows)('when %s', (_, replica, now, expected) => {
    expect(look(replica, now)).toMatchObject(expected);
  });

  it('names the leader, and every state', () => {
    const seen = look(
      state([peer(1), peer(3, { executed: sequence(1) })], { leader: memberIndex(1), proven: [memberIndex(1)] }),
    );
    expect(states(seen)).toEqual(['healthy', 'byzantine', 'unreachable', 'behind']);
    expect(seen.members.map(({ isLeader }) => isLeader)).toEqual([false, true, false, false]);
    expect(seen.members.map(({ executed }) => executed)).toEqual([50, 50, undefined, 1]);
  });

  it('counts weight, not members', () => {
    const weights = [3, 3, 2, 2, 2];
    expect(look(state([peer(1), peer(2)]), 1_100, weights).hearsQuorum).toBe(true);
    expect(look(state([peer(2), peer(3)]), 1_100, weights).hearsQuorum).toBe(false);
  });

  it('needs nobody in a swarm of one', () => {
    expect(look(state([]), 1_100, [1])).toMatchObject({ health: 'healthy', hearsQuorum: true, canLoseOneMore: false });
  });
});
