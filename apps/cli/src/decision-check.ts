import {
  CertificateFault,
  fetchEpochChain,
  verifyDecision,
  verifyDecisionText,
  verifyEpochChain,
  type AcrossEpochs,
  type DecisionVerdict,
  type EpochChainJson,
  type VerifierPrimitives,
} from '@concordat/client';
import { nativeHash, signatureSuite } from '@concordat/crypto';
import { type Epochs, type Genesis } from '@concordat/protocol';
import { CliError, EXIT } from './errors';
import { type HttpApi } from './http-api';

/** What verification of this swarm's signatures needs. */
export const primitivesOf = ({ table }: Genesis): VerifierPrimitives => {
  const suite = signatureSuite(table.signatureScheme);
  return {
    hash: nativeHash,
    verifySignature: (publicKey, message, signature) => suite.verify(publicKey, message, signature),
  };
};

/** Verifies a certificate as a member answered it; `across` brings what leads to its epoch. */
export const checkDecision = (certificate: unknown, genesis: Genesis, across: AcrossEpochs): DecisionVerdict =>
  verifyDecision(certificate, genesis, primitivesOf(genesis), across);

/** Verifies a certificate as the text of a file, byte for byte; `across` brings what leads to its epoch. */
export const checkDecisionText = (text: string, genesis: Genesis, across: AcrossEpochs): DecisionVerdict =>
  verifyDecisionText(text, genesis, primitivesOf(genesis), across);

/** A chain of epochs that does not hold. */
export const refusedChain = (reason: string): CliError =>
  new CliError(EXIT.no, 'EPOCHS_REFUSED', `the chain of epochs does not hold: ${reason}.`);

/** The chain of epochs as a member tells it, from the genesis to its newest. Rejects with a CliError when it does not hold. */
export async function fetchChain(api: HttpApi, genesis: Genesis, maxEpochAge?: number): Promise<EpochChainJson> {
  const bounds = maxEpochAge === undefined ? {} : { maxEpochAge };
  try {
    return await fetchEpochChain((after) => api.epochsAfter(after), genesis, primitivesOf(genesis), bounds);
  } catch (thrown) {
    if (thrown instanceof CertificateFault) throw refusedChain(thrown.message);
    throw thrown;
  }
}

/** The epochs that a chain proves. Throws a CliError when it does not follow from the genesis. */
export function epochsIn(chain: EpochChainJson, genesis: Genesis): Epochs {
  const verdict = verifyEpochChain(genesis, primitivesOf(genesis), { chain, maxEpochAge: chain.changes.length });
  if (verdict.holds) return verdict.epochs;
  throw refusedChain(verdict.reason);
}
