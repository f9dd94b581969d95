import {
  verifyDecision,
  verifyDecisionText,
  verifyEpochs,
  type DecisionVerdict,
  type VerifierPrimitives,
} from '@concordat/client';
import { nativeHash, signatureSuite } from '@concordat/crypto';
import { Epochs, type Genesis } from '@concordat/protocol';
import { CliError, EXIT } from './errors';

/** What verification of this swarm's signatures needs. */
export const primitivesOf = ({ table }: Genesis): VerifierPrimitives => {
  const suite = signatureSuite(table.signatureScheme);
  return {
    hash: nativeHash,
    verifySignature: (publicKey, message, signature) => suite.verify(publicKey, message, signature),
  };
};

/** Verifies a certificate as a member answered it. */
export const checkDecision = (certificate: unknown, genesis: Genesis, epochs?: Epochs): DecisionVerdict =>
  verifyDecision(certificate, genesis, primitivesOf(genesis), epochs);

/** Verifies a certificate as the text of a file, byte for byte. */
export const checkDecisionText = (text: string, genesis: Genesis, epochs?: Epochs): DecisionVerdict =>
  verifyDecisionText(text, genesis, primitivesOf(genesis), epochs);

/** The epochs of a chain as members answer it. Throws a CliError when it does not follow from the genesis. */
export function checkEpochs(chain: unknown, genesis: Genesis): Epochs {
  const epochs = verifyEpochs(chain, genesis, primitivesOf(genesis));
  if (epochs instanceof Epochs) return epochs;
  throw new CliError(EXIT.no, 'EPOCHS_REFUSED', `the chain of epochs does not hold: ${epochs.refused}.`);
}
