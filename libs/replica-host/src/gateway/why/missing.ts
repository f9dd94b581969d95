import type { MemberView } from '../liveness';
import type { Stage, WhyCase } from './case';

/** What a member has not done that the stage asks of it. */
const OWED: Readonly<Record<Stage, string>> = {
  proposal: 'proposed it yet',
  votes: 'voted yet',
  'view-change': 'asked for another view',
  execution: 'sent it yet',
};

/** What is awaited of one member in particular, though all vote. */
const turnOf = (found: WhyCase, member: number): string =>
  member === found.leader?.member
    ? 'brought a block that is certified yet'
    : 'brought the certificate of the votes yet';

/** Why a member's vote is not here, as far as it is known. */
export function whyMissing(found: WhyCase, { member, state: its, inReach, view, executed }: MemberView): string {
  const { swarm, state, self } = found.input;
  const { down, silent } = swarm.connectivity;
  const leader = found.leader?.member;
  const owed = found.stage === 'votes' && !found.counts ? turnOf(found, member) : OWED[found.stage];
  if (its === 'byzantine') return 'it is proven to lie: nobody should count on its vote';
  if (silent.includes(member)) return 'nobody who is heard here hears it: it is down, or cut off from all of them';
  if (member === self) return `this member has not ${owed}`;
  if (its === 'unreachable') {
    const others = swarm.members.filter(
      (other) => other.executed !== undefined && !down.some(({ from, to }) => from === member && to === other.member),
    );
    return `it does not reach this member; ${found.names(others.map((other) => other.member))} may still hear it`;
  }
  if (!inReach) return 'it says that it does not hear this member';
  if (leader !== undefined && down.some(({ from, to }) => from === leader && to === member))
    return `it says that it does not hear the leader ${String(found.name(leader))}`;
  if (view !== undefined && view !== state.view && found.stage !== 'view-change')
    return `it is in view ${String(view)}, this member in view ${String(state.view)}`;
  if (its === 'behind') return `it is behind: it says to have executed ${String(executed)}`;
  return `it is heard, and has not ${owed}`;
}
