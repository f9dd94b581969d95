export { Deduplication, type NonceVerdict } from './deduplication';
export { isExecuted, Ledger, type Execution } from './ledger';
export { Pool, type PoolLimits } from './pool';
export {
  DEFAULT_REPLICA_CONFIG,
  NOTHING_RECOVERED,
  type BindingKind,
  type CommittedBlock,
  type DurableRecord,
  type Effect,
  type EnvelopeProgress,
  type Evidence,
  type FreeKind,
  type PeerState,
  type Phase,
  type Recovered,
  type Replica,
  type ReplicaConfig,
  type ReplicaEvent,
  type ReplicaState,
  type SignedStatement,
  type TimerId,
} from './replica';
export { createPbftReplica, type PbftOptions } from './pbft/pbft-replica';
export { followsPlan, planNewView, type NewViewPlan } from './pbft/view-change-rules';
