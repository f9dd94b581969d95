import type { Judge, ReplicaOptions } from '@concordat/consensus';
import { Epochs, nodeId, type Committee, type Digest, type Hash, type MemberIndex } from '@concordat/protocol';

/** Approves of nothing and proves nothing: system requests change nothing. */
const NO_JUDGE: Judge = { verify: () => false, proves: () => false };

/** What a replica is told of the epochs of a swarm whose members never change. */
export const inOneEpoch = (
  hash: Hash,
  swarmId: Digest,
  committee: Committee,
  self: MemberIndex,
): Pick<ReplicaOptions, 'swarmId' | 'epochs' | 'committee' | 'self' | 'nodeId' | 'hash' | 'judge'> => ({
  swarmId,
  epochs: new Epochs(hash, committee.table),
  committee,
  self,
  nodeId: nodeId(`node-${String(self)}`),
  hash,
  judge: NO_JUDGE,
});
