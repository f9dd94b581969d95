import type { ReplicaConfig } from '@concordat/consensus';
import type { EngineName, LeaderElection, MessageKind } from '@concordat/protocol';
import type { AdversaryMaker } from './adversary';
import type { ProtocolStep } from './protocol-steps';

/** Which messages a rule is about; what is not said matches everything. */
export interface MessageFilter {
  readonly from?: readonly number[];
  readonly to?: readonly number[];
  readonly kinds?: readonly MessageKind[];
  readonly view?: number;
  readonly sequence?: number;
}

/** Messages that are lost, or late. */
export interface NetworkRule extends MessageFilter {
  /** Milliseconds; 'lost' for never; 'held' for all at once when the rule ends, as behind a clogged link. */
  readonly delayMs: number | 'lost' | 'held';
  /** What the rule is part of, where that is more than loss, delay or clogging. */
  readonly cause?: 'symmetric-partition' | 'asymmetric-partition';
}

/** How the network treats every message. */
export interface NetworkOptions {
  readonly latencyMinMs: number;
  readonly latencyMaxMs: number;
  /** Share of messages that never arrive. */
  readonly lossRate: number;
  /** Share of messages that arrive twice. */
  readonly repeatRate: number;
  /** Share of messages that take up to `slowMs` more. */
  readonly slowRate: number;
  readonly slowMs: number;
}

/** How disks behave. */
export interface DiskOptions {
  readonly syncMinMs: number;
  readonly syncMaxMs: number;
  /** Share of crashes during a sync that leave half a group. */
  readonly tornRate: number;
  /** Records in a log file from which a new one is begun at the next stable checkpoint. */
  readonly segmentRecordsMax: number;
}

/**
 * When a crash strikes: at once; at the member's next sync: before it (lost), during it (lost, whole or torn), or after it
 * (durable, and not sent); or when the first copy of its next message has left.
 */
export type CrashPoint = 'now' | 'before-sync' | 'during-sync' | 'after-sync' | 'mid-send';

/** Something that goes wrong at `atMs` after the start. */
export type Fault = { readonly atMs: number } & (
  | {
      readonly kind: 'crash';
      readonly member: number;
      readonly point: CrashPoint;
      readonly downMs: number;
      /** Waits for a sync or a message of that step. */
      readonly step?: ProtocolStep;
    }
  /** Everyone stops at once; each restarts within `downMs`. */
  | { readonly kind: 'power-loss'; readonly downMs: number }
  /** A cut in one direction, a partition is several of them. */
  | { readonly kind: 'network'; readonly rules: readonly NetworkRule[]; readonly forMs: number }
  /** The process stands still; its clock, and what arrives for it, do not. */
  | { readonly kind: 'pause'; readonly member: number; readonly forMs: number }
  /** A write fails, and the process ends; or the process ends, and cannot read its disk when it starts again. */
  | {
      readonly kind: 'disk-error';
      readonly member: number;
      readonly operation: 'write' | 'read';
      readonly downMs: number;
      /** A write waits for one of that step. */
      readonly step?: ProtocolStep;
    }
  /** The process ends, and a bit of its log is another one when it starts again. Counts as one of the f faulty members. */
  | { readonly kind: 'bit-flip'; readonly member: number; readonly downMs: number }
  /** The member's clock jumps, and is set right again later. */
  | { readonly kind: 'clock'; readonly member: number; readonly byMs: number; readonly forMs: number }
);

/** What a Byzantine member does in a swarm of each engine. */
export const STRATEGIES_OF = {
  pbft: [
    'equivocating-leader',
    'silent',
    'double-voter',
    'noise',
    'new-view-liar',
    'withholding-leader',
    'view-rusher',
    'false-status',
    'censor',
    'slow-leader',
    'bad-supplier',
    'hoarder',
    'selective',
    'lonely-new-view',
  ],
  hotstuff: [
    'equivocating-leader',
    'silent',
    'double-voter',
    'noise',
    'withholding-leader',
    'force-locker',
    'stale-leader',
    'double-timeouts',
    'false-sync',
    'false-status',
    'slow-leader',
    'bad-supplier',
    'selective',
  ],
} as const satisfies Readonly<Record<EngineName, readonly string[]>>;
/** What a Byzantine member of some engine's swarm does. */
export type Strategy = (typeof STRATEGIES_OF)[EngineName][number];
/** All of them, each once. */
export const STRATEGIES: readonly Strategy[] = [
  ...new Set<Strategy>([...STRATEGIES_OF.pbft, ...STRATEGIES_OF.hotstuff]),
];

