export type { Judge } from './judge';
export { Deduplication, type NonceVerdict } from './deduplication';
export { epochToResume, isExecuted, Ledger, type Execution, type LedgerOptions } from './ledger';
export { Pool, type PoolLimits } from './pool';
export {
  NOTHING_RECOVERED,
  type Address,
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
  type ReplicaEvent,
  type ReplicaState,
  type RequestedChange,
  type RunningTimer,
  type SignedStatement,
  type SlotProgress,
  type SnapshotProgress,
  type TimerId,
  type WaitingEnvelope,
} from './replica';
export { DEFAULT_REPLICA_CONFIG, heartbeatMaxMs, silenceMaxMs, type ReplicaConfig } from './replica-config';
export { createReplica } from './create-replica';
export type { ReplicaOptions } from './member/member-replica';
export { handoverOf, lateRefusal, type Handover } from './handover';
export { followsPlan, planNewView, type NewViewPlan } from './pbft/view-change-rules';
export {
  JOIN_PROOF_AGE_MAX,
  Membership,
  type ChangeResult,
  type MembershipOptions,
  type RefusalKind,
} from './membership/membership';
export type { KeyVerifier } from './membership/authorities';
export { KNOWN_KEYS_MAX } from './membership/known-keys';
export { faultMargin, whatIf, type FaultMargin } from './membership/fault-margin';
export { weightsByReputation } from './membership/weights';
export {
  OPERATION_KINDS,
  parseOperation,
  REASON_LENGTH_MAX,
  type IsolateOperation,
  type JoinOperation,
  type LeaveOperation,
  type Operation,
  type OperationKind,
  type ReleaseOperation,
  type ReputationOperation,
  type RotateOperation,
} from './membership/operation';
export { approvalsText, parseApprovalsText } from './membership/approvals-text';
export { isRefusal, type Refusal } from './membership/refusal';
export {
  approve,
  encodeSystemRequest,
  joinProofBytes,
  operationBytes,
  parseSystemRequest,
  provenKey,
  type Approval,
  type JoinClaim,
  type KeySigner,
  type SystemRequest,
} from './membership/system-request';
