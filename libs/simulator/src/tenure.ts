import {
  createReplica,
  type Judge,
  type Recovered,
  type Replica,
  type ReplicaConfig,
  type WaitingEnvelope,
} from '@concordat/consensus';
import type { Committee, Digest, Epochs, Hash, MemberIndex, Sealer } from '@concordat/protocol';
import { nodeName } from './epoch-history';
import type { NodeKeys } from './node-keys';
import type { StubSignatures } from './stub-keys';

/** What a node is in one epoch: its replica there, and its pen. */
export interface Tenure {
  readonly committee: Committee;
  /** OBSERVER while the epoch's table does not name this node with a key of its own. */
  readonly self: MemberIndex;
  readonly engine: Replica;
  readonly sealer: Sealer;
}

/** What a node's tenures are built from. */
export interface TenureParts {
  readonly index: MemberIndex;
  readonly swarmId: Digest;
  readonly hash: Hash;
  readonly judge: Judge;
  readonly config: ReplicaConfig;
  readonly keys: NodeKeys;
  readonly signatures: StubSignatures;
}

/** What one of them starts from. */
export interface TenureStart {
  /** The node's own: it learns. */
  readonly epochs: Epochs;
  readonly committee: Committee;
  readonly recovered: Recovered;
  /** What waited in the pool of the tenure before. */
  readonly waiting?: readonly WaitingEnvelope[];
}

/** Builds the production engine for one epoch, on what the disk or the tenure before left. */
export function buildTenure(parts: TenureParts, { epochs, committee, recovered, waiting = [] }: TenureStart): Tenure {
  const { index, swarmId, hash, judge, config, keys, signatures } = parts;
  const self = keys.placeIn(committee);
  const engine = createReplica({
    swarmId,
    epochs,
    committee,
    self,
    nodeId: nodeName(index),
    hash,
    judge,
    config,
    recovered,
    waiting,
  });
  // Who is nobody there signs nothing that counts.
  const sealer = signatures.sealer(committee, self, keys.in(committee) ?? keys.newest);
  return { committee, self, engine, sealer };
}
