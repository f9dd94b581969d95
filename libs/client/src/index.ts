export { changeRequest, SIGNATURE_HEADER, type ChangeRequest } from './change-request';
export { buildDecisionCertificate, decisionText, type DecisionParts } from './decision-certificate';
export { DECISION_FORMAT, type DecisionBatch, type DecisionCertificate, type DecisionCommit } from './decision-format';
export { verifyEpochs, type ChainRefusal } from './epoch-chain';
export { isShallowJson, JSON_DEPTH_MAX, presentJson, readJson, sameJson, type JsonReading } from './json-value';
export {
  verifyDecision,
  verifyDecisionText,
  type DecisionProof,
  type DecisionRefusal,
  type DecisionVerdict,
  type VerifierPrimitives,
} from './verify-decision';
