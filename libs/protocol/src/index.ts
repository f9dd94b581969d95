export {
  asciiBytes,
  asciiText,
  concatBytes,
  equalBytes,
  fromBase64Url,
  fromHex,
  toBase64Url,
  toHex,
  utf8Bytes,
  utf8Text,
} from './bytes';
export {
  blockDigest,
  blockOf,
  ROOT_VIEW,
  rootDigest,
  type Block,
  type BlockHeader,
  type BlockReference,
} from './block';
export { canonicalJson } from './canonical-json';
export {
  digest,
  epoch,
  idBytes,
  isId,
  memberIndex,
  millis,
  nodeId,
  OBSERVER,
  sequence,
  view,
  type Digest,
  type Epoch,
  type MemberIndex,
  type Millis,
  type NodeId,
  type Sequence,
  type View,
} from './ids';
export {
  digestBytes,
  digestOfBytes,
  NULL_DIGEST,
  portableHash,
  purposeDigest,
  purposeHash,
  ZERO_DIGEST,
  type Hash,
  type HashPurpose,
} from './hash';
export { memberBits, membersOfBits } from './member-set';
export { LayoutError, Reader, Writer } from './wire';
export {
  InvariantError,
  invariant,
  isRejection,
  reject,
  REJECTION_CODES,
  type Rejection,
  type RejectionCode,
} from './rejection';
export { merklePath, merkleRoot, MerkleTree, verifyMerklePath } from './merkle';
export {
  STATE_CHUNK_BYTES,
  stateChunkCount,
  stateDigest,
  StateTree,
  verifyStateChunk,
  type StateShape,
} from './state-chunks';
export { faultsTolerated, faultyWeightMax, quorumByCount, quorumByWeight } from './quorum';
export {
  CAPABILITIES_MAX,
  checkEpochTable,
  ENGINES,
  EpochTableError,
  LEADER_ELECTIONS,
  MEMBERS_MAX,
  OPERATORS_MAX,
  REPUTATION_ONE,
  SIGNATURE_BYTES,
  SIGNATURE_SCHEMES,
  type EngineName,
  type EpochTable,
  type LeaderElection,
  type Member,
  type SignatureScheme,
} from './epoch-table';
export { decodeEpochTable, encodeEpochTable, epochTableHash } from './epoch-table-codec';
export { epochTableFromJson, epochTableToJson } from './epoch-table-json';
export { Committee, placeIn } from './committee';
export { leaderSchedule } from './leader-schedule';
export {
  createEpochTable,
  genesisFromJson,
  genesisToJson,
  swarmId,
  type Genesis,
  type MemberOptions,
  type TableOptions,
} from './genesis';
export { Epochs } from './epochs';
export { checkEpochChange, type EpochChange } from './epoch-change';
export { noOutcomes, OUTCOME_NAMES, OUTCOMES, type Outcome, type OutcomeName } from './outcomes';
export { BROKER_PAYLOAD_BYTES } from './broker';
export { widestLimits, wireLimits } from './limits';
export {
  CATEGORIES,
  clientId,
  decodeEnvelope,
  encodeEnvelopeBody,
  envelopeBodyHash,
  envelopePriority,
  METADATA_BYTES_MAX,
  parseProposalId,
  PRIORITIES,
  proposalId,
  sealEnvelope,
  signerKey,
  VALUE_BYTES_MAX,
  type Category,
  type Envelope,
  type EnvelopeBody,
  type EnvelopeLimits,
  type KnownEnvelopes,
  type Priority,
  type ProposalKey,
  type Request,
  type Signer,
} from './request';
export {
  BATCH_OVERHEAD_BYTES,
  createBatch,
  decodeBatch,
  encodeBatch,
  proveEnvelope,
  requestCount,
  verifyEnvelopeInBatch,
  type Batch,
  type BatchLimits,
  type BatchProof,
} from './batch';
export {
  contradict,
  EVIDENCE_KINDS,
  FETCH_CHUNKS_MAX,
  FETCH_ITEMS_MAX,
  MESSAGE_KINDS,
  SLOT_FLAGS,
  SLOTS_IN_STATUS_MAX,
  WAITING_IN_STATUS_MAX,
  type Authentic,
  type BatchSupply,
  type Checkpoint,
  type Commit,
  type Content,
  type ContentOf,
  type DecidedSupply,
  type EpochProof,
  type Fetch,
  type MessageKind,
  type NewView,
  type NewViewEntry,
  type PrePrepare,
  type Prepare,
  type Proposal,
  type RequestRelay,
  type Signed,
  type SlotStatus,
  type StableProof,
  type SnapshotChunk,
  type SnapshotOffer,
  type SnapshotRequest,
  type Statement,
  type Status,
  type SyncInfo,
  type Timeout,
  type Verified,
  type ViewChange,
  type ViewChangeHeld,
  type ViewChangeReference,
  type Vote,
} from './messages';
export { envelopeSigningBytes, statementBytes, type SigningDomain } from './statement';
export {
  chainHeaders,
  checkCheckpointCertificate,
  checkCommitCertificate,
  checkpointDigest,
  checkPreparedCertificate,
  UNDECIDED_MAX,
  type CheckpointCertificate,
  type CheckpointContent,
  type CommitCertificate,
  type CommitChain,
  type PreparedCertificate,
  type StatementVerifier,
  type VoteSignature,
} from './certificates';
export {
  checkProposal,
  checkQuorumCertificate,
  checkTimeout,
  checkTimeoutCertificate,
  checkViewProof,
  justifiedBy,
  rootOf,
  timeoutDigest,
} from './quorum-certificates';
export type { QuorumCertificate, TimeoutCertificate, TimeoutSignature, ViewProof } from './linear-certificates';
export {
  decodeFrame,
  decodePayload,
  encodeMessage,
  encodePayload,
  epochOfMessage,
  HEADER_BYTES,
  payloadDigest,
  WIRE_VERSION,
  type Frame,
} from './codec';
export type { WireLimits } from './wire-limits';
export {
  decodeTransportFrame,
  PACKED_VERSION,
  packMessage,
  unpackFrame,
  type Deflate,
  type Inflate,
  type TransportFrame,
} from './packing';
export {
  checkContent,
  checkMembership,
  committeeOf,
  isNullDigest,
  provesItself,
  type EnvelopeVerifier,
  type ValidityContext,
} from './validity';
export { API_VERBS, EVENT_KINDS, SUBJECT_KINDS, subjectsOf, type ApiVerb, type EventKind } from './subjects';
export { seal, type CheckpointDraft, type Draft, type DraftOf, type NewViewDraft, type Sealer } from './seal';
export {
  readCheckpointCertificate,
  readCommitCertificate,
  readPreparedCertificate,
  writeCheckpointCertificate,
  writeCommitCertificate,
  writePreparedCertificate,
  type CertificateLimits,
} from './certificate-codec';
