import type { WhyCase } from './case';
import { LINEAR_RULES } from './linear-causes';
import { soon, type Cause, type Rule } from './rule';

/** Weight as people count: members, unless votes are weighted. */
function amount({ input: { committee } }: WhyCase, weight: number): string {
  if (committee.table.weightedVoting) return `weight ${String(weight)}`;
  return weight === 1 ? '1 member' : `${String(weight)} members`;
}

/** This member exchanges messages with no quorum: it alone is cut off, or the swarm is in parts, or members are down. */
const partitioned: Rule = (found) => {
  const { swarm, committee, self } = found.input;
  if (swarm.reachesQuorum) return undefined;
  const { inReach, groups, silent, othersMayDecide } = swarm.connectivity;
  const away = swarm.members.filter((member) => !member.inReach).map(({ member }) => member);
  const needed = amount(found, committee.quorumWeight);
  if (inReach.length === 1 && inReach[0] === self) {
    const others = othersMayDecide ? 'The others may decide without it.' : '';
    return {
      reason: `This member is cut off: it exchanges messages with nobody, and a quorum is ${needed}. ${others}`.trim(),
      help: ['Mend the way from this member to the NATS server.', 'Ask another member, and propose there.'],
    };
  }
  const here = committee.weightOf(inReach);
  const reason = `This member exchanges messages with ${found.names(inReach)} only, that is ${amount(found, here)} of the ${needed} of a quorum.`;
  const lack = amount(found, committee.quorumWeight - here);
  const back = `Bring back at least ${lack} of ${found.names(away)}.`;
  if (swarm.consensusPossible || othersMayDecide)
    return { reason: `${reason} The others may decide without it.`, help: [back, 'Ask another member.'] };
  const parts = groups.slice(1).map(({ members }) => found.names(members));
  const rest = silent.length === 0 ? parts : [...parts, `${found.names(silent)} (not heard)`];
  return { reason: `${reason} No other side has a quorum either: ${rest.join('; ')}.`, help: [back] };
};

/** Too few members are there to decide, although this one reaches a quorum. */
const noneAble: Rule = ({ input: { swarm } }) =>
  swarm.reachesQuorum && !swarm.consensusPossible
    ? {
        reason: 'No set of members is there of whom each reaches a quorum of them: links between others are down.',
        help: ['Mend the links that are down.'],
      }
    : undefined;

/** The votes that are here weigh too little. */
const votesMissing: Rule = (found) => {
  if (found.stage !== 'votes' || !found.counts || found.missing.length === 0) return undefined;
  const { committee, progress } = found.input;
  const { behind, phase } = progress;
  const lack = committee.quorumWeight - committee.weightOf(found.have);
  const at = String(found.votesAt);
  const stuck = behind?.sequence === found.votesAt ? behind : undefined;
  const what = (stuck?.phase ?? phase).toUpperCase();
  const why = stuck !== undefined ? `Sequence ${at}, which comes before it, lacks` : `Its sequence ${at} lacks`;
  return {
    reason: `${why} ${what} of ${amount(found, lack)} more, from among ${found.names(found.missing.map(({ member }) => member))}.`,
    help: [`A vote of ${amount(found, lack)} more decides the phase.`],
  };
};

/** The members ask for another view. */
const viewChange: Rule = (found) => {
  if (found.stage !== 'view-change') return undefined;
  const { state, committee } = found.input;
  const view = String(state.promisedView);
  const leader = String(found.leader?.nodeId);
  if (!committee.isQuorum(found.have))
    return {
      reason: `This member has given up view ${String(state.view)} and asks for view ${view}; with it ask ${found.names(found.have)}, and a quorum must.`,
      help: [
        'The others ask too when their timers run out, if their leader has failed; else they go on without this member.',
      ],
    };
  return {
    reason: `A quorum asks for view ${view}, and its leader ${leader} has not begun it yet.`,
    help: [`${leader} begins it, or ${String(found.successor)} gets its turn ${soon(found)}.`],
  };
};

/** The leader must act, and is not heard. */
const leaderSilent: Rule = (found) => {
  const { leader } = found;
  const { self, swarm } = found.input;
  if (leader === undefined || leader.member === self || found.stage === 'execution' || !swarm.reachesQuorum)
    return undefined;
  if (leader.inReach && leader.state !== 'unreachable') return undefined;
  const how = leader.state === 'unreachable' ? 'is not heard here' : 'does not hear this member';
  return {
    reason: `The leader ${leader.nodeId} ${how}.`,
    help: [
      found.stage === 'view-change'
        ? `The next leader ${String(found.successor)} gets its turn ${soon(found)}.`
        : `${found.isLinear ? 'Members give its views up until the turn of' : 'Members give it up and ask for a view under'} ${String(found.successor)}, here ${soon(found)}.`,
    ],
  };
};

