import { type PeerState, type ReplicaState } from '@concordat/consensus';
import { type Committee, type MemberIndex, type Millis } from '@concordat/protocol';
import { type LivenessOptions, type SwarmView, viewSwarm } from '@concordat/replica-host';

/** Age up to which an earlier look at the swarm is good enough: every request asks. */
const FRESH_MS = 25;

/** Who was heard last in the epoch before. */
export interface Earlier {
  readonly committee: Committee;
  readonly peers: readonly PeerState[];
}

/** The swarm as this member sees it, looked at no more often than it can change. */
export class SwarmWatch {
  private seen: { readonly at: Millis; readonly view: SwarmView } | undefined;
  private readonly earlier: readonly PeerState[];

  constructor(
    private readonly state: () => ReplicaState,
    private readonly now: () => Millis,
    private readonly options: LivenessOptions,
    earlier?: Earlier,
  ) {
    this.earlier = earlier === undefined ? [] : moved(earlier, options.committee);
  }

  /** At most FRESH_MS old. */
  get view(): SwarmView {
    const at = this.now();
    const age = this.seen === undefined ? undefined : at - this.seen.at;
    if (this.seen === undefined || age === undefined || age < 0 || age >= FRESH_MS)
      this.seen = { at, view: viewSwarm(this.look(), at, this.options) };
    return this.seen.view;
  }

  /** Whoever was heard a moment ago is not unheard because an epoch began meanwhile. */
  private look(): ReplicaState {
    const state = this.state();
    if (this.earlier.length === 0) return state;
    const heard = new Set(state.peers.map(({ member }) => member));
    return { ...state, peers: [...state.peers, ...this.earlier.filter(({ member }) => !heard.has(member))] };
  }
}

/** Those peers that are members of the next epoch too, they and those that they do not hear at their places there. */
function moved({ committee, peers }: Earlier, next: Committee): PeerState[] {
  const place = (old: MemberIndex): readonly MemberIndex[] => {
    const node = committee.member(old)?.nodeId;
    const member = node === undefined ? undefined : next.indexOf(node);
    return member === undefined ? [] : [member];
  };
  return peers.flatMap((peer) =>
    place(peer.member).map((member) => ({ ...peer, member, silent: peer.silent.flatMap(place) })),
  );
}
