import { type PeerState } from '@concordat/consensus';
import { nativeHash } from '@concordat/crypto';
import { Committee, memberIndex, millis, sequence, view } from '@concordat/protocol';
import { FakeMember } from '../testing/fake-member';
import { SwarmWatch } from './swarm-watch';

const AT = 1_700_000_000_000;

describe('whoever was heard in the epoch before', () => {
  const fake = new FakeMember();
  const { committee } = fake;
  const { members } = committee.table;
  // n0 has left: n1 to n3 moved up.
  const next = new Committee({ ...committee.table, members: members.slice(1), f: 0 }, nativeHash);
  const peer = (member: number, silent: readonly number[] = []): PeerState => ({
    member: memberIndex(member),
    heardAt: millis(AT),
    view: view(0),
    executed: sequence(0),
    stable: sequence(0),
    oldest: sequence(1),
    headDigest: fake.state().headDigest,
    silent: silent.map(memberIndex),
  });

  function statesAt(now: number, heardNow: readonly PeerState[]): string[] {
    const watch = new SwarmWatch(
      () => ({ ...fake.state(), peers: heardNow }),
      () => millis(now),
      { committee: next, self: memberIndex(0), silenceMaxMs: 1_000, lagMax: 8 },
      { committee, peers: [peer(0), peer(2)] },
    );
    return watch.view.members.map(({ nodeId, state }) => `${nodeId} ${state}`);
  }

  it('counts as heard in the next one, at its place there, until it has been silent for too long', () => {
    expect(statesAt(AT + 1_000, [])).toEqual(['n1 healthy', 'n2 healthy', 'n3 unreachable']);
    expect(statesAt(AT + 1_001, [])).toEqual(['n1 healthy', 'n2 unreachable', 'n3 unreachable']);
  });

  it('brings along whom it does not hear, at their places there; who has left is nobody', () => {
    const watch = new SwarmWatch(
      () => ({ ...fake.state(), peers: [] }),
      () => millis(AT),
      { committee: next, self: memberIndex(0), silenceMaxMs: 1_000, lagMax: 8 },
      { committee, peers: [peer(2, [0, 1, 3])] },
    );
    const toIt = watch.view.connectivity.down.filter(({ to }) => to === 1);
    expect(toIt).toEqual([
      { from: 0, to: 1 },
      { from: 2, to: 1 },
    ]);
  });

  it('counts by what it says now once it is heard again', () => {
    const now = { ...peer(1), heardAt: millis(AT + 5_000) };
    expect(statesAt(AT + 5_500, [now])).toEqual(['n1 healthy', 'n2 healthy', 'n3 unreachable']);
  });
});
