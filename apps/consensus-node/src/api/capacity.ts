import { type MemberPort } from './member-port';
import { noQuorum, poolFull } from './refusals';

/** Throws an ApiError while this member could promise nothing, or has no room for a caller that waits. */
export function checkCapacity(member: MemberPort, wait: boolean): void {
  const swarm = member.swarm();
  if (!swarm.reachesQuorum) {
    const { committee } = member;
    throw noQuorum(committee.weightOf(swarm.connectivity.inReach), committee.quorumWeight);
  }
  if (wait && !member.proposals.hasRoomForWaiter) throw poolFull('as many callers wait here as may');
}