/** A Byzantine member. */
export interface Liar {
  readonly member: number;
  /** What it does; a function for an adversary that stands in no list. */
  readonly strategy: Strategy | AdversaryMaker;
}

/** What clients do. */
export interface WorkloadOptions {
  readonly clients: number;
  readonly envelopes: number;
  readonly requestsMax: number;
  /** Share of envelopes that are given to two members. */
  readonly duplicateRate: number;
  /** Share of envelopes that use the nonces of an earlier one, with other content. */
  readonly reuseRate: number;
  /** Share of envelopes with a deadline that will pass soon. */
  readonly shortDeadlineRate: number;
  /** Share of envelopes that a member signs as gateway. */
  readonly gatewayRate: number;
}

/** A change of the members that somebody asks for at `atMs`, at node `to` or at the next one that is a member and runs. */
export type Change = {
  readonly atMs: number;
  readonly to: number;
  /** The operator alone, or the members with as many signatures as they have. */
  readonly by: 'operator' | 'members';
  /** Number of the node that it is about. */
  readonly node: number;
} & (
  | {
      readonly kind: 'join' | 'rotate';
      /** With the key that the node began with: it may have stood in a table before. */
      readonly oldKey?: boolean;
    }
  | { readonly kind: 'leave'; readonly f?: number }
  /** `score`: from 0 to 1. */
  | { readonly kind: 'reputation'; readonly score: number }
  /** As soon as anybody has a proof; when nobody ever has, with a worthless one. */
  | { readonly kind: 'isolate' }
  | { readonly kind: 'release' }
);

/** Who the members are, and how that changes. */
export interface MembershipOptions {
  /** Nodes beyond the members, numbered after them: they follow, and may join. */
  readonly observers: number;
  /** Of the first members; none for equal ones. */
  readonly weights: readonly number[];
  readonly leaderElection: LeaderElection;
  /** Decisions that a node keeps behind its stable checkpoint; 0 for all. */
  readonly retain: number;
  readonly changes: readonly Change[];
}

/** How hard a schedule is; `epochs`: standard or harsh, and the members change. */
export type Profile = 'quick' | 'standard' | 'harsh' | 'epochs';

/** Everything that a run depends on, besides its seed. */
export interface ScheduleOptions {
  readonly engine: EngineName;
  readonly profile: Profile;
  readonly members: number;
  readonly f: number;
  readonly checkpointInterval: number;
  readonly windowSize: number;
  /** Length of the phase with faults. */
  readonly durationMs: number;
  /** Virtual time that the healed swarm has to finish everything. */
  readonly settleMs: number;
  /** Distance of a proposal's time from a member's clock that is accepted. */
  readonly logTimeBoundMs: number;
  /** Greatest distance of a member's clock from virtual time. */
  readonly clockSkewMs: number;
  /** Virtual time that a member collects events before its inbox counts as empty. */
  readonly drainMs: number;
  readonly network: NetworkOptions;
  readonly disk: DiskOptions;
  readonly workload: WorkloadOptions;
  readonly membership: MembershipOptions;
  readonly replica: ReplicaConfig;
  readonly liars: readonly Liar[];
  /** Members whose disks forget everything at a crash. Outside the fault model: for proving that the checkers see. */
  readonly amnesiacs: readonly number[];
  /** Rules whose breach does not end the run: for seeing what else follows from it. */
  readonly tolerated: readonly string[];
  readonly faults: readonly Fault[];
}
