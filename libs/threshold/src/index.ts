export {
  isThresholdRefusal,
  THRESHOLD_REFUSAL_CODES,
  type ThresholdRefusal,
  type ThresholdRefusalCode,
} from './refusal';
export { blsGroup, ristrettoGroup, SCALAR_BYTES, type BlsPoint, type Group, type RistrettoPoint } from './group';
export {
  createKeyInstance,
  DEALING_ROUNDS,
  KEY_MEMBERS_MAX,
  PURPOSE_LENGTH_MAX,
  type KeyInstance,
  type KeyInstanceOptions,
} from './instance';
export { dealingBytesMax, THRESHOLD_KINDS, THRESHOLD_VERSION } from './dealing-codec';
export { DEALER_SEED_BYTES, makeDealing } from './dealing';
export { KeyGeneration, transcriptText, type DealingVerdict, type SharedKey } from './key-generation';
export { KeyShare } from './key-share';
export {
  combineSignature,
  SIGNATURE_BYTES,
  SIGNATURE_TAG,
  signPartially,
  verifyPartialSignature,
  verifySignature,
  type PartialSignature,
} from './signature';
export {
  combineDecryption,
  decryptPartially,
  encryptPoint,
  verifyPartialDecryption,
  type Ciphertext,
  type PartialDecryption,
} from './decryption';
