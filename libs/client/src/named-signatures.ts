import { toBase64Url, type Committee, type NodeId, type VoteSignature } from '@concordat/protocol';
import { CertificateFault, Fields } from './json-fields';

/** One member's signature under a COMMIT or CHECKPOINT, in JSON. */
export interface NamedSignature {
  readonly node_id: string;
  /** base64url. */
  readonly signature: string;
}

/** Writes signatures with their signers' names. Throws a RangeError for a signer that is not in the table. */
export const namedSignatures = (committee: Committee, signatures: readonly VoteSignature[]): NamedSignature[] =>
  signatures.map(({ sender, signature }) => {
    const member = committee.member(sender);
    if (member === undefined) throw new RangeError(`member ${String(sender)} is not in the epoch's table`);
    return { node_id: member.nodeId, signature: toBase64Url(signature) };
  });

/** A signature as it was read, its signer not yet looked up. */
export interface ReadSignature {
  readonly nodeId: NodeId;
  readonly signature: Uint8Array;
}

/** Reads a list of at most `max` signatures. Throws a CertificateFault. */
export const readSignatures = (fields: Fields, key: string, path: string, max: number): ReadSignature[] =>
  fields.list(key, max).map((item, index) => {
    const named = new Fields(item, `${path}[${String(index)}]`, ['node_id', 'signature']);
    return { nodeId: named.text('node_id') as NodeId, signature: named.bytes('signature') };
  });

/** Finds the signers in an epoch's table, where they must stand in its order. Throws a CertificateFault. */
export function signersIn(committee: Committee, path: string, signatures: readonly ReadSignature[]): VoteSignature[] {
  let previous = -1;
  return signatures.map(({ nodeId, signature }, at) => {
    const place = `${path}[${String(at)}]`;
    const sender = committee.indexOf(nodeId);
    if (sender === undefined) throw new CertificateFault(`${place}.node_id ${nodeId.slice(0, 80)} is not a member`);
    if (sender <= previous) throw new CertificateFault(`${place}: ${nodeId} stands twice or out of the table's order`);
    previous = sender;
    return { sender, signature };
  });
}
