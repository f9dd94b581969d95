import type { ReplicaState } from '@concordat/consensus';
import { digest, memberIndex, millis, sequence, view } from '@concordat/protocol';
import { viewSwarm, type SwarmView } from './liveness';
import { committeeOf, membersOf, peerOf as peer, stateWith as state } from './testing/members';

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
    ['all are heard', state(all), 1_100, { health: 'healthy', healthy: 4, reachesQuorum: true, canLoseOneMore: true }],
    [
      'one is silent',
      state([peer(1), peer(2)]),
      1_100,
      { health: 'degraded', healthy: 3, reachesQuorum: true, consensusPossible: true, canLoseOneMore: false },
    ],
    [
      'two are silent to both',
      state([peer(1, { silent: membersOf(2, 3) })]),
      1_100,
      { health: 'partitioned', reachesQuorum: false, consensusPossible: false, canLoseOneMore: false },
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
      { health: 'degraded', healthy: 2, reachesQuorum: true },
    ],
    [
      'one says not to hear this member',
      state([peer(1), peer(2), peer(3, { silent: membersOf(0) })]),
      1_100,
      { health: 'degraded', healthy: 4, reachesQuorum: true, consensusPossible: true },
    ],
    [
      'two say not to hear this member: it is mute',
      state([peer(1), peer(2, { silent: membersOf(0) }), peer(3, { silent: membersOf(0) })]),
      1_100,
      { health: 'partitioned', reachesQuorum: false, consensusPossible: true },
    ],
    [
      'a link between two others is down',
      state([peer(1), peer(2), peer(3, { silent: membersOf(2) })]),
      1_100,
      { health: 'degraded', reachesQuorum: true, consensusPossible: true, canLoseOneMore: false },
    ],
    [
      'links between others leave no quorum',
      state([peer(1, { silent: membersOf(2) }), peer(2, { silent: membersOf(3) }), peer(3, { silent: membersOf(1) })]),
      1_100,
      { health: 'degraded', reachesQuorum: true, consensusPossible: false },
    ],
    [
      'one is heard that hears the rest',
      state([peer(1)]),
      1_100,
      { health: 'partitioned', reachesQuorum: false, consensusPossible: true },
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

  it('says who is in reach', () => {
    const seen = look(state([peer(1), peer(2, { silent: membersOf(0) })]));
    expect(seen.members.map(({ inReach }) => inReach)).toEqual([true, true, false, false]);
    expect(seen.members.map((member) => member.view)).toEqual([0, 0, 0, undefined]);
  });

  it('counts weight, not members', () => {
    const weights = [3, 3, 2, 2, 2];
    expect(look(state([peer(1), peer(2)]), 1_100, weights).reachesQuorum).toBe(true);
    expect(look(state([peer(2), peer(3)]), 1_100, weights).reachesQuorum).toBe(false);
  });

  it('needs nobody in a swarm of one', () => {
    expect(look(state([]), 1_100, [1])).toMatchObject({
      health: 'healthy',
      reachesQuorum: true,
      canLoseOneMore: false,
    });
  });
});
