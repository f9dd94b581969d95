import {
  asciiBytes,
  canonicalJson,
  concatBytes,
  digestBytes,
  fromBase64Url,
  MEMBERS_MAX,
  toBase64Url,
  utf8Bytes,
  utf8Text,
  VALUE_BYTES_MAX,
  Writer,
  type Digest,
  type Epoch,
  type NodeId,
  type Sequence,
} from '@concordat/protocol';
import { fieldsOf, isBase64Url, parseOperation, type Operation } from './operation';
import { isRefusal, refuse, type Refusal } from './refusal';

/** A key's consent to an operation. */
export interface Approval {
  readonly publicKey: Uint8Array;
  /** Over `operationBytes`. */
  readonly signature: Uint8Array;
}

/** Value of a request of category `system`: a change of the member table and who wants it (Spec §7). */
export interface SystemRequest {
  readonly operation: Operation;
  readonly approvals: readonly Approval[];
}

const OPERATION_DOMAIN = asciiBytes('concordat/1 operation\n');
const JOIN_DOMAIN = asciiBytes('concordat/1 join\n');

/** Bytes that an approval signs: domain, swarm, then the operation as canonical JSON (RFC 8785). */
export const operationBytes = (swarmId: Digest, operation: Operation): Uint8Array =>
  concatBytes(OPERATION_DOMAIN, digestBytes(swarmId), utf8Bytes(canonicalJson(operation)));

/** What a new key says about itself. */
export interface JoinClaim {
  readonly epoch: Epoch;
  readonly stableSequence: Sequence;
  readonly nodeId: NodeId;
  readonly publicKey: Uint8Array;
}

/** Bytes that a new key signs, to join or to replace a member's key: whoever names a key must have it. */
export const joinProofBytes = (swarmId: Digest, claim: JoinClaim): Uint8Array =>
  new Writer(160)
    .raw(JOIN_DOMAIN)
    .digest(swarmId)
    .u64(claim.epoch)
    .u64(claim.stableSequence)
    .short(asciiBytes(claim.nodeId))
    .raw(claim.publicKey)
    .bytes();

/** Signs bytes with a key that the caller has. */
export type KeySigner = (bytes: Uint8Array) => Uint8Array;

/** Those fields of a `join` or `rotate` that prove the new key, signed with it. */
export const provenKey = (swarmId: Digest, claim: JoinClaim, sign: KeySigner) =>
  ({
    epoch: claim.epoch,
    stable_sequence: claim.stableSequence,
    node_id: claim.nodeId,
    public_key: toBase64Url(claim.publicKey),
    proof_of_possession: toBase64Url(sign(joinProofBytes(swarmId, claim))),
  }) satisfies Partial<Operation>;

/** A key's approval of an operation. */
export const approve = (swarmId: Digest, operation: Operation, publicKey: Uint8Array, sign: KeySigner): Approval => ({
  publicKey,
  signature: sign(operationBytes(swarmId, operation)),
});

/** The value of a system request: canonical JSON in UTF-8. */
export const encodeSystemRequest = ({ operation, approvals }: SystemRequest): Uint8Array =>
  utf8Bytes(
    canonicalJson({
      operation,
      approvals: approvals.map(({ publicKey, signature }) => ({
        key: toBase64Url(publicKey),
        signature: toBase64Url(signature),
      })),
    }),
  );

/**
 * Reads the value of a system request. Keys of objects may come in any order, but nothing else is left to choose: no white
 * space, no key twice, numbers and texts in their canonical form. So no two readers can find two meanings in one value.
 */
export function parseSystemRequest(value: Uint8Array): SystemRequest | Refusal {
  if (value.length > VALUE_BYTES_MAX) return refuse(`request: must have at most ${String(VALUE_BYTES_MAX)} bytes`);
  let text: string;
  let json: unknown;
  try {
    text = utf8Text(value);
    json = JSON.parse(text);
  } catch {
    return refuse('request: must be JSON text in UTF-8');
  }
  const read = fieldsOf('request', json, ['operation', 'approvals']);
  if (isRefusal(read)) return read;
  const operation = parseOperation(read.fields['operation']);
  if (isRefusal(operation)) return operation;
  const approvals = parseApprovals(read.fields['approvals']);
  if (isRefusal(approvals)) return approvals;
  // Only now is it known to be flat. What was written twice, or in another form, is not written so.
  if (JSON.stringify(json) !== text)
    return refuse('request: must be JSON without white space, each key once, numbers and texts as in RFC 8785');
  return { operation, approvals };
}

function parseApprovals(value: unknown): readonly Approval[] | Refusal {
  if (!Array.isArray(value) || value.length === 0 || value.length > MEMBERS_MAX)
    return refuse(`approvals: must be a list of 1 to ${String(MEMBERS_MAX)} objects`);
  const approvals: Approval[] = [];
  const keys = new Set<string>();
  for (const [index, item] of value.entries()) {
    const path = `approvals[${String(index)}]`;
    const read = fieldsOf(path, item, ['key', 'signature']);
    if (isRefusal(read)) return read;
    const { key, signature } = read.fields;
    if (typeof key !== 'string' || !isBase64Url(key)) return refuse(`${path}.key: must be base64url text`);
    if (typeof signature !== 'string' || !isBase64Url(signature))
      return refuse(`${path}.signature: must be base64url text`);
    if (keys.has(key)) return refuse(`${path}.key: stands twice`);
    keys.add(key);
    approvals.push({ publicKey: fromBase64Url(key), signature: fromBase64Url(signature) });
  }
  return approvals;
}
