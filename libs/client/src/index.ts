export { changeRequest, SIGNATURE_HEADER, type ChangeRequest } from './change-request';
export { buildDecisionCertificate, decisionText, type DecisionParts } from './decision-certificate';
export {
  DECISION_FORMAT,
  type ChainedDecision,
  type CommittedDecision,
  type DecisionBatch,
  type DecisionCertificate,
  type DecisionChain,
} from './decision-format';
export {
  EPOCH_CHAIN_FORMAT,
  epochChainToJson,
  epochChangeFromJson,
  epochChangeToJson,
  type EpochChainJson,
  type EpochChangeJson,
} from './epoch-chain-format';
export { CertificateFault } from './json-fields';
export { isShallowJson, JSON_DEPTH_MAX, presentJson, readJson, sameJson, type JsonReading } from './json-value';
export { type NamedSignature } from './named-signatures';
export {
  verifyDecision,
  verifyDecisionText,
  type DecisionProof,
  type DecisionRefusal,
  type DecisionVerdict,
} from './verify-decision';
export {
  EPOCH_AGE_MAX,
  fetchEpochChain,
  verifyEpochChain,
  type AcrossEpochs,
  type AskForChanges,
  type EpochChainVerdict,
} from './epoch-chain';
export { type VerifierPrimitives } from './verifier';
