import {
  type AwaitedTimer,
  type Found,
  type PrunedRequest,
  type Why,
  whySettled,
  whyWaiting,
} from '@concordat/replica-host';
import { type MemberPort } from './member-port';
import { type LinkAnswer } from './status-answers';

/** Answer of why: what a proposal waits for, or what became of it. */
export interface WhyAnswer {
  readonly proposal_id: string;
  readonly status: Why['status'];
  readonly phase: string;
  readonly view: number;
  readonly leader: string;
  /** Null while no leader has proposed it, as far as this member knows. */
  readonly sequence: number | null;
  /** Members that have done what a quorum must do next. */
  readonly have: { readonly members: readonly string[]; readonly weight: number };
  /** Weight of a quorum. */
  readonly need: number;
  readonly missing: readonly { readonly node_id: string; readonly state: string; readonly why: string }[];
  readonly links_down: readonly LinkAnswer[];
  /** Null while nothing waits for a leader. */
  readonly timer: TimerAnswer | null;
  readonly reasons: readonly string[];
  readonly what_would_help: readonly string[];
}

/** What runs out when. */
export interface TimerAnswer {
  /** `progress`: a leader's time for the oldest waiting request, with HotStuff its view's; `new-view`: the next leader's to begin its view. */
  readonly timer: string;
  readonly started_at: string;
  readonly length_ms: number;
  readonly runs_out_in_ms: number;
  /** True when it is this proposal's own. */
  readonly is_own: boolean;
}

const timerAnswer = ({ timer, startedAt, lengthMs, runsOutInMs, isOwn }: AwaitedTimer): TimerAnswer => ({
  timer,
  started_at: new Date(startedAt).toISOString(),
  length_ms: lengthMs,
  runs_out_in_ms: runsOutInMs,
  is_own: isOwn,
});

function whyOf(found: Exclude<Found, PrunedRequest>, member: MemberPort): Why {
  if (found.status !== 'active') return whySettled(found, member.epochs.at(found.block.certificate.sequence));
  const { envelopeId, requestIndex, progress } = found;
  const { committee, self } = member;
  const expiresAt = member.waitingEnvelope(envelopeId)?.requests[requestIndex]?.expiresAt;
  const [state, swarm, now] = [member.state(), member.swarm(), member.now()];
  const failedViews = member.views().failedSinceDecision;
  return whyWaiting({ envelope: envelopeId, progress, expiresAt, state, swarm, committee, self, now, failedViews });
}

/** What a proposal waits for, as the member sees it. */
export function whyAnswer(found: Exclude<Found, PrunedRequest>, member: MemberPort): WhyAnswer {
  const why = whyOf(found, member);
  return {
    proposal_id: found.proposalId,
    status: why.status,
    phase: why.phase,
    view: why.view,
    leader: why.leader ?? '',
    sequence: why.sequence ?? null,
    have: why.have,
    need: why.need,
    missing: why.missing.map(({ nodeId, state, why: reason }) => ({ node_id: nodeId, state, why: reason })),
    links_down: why.linksDown,
    timer: why.timer === undefined ? null : timerAnswer(why.timer),
    reasons: why.reasons,
    what_would_help: why.whatWouldHelp,
  };
}
