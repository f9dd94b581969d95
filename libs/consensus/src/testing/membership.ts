import {
  asciiBytes,
  createEpochTable,
  digestOfBytes,
  equalBytes,
  portableHash,
  Reader,
  toBase64Url,
  Writer,
  type Digest,
  type Epoch,
  type EpochTable,
  type NodeId,
  type Sequence,
  type TableOptions,
} from '@concordat/protocol';
import { Membership, type ChangeResult, type MembershipOptions } from '../membership/membership';
import type { JoinOperation, Operation, RotateOperation } from '../membership/operation';
import { approve, encodeSystemRequest, provenKey, type JoinClaim } from '../membership/system-request';

/** Identity of the swarm of these tests. */
export const SWARM_ID: Digest = digestOfBytes(portableHash(asciiBytes('swarm of the membership tests')));

/** Public key of whoever has that name. */
export const keyOf = (name: string): Uint8Array => portableHash(asciiBytes(`key of ${name}`));
/** The key in JSON. */
export const keyText = (name: string): string => toBase64Url(keyOf(name));

/** No signature scheme, for everybody could sign: it ties a key to bytes. */
const signatureOf = (publicKey: Uint8Array, bytes: Uint8Array): Uint8Array => portableHash(publicKey, bytes);
const signerOf = (name: string) => (bytes: Uint8Array) => signatureOf(keyOf(name), bytes);

/** A table of members n0, n1, ... and the operators `root` and `deputy`; K = 8, L = 16. */
export const tableOf = (n: number, overrides: Partial<TableOptions> = {}): EpochTable =>
  createEpochTable({
    checkpointInterval: 8,
    windowSize: 16,
    operators: [keyOf('root'), keyOf('deputy')],
    members: Array.from({ length: n }, (_, index) => ({
      nodeId: `n${String(index)}` as NodeId,
      publicKey: keyOf(`n${String(index)}`),
    })),
    ...overrides,
  });

/** Proof against a member that the tests' judge accepts. */
export const proofAgainst = (name: string): string => toBase64Url(asciiBytes(`guilty: ${name}`));

const optionsOf = (table: EpochTable): MembershipOptions => ({
  hash: portableHash,
  swarmId: SWARM_ID,
  table,
  verify: (publicKey, bytes, signature) => equalBytes(signatureOf(publicKey, bytes), signature),
  proves: (proof, accused) => toBase64Url(proof) === proofAgainst(accused),
});

/** The membership of an epoch that begins with `table`. */
export const membershipOf = (table: EpochTable): Membership => new Membership(optionsOf(table));

/** What a membership writes about itself. */
export function writtenBy(membership: Membership): Uint8Array {
  const writer = new Writer();
  membership.write(writer);
  return writer.bytes();
}

/** A membership of `table` that reads `bytes`. */
export function restored(table: EpochTable, bytes: Uint8Array): Membership {
  const membership = membershipOf(table);
  const reader = new Reader(bytes);
  membership.read(reader);
  reader.end();
  return membership;
}

/** Value of a system request that those whose keys are named approved. */
export const approvedBy = (operation: Operation, ...names: readonly string[]): Uint8Array =>
  encodeSystemRequest({
    operation,
    approvals: names.map((name) => approve(SWARM_ID, operation, keyOf(name), signerOf(name))),
  });

/** What a new key can say that is not what it should. */
export interface KeyOptions {
  readonly epoch?: number;
  readonly stable?: number;
  /** Owner of the new key; by default the node itself. */
  readonly key?: string;
  /** Who signs the proof; by default the key's owner. */
  readonly signer?: string;
  /** What the proof is made over, where it differs from what the operation says. */
  readonly claim?: Partial<JoinClaim>;
}

function newKey(node: string, { epoch = 0, stable = 0, key = node, signer = key, claim: other }: KeyOptions) {
  const claim: JoinClaim = {
    epoch: epoch as Epoch,
    stableSequence: stable as Sequence,
    nodeId: node as NodeId,
    publicKey: keyOf(key),
  };
  const proven = provenKey(SWARM_ID, claim, signerOf(signer));
  if (other === undefined) return proven;
  const { proof_of_possession } = provenKey(SWARM_ID, { ...claim, ...other }, signerOf(signer));
  return { ...proven, proof_of_possession };
}

type Choice = Partial<Pick<JoinOperation, 'capabilities' | 'initial_reputation' | 'f'>>;

/** A `join` of a node with a key of its own name. */
export const joinOf = (nonce: number, node: string, options: KeyOptions & Choice = {}): JoinOperation => {
  const { capabilities, initial_reputation, f, ...key } = options;
  return {
    kind: 'join',
    nonce,
    ...newKey(node, key),
    ...(capabilities === undefined ? {} : { capabilities }),
    ...(initial_reputation === undefined ? {} : { initial_reputation }),
    ...(f === undefined ? {} : { f }),
  };
};

/** A `rotate` to the key of `key`. */
export const rotateOf = (nonce: number, node: string, key: string, options: KeyOptions = {}): RotateOperation => ({
  kind: 'rotate',
  nonce,
  ...newKey(node, { ...options, key }),
});

/** A `leave`. */
export const leaveOf = (nonce: number, node_id: string, f?: number): Operation => ({
  kind: 'leave',
  nonce,
  node_id,
  ...(f === undefined ? {} : { f }),
});

/** A `reputation`. */
export const scoreOf = (nonce: number, node_id: string, behavior_score: number): Operation => ({
  kind: 'reputation',
  nonce,
  node_id,
  behavior_score,
  reason: 'observed',
});

/** An `isolate` with a proof that holds. */
export const isolateOf = (nonce: number, node_id: string, proof = proofAgainst(node_id)): Operation => ({
  kind: 'isolate',
  nonce,
  node_id,
  proof,
});

/** A `release`. */
export const releaseOf = (nonce: number, node_id: string): Operation => ({ kind: 'release', nonce, node_id });

/** `accepted`, or the reason of the refusal. */
export const verdictOf = ({ accepted, reason }: ChangeResult): string => (accepted ? 'accepted' : reason);
