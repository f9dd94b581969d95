export { crc32c } from './crc32c';
export {
  decodeGroup,
  decodeGroupHeader,
  encodeGroup,
  GROUP_HEADER_BYTES,
  RECORD_OVERHEAD_BYTES,
  type Group,
  type GroupHeader,
  type GroupPlace,
  type GroupRole,
  type LogRecord,
} from './group';
export { scanSegment, type GroupSpan, type SegmentExpectation, type SegmentScan } from './scan';
export { decodeDecision, DURATION_UNKNOWN, encodeDecision, type DecisionRecord } from './decision-record';
export { DURABLE_KINDS, encodeDurableRecord, encodeOwnVote, type DurableKind } from './durable';
export {
  recover,
  recoverEpochs,
  recoverState,
  RecoveryError,
  type RecoveredVotes,
  type RecoveryErrorCode,
  type RecoveryOptions,
} from './durable-recovery';
export { decodeEvidence, encodeEvidence, type LimitsOfEpoch } from './evidence-record';
export { recoverPast, type Past, type PastOptions } from './recover-past';
export { createEvidenceJudge, type EvidenceJudgeOptions } from './evidence-judge';
