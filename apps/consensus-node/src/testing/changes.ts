import { changeRequest, SIGNATURE_HEADER } from '@concordat/client';
import { approve, provenKey, type Approval, type Operation } from '@concordat/consensus';
import { signatureSuite, type KeyPair } from '@concordat/crypto';
import { epoch, nodeId, sequence, type Digest } from '@concordat/protocol';

const suite = signatureSuite('ed25519');

/** A key's approval of an operation. */
export const approvalBy = (swarmId: Digest, operation: Operation, { publicKey, privateKey }: KeyPair): Approval =>
  approve(swarmId, operation, publicKey, (bytes) => suite.sign(privateKey, bytes));

/** An operation as it is sent: body without its kind, and header. */
export function signedChange(
  swarmId: Digest,
  operation: Operation,
  ...keys: readonly KeyPair[]
): { readonly body: Readonly<Record<string, unknown>>; readonly header: string } {
  const approvals = keys.map((key) => approvalBy(swarmId, operation, key));
  const { body, headers } = changeRequest(operation, approvals);
  return { body, header: headers[SIGNATURE_HEADER] ?? '' };
}

/** Fields of a join or rotation that prove a key, in the first epoch. */
export const proven = (swarmId: Digest, node: string, { publicKey, privateKey }: KeyPair) =>
  provenKey(swarmId, { epoch: epoch(0), stableSequence: sequence(0), nodeId: nodeId(node), publicKey }, (bytes) =>
    suite.sign(privateKey, bytes),
  );
