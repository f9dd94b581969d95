import {
  asciiBytes,
  encodeEnvelopeBody,
  portableHash,
  sealEnvelope,
  toBase64Url,
  ZERO_DIGEST,
  type Authentic,
  type Epoch,
  type Millis,
  type NodeId,
  type Sequence,
} from '@concordat/protocol';
import type { Operation } from '../membership/operation';
import { encodeSystemRequest, joinProofBytes, operationBytes } from '../membership/system-request';
import { testSignature } from './driver';

/** Key of the tests' operator. */
export const OPERATOR = portableHash(asciiBytes('operator'));

/** Key of a node of the tests, also before it is a member. */
export const nodeKey = (index: number): Uint8Array => new Uint8Array(32).fill(index + 1);

let nonce = 0;

/** What an operation says besides its kind and nonce. */
export type Asked = Operation extends infer O ? (O extends Operation ? Omit<O, 'nonce'> : never) : never;

/** A system request that the operator approved, in an envelope of its own. */
export function systemEnvelope(asked: Asked, expiresAt = 60_000): Authentic {
  const operation = { ...asked, nonce: ++nonce } as Operation;
  const signature = testSignature(OPERATOR, operationBytes(ZERO_DIGEST, operation));
  const value = encodeSystemRequest({
    operation,
    approvals: [{ publicKey: OPERATOR, signature }],
  });
  const body = {
    signer: { kind: 'client', publicKey: OPERATOR } as const,
    firstNonce: BigInt(nonce),
    requests: [
      {
        value,
        category: 'system' as const,
        priority: 'critical' as const,
        proposer: '',
        metadata: new Uint8Array(0),
        expiresAt: expiresAt as Millis,
      },
    ],
  };
  return sealEnvelope(portableHash, body, encodeEnvelopeBody(body), new Uint8Array(64)) as Authentic;
}

/** node-`index` joins with a proof of its key made in `epoch`. */
export function joinEnvelope(index: number, epoch = 0, expiresAt?: number): Authentic {
  const name = `node-${String(index)}` as NodeId;
  const claim = {
    epoch: epoch as Epoch,
    stableSequence: 0 as Sequence,
    nodeId: name,
    publicKey: nodeKey(index),
  };
  const asked: Asked = {
    kind: 'join',
    node_id: name,
    public_key: toBase64Url(nodeKey(index)),
    proof_of_possession: toBase64Url(testSignature(nodeKey(index), joinProofBytes(ZERO_DIGEST, claim))),
    epoch,
    stable_sequence: 0,
  };
  return systemEnvelope(asked, expiresAt);
}