/** The epoch ends, and what is not proposed yet belongs to the next. */
const epochEnding: Rule = (found) => {
  const { state, progress } = found.input;
  if (state.boundary === 0 || (progress.sequence !== undefined && found.isProposed)) return undefined;
  return {
    reason: `The epoch ends at sequence ${String(state.boundary)} and is at ${String(state.executed)}: until then nothing new is ordered.`,
    help: ['It is ordered in the next epoch, which begins by itself.'],
  };
};

/** The leader may not propose more now. */
const pipelineFull: Rule = (found) => {
  const { progress, state } = found.input;
  if (found.isProposed || state.boundary > 0) return undefined;
  if (progress.proposed >= progress.windowTop)
    return {
      reason: `The window is full: sequences up to ${String(progress.windowTop)} are proposed, and no more may be until a checkpoint is stable.`,
      help: ['A quorum of CHECKPOINTs moves the window; it comes with the execution of what is proposed.'],
    };
  const open = progress.proposed - state.executed;
  // A block of HotStuff needs none of those below it to be executed.
  if (open <= 0 || found.isLinear) return undefined;
  return {
    reason: `It waits behind ${String(open)} sequence${open === 1 ? '' : 's'} that ${open === 1 ? 'is' : 'are'} proposed and not executed (up to ${String(progress.proposed)}).`,
    help: ['It is proposed when they are executed.'],
  };
};

/** The leader is there, has room, and has not proposed it. */
const notProposed: Rule = (found) => {
  const { state, progress, self, swarm } = found.input;
  const { leader, stage } = found;
  if (stage !== 'proposal' || !swarm.reachesQuorum || state.boundary > 0) return undefined;
  const isBehind = found.isLinear ? progress.proposed >= progress.windowTop : progress.proposed > state.executed;
  if (isBehind) return undefined;
  if (leader === undefined || !leader.inReach || leader.state === 'unreachable') return undefined;
  const who = leader.member === self ? 'This member leads and' : `The leader ${leader.nodeId}`;
  return {
    reason: `${who} has not proposed it yet; ${String(state.poolEnvelopes)} envelopes wait here.`,
    help: [`It proposes it, or members ask for a view under ${String(found.successor)}, here ${soon(found)}.`],
  };
};

/** The request's time is over. In a batch that is proposed it is not: what counts is when the leader made the batch. */
const deadlinePassed: Rule = ({ isProposed, input: { expiresAt, now } }) =>
  !isProposed && expiresAt !== undefined && expiresAt <= now
    ? {
        reason: 'Its deadline has passed: when it is ordered, it comes out as expired.',
        help: ['Propose it again, with more time.'],
      }
    : undefined;

/** It is decided, and something before it, or its batch, is not here. */
const notExecuted: Rule = (found) => {
  if (found.stage !== 'execution') return undefined;
  const { progress, state } = found.input;
  return {
    reason: `It is decided at sequence ${String(progress.sequence)}; this member has executed up to ${String(state.executed)} and fetches what it lacks.`,
    help: ['Ask another member: it may have executed it.'],
  };
};

/** This member's own place. */
const onlyFollows: Rule = ({ input: { state } }) =>
  state.votes
    ? undefined
    : {
        reason: 'This member only follows in this epoch: it has no vote.',
        help: ['Ask a member that votes: it knows more.'],
      };

const RULES: readonly Rule[] = [
  partitioned,
  noneAble,
  leaderSilent,
  viewChange,
  epochEnding,
  votesMissing,
  ...LINEAR_RULES,
  pipelineFull,
  notProposed,
  notExecuted,
  deadlinePassed,
  onlyFollows,
];

/** All that holds a proposal up, the gravest first. Never empty. */
export function causesOf(found: WhyCase): readonly Cause[] {
  const causes = RULES.map((rule) => rule(found)).filter((cause) => cause !== undefined);
  if (causes.length > 0) return causes;
  return [{ reason: 'Nothing is known to hold it up: it is on its way.', help: ['Wait.'] }];
}
