import type { Recovered, Replica } from '@concordat/consensus';
import type { Committee, Epochs, MemberIndex } from '@concordat/protocol';
import type { HostConfig } from './config';
import type { ClockPort, DecisionsPort, HostObserver, NetworkPort, OpenPort, SealPort, VoteLogPort } from './ports';

/** What a host joins together. */
export interface ReplicaHostOptions {
  readonly replica: Replica;
  /** Of the epoch that the replica is in. */
  readonly committee: Committee;
  readonly epochs: Epochs;
  readonly self: MemberIndex;
  readonly open: OpenPort;
  readonly seal: SealPort;
  readonly log: VoteLogPort;
  readonly decisions: DecisionsPort;
  readonly network: NetworkPort;
  readonly clock: ClockPort;
  readonly observer?: HostObserver;
  /** What is not said stands in DEFAULT_HOST_CONFIG. */
  readonly config?: Partial<HostConfig>;
  /** What the replica was restored from, so that the vote book knows it too. Absent for a member that never ran. */
  readonly recovered?: Pick<Recovered, 'votes' | 'newViews' | 'stable'>;
}

/** `new` until started; `ended` once its replica's epoch is over; `stopped` and `halted` are final. */
export type HostState = 'new' | 'running' | 'ended' | 'stopping' | 'stopped' | 'halted';
