import type { EnvelopeProgress, ReplicaState } from '@concordat/consensus';
import { digest, memberIndex, millis, sequence, view, type TableOptions } from '@concordat/protocol';
import { viewSwarm } from '../liveness';
import { whyWaiting, type Why } from '../why/why';
import { committeeOf, membersOf, peerOf, stateWith } from './members';

/** Id of the proposal's envelope. */
export const waitingEnvelope = digest('e'.repeat(64));

/** A waiting proposal, as far as it differs from one that nothing is known of, at member n1 of four that all hear each other. */
export interface Waiting {
  /** What each member that is heard says not to hear. */
  readonly heard?: Readonly<Record<number, readonly number[]>>;
  readonly progress?: Partial<EnvelopeProgress>;
  readonly state?: Partial<ReplicaState>;
  readonly weights?: readonly number[];
  readonly table?: Partial<TableOptions>;
  readonly self?: number;
  readonly expiresAt?: number;
  readonly failedViews?: number;
}

/** Every member is heard, and hears all. */
export const all = { 0: [], 1: [], 2: [], 3: [] };

/** Why it is not decided. */
export function whyOf({
  heard = all,
  progress = {},
  state = {},
  weights = [1, 1, 1, 1],
  table = {},
  self = 1,
  expiresAt,
  failedViews = 0,
}: Waiting): Why {
  const committee = committeeOf(weights, table);
  const others = Object.entries(heard).filter(([member]) => Number(member) !== self);
  const replica = stateWith(
    others.map(([member, silent]) =>
      peerOf(Number(member), { silent: membersOf(...silent), view: state.view ?? view(0) }),
    ),
    { poolEnvelopes: 3, ...state },
  );
  const options = { committee, self: memberIndex(self), silenceMaxMs: 1_000, lagMax: 20 };
  return whyWaiting({
    envelope: waitingEnvelope,
    progress: {
      phase: 'waiting',
      view: view(0),
      sequence: undefined,
      votes: { prePrepare: 0, prepare: 0, commit: 0 },
      voters: [],
      behind: undefined,
      proposed: replica.executed,
      windowTop: sequence(64),
      ...progress,
    },
    expiresAt: millis(expiresAt ?? 60_000),
    state: replica,
    swarm: viewSwarm(replica, millis(1_100), options),
    committee,
    self: memberIndex(self),
    now: millis(1_100),
    failedViews,
  });
}
