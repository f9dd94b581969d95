import { equalBytes, type Millis } from '@concordat/protocol';
import { type SwarmIdentity } from './read-swarm';

/** What decides where a gateway that has counted nothing yet begins to count. */
export type GatewayOfFolder = Pick<SwarmIdentity, 'genesis' | 'nodeId'> & {
  readonly keys: Pick<SwarmIdentity['keys'], 'key'>;
};

/** No gateway numbers more in a millisecond, for as long as it lives. */
const NUMBERS_PER_MS = 1_000n;

/**
 * The first number of a gateway whose folder is begun at `now`.
 *
 * The swarm never forgets which numbers a node has used (Spec §9). Under the key of the genesis it has used none. Under any
 * other it may be one that lost its folder and was given a new key, or that left and came back: counting from 1 again its
 * requests would be refused as used, or answered with old decisions of the same name. So it begins at the microseconds of the
 * clock, which is above all that any earlier folder can have counted to.
 */
export function firstGatewayNumber({ genesis, nodeId, keys }: GatewayOfFolder, now: Millis): bigint {
  const member = genesis.table.members.find((other) => other.nodeId === nodeId);
  const isFirst = member !== undefined && equalBytes(member.publicKey, keys.key.publicKey);
  return isFirst ? 1n : BigInt(now) * NUMBERS_PER_MS;
}
