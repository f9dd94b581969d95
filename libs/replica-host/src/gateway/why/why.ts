import type { Phase } from '@concordat/consensus';
import type { Committee, MemberIndex, Millis, NodeId } from '@concordat/protocol';
import type { MemberState } from '../liveness';
import type { FinalStatus, SettledRequest } from '../lookup';
import { WhyCase, type WhyInput } from './case';
import { causesOf } from './causes';
import { whyMissing } from './missing';

/** A member of whom something is awaited. */
export interface AwaitedMember {
  readonly nodeId: NodeId;
  readonly state: MemberState;
  readonly why: string;
}

/** What runs out when. */
export interface AwaitedTimer {
  readonly timer: 'progress' | 'new-view';
  readonly startedAt: Millis;
  readonly lengthMs: number;
  readonly runsOutInMs: number;
  /** True when it is this proposal's own; else the oldest waiting one's, the ending epoch's, the next leader's, or a view's of HotStuff. */
  readonly isOwn: boolean;
}

/** Why a proposal is not decided; or what became of it. */
export interface Why {
  readonly status: 'active' | FinalStatus;
  readonly phase: Phase;
  readonly view: number;
  readonly leader: NodeId | undefined;
  /** Undefined while no leader has proposed it here. */
  readonly sequence: number | undefined;
  /** Members that have done what a quorum must do next, and their weight. */
  readonly have: { readonly members: readonly NodeId[]; readonly weight: number };
  /** Weight of a quorum. */
  readonly need: number;
  readonly missing: readonly AwaitedMember[];
  /** Links over which nothing came for long, as far as it is known here. */
  readonly linksDown: readonly { readonly from: NodeId; readonly to: NodeId }[];
  readonly timer: AwaitedTimer | undefined;
  /** Plain sentences, the gravest first. Never empty. */
  readonly reasons: readonly string[];
  /** Plain sentences. */
  readonly whatWouldHelp: readonly string[];
}

const namesIn = (committee: Committee, members: readonly MemberIndex[]): NodeId[] =>
  members.map((member) => committee.member(member)?.nodeId).filter((name) => name !== undefined);

/** Why a waiting proposal is not decided, as far as this member can tell. */
export function whyWaiting(input: WhyInput): Why {
  const found = new WhyCase(input);
  const { progress, state, swarm, committee, envelope } = input;
  const causes = causesOf(found);
  const { timer } = state;
  const { runsOutInMs } = found;
  return {
    status: 'active',
    phase: found.stage === 'view-change' ? 'view-change' : progress.phase,
    view: progress.view,
    leader: found.leader?.nodeId,
    sequence: progress.sequence,
    have: { members: namesIn(committee, found.have), weight: committee.weightOf(found.have) },
    need: committee.quorumWeight,
    missing: found.missing.map((member) => ({
      nodeId: member.nodeId,
      state: member.state,
      why: whyMissing(found, member),
    })),
    linksDown: swarm.connectivity.down.flatMap(({ from, to }) => {
      const [one, other] = namesIn(committee, [from, to]);
      return one === undefined || other === undefined ? [] : [{ from: one, to: other }];
    }),
    timer:
      timer === undefined || runsOutInMs === undefined
        ? undefined
        : { ...timer, runsOutInMs, isOwn: !found.isLinear && timer.envelope === envelope },
    reasons: causes.map(({ reason }) => reason),
    whatWouldHelp: [...new Set(causes.flatMap(({ help }) => help))],
  };
}

const FATES: Readonly<Record<FinalStatus, readonly [what: string, help: readonly string[]]>> = {
  decided: ['It is decided, at sequence', []],
  expired: ['It was ordered after its deadline, at sequence', ['Propose it again, with more time.']],
  rejected: [
    'It was ordered and came to nothing (its nonce was used by another request, or it was not valid), at sequence',
    ['Propose it again as a new request.'],
  ],
};

/** What became of a proposal that was ordered. `committee`: the one that ordered it. */
export function whySettled({ status, block }: SettledRequest, committee: Committee): Why {
  const { view, signatures } = block.certificate;
  const [what, help] = FATES[status];
  const signers = signatures.map(({ sender }) => sender);
  return {
    status,
    phase: 'decided',
    view,
    leader: committee.member(committee.leaderOf(view))?.nodeId,
    sequence: block.sequence,
    have: { members: namesIn(committee, signers), weight: committee.weightOf(signers) },
    need: committee.quorumWeight,
    missing: [],
    linksDown: [],
    timer: undefined,
    reasons: [`${what} ${String(block.sequence)}.`],
    whatWouldHelp: help,
  };
}
