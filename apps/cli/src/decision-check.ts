import {
  verifyDecision,
  verifyDecisionText,
  type AcrossEpochs,
  type DecisionVerdict,
  type VerifierPrimitives,
} from '@concordat/client';
import { nativeHash, signatureSuite } from '@concordat/crypto';
import { type Genesis } from '@concordat/protocol';

const primitivesOf = ({ table }: Genesis): VerifierPrimitives => {
  const suite = signatureSuite(table.signatureScheme);
  return {
    hash: nativeHash,
    verifySignature: (publicKey, message, signature) => suite.verify(publicKey, message, signature),
  };
};

/** Verifies a certificate as a member answered it. */
export const checkDecision = (certificate: unknown, genesis: Genesis): DecisionVerdict =>
  verifyDecision(certificate, genesis, primitivesOf(genesis));

/** Verifies a certificate as the text of a file, byte for byte; `across` brings what leads to its epoch. */
export const checkDecisionText = (text: string, genesis: Genesis, across: AcrossEpochs): DecisionVerdict =>
  verifyDecisionText(text, genesis, primitivesOf(genesis), across);
