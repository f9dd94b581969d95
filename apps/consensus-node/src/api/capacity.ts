import { type MemberPort } from './member-port';
import { noQuorum, poolFull } from './refusals';

/** Throws an ApiError while this member could promise nothing, or has no room for a caller that waits. */
export function checkCapacity(member: MemberPort, wait: boolean): void {
  const swarm = member.swarm();
  if (!swarm.hearsQuorum) {
    const heard = swarm.members.filter(({ executed }) => executed !== undefined).length;
    throw noQuorum(heard, member.committee.quorumWeight);
  }
  if (wait && !member.proposals.hasRoomForWaiter) throw poolFull('as many callers wait here as may');
}
