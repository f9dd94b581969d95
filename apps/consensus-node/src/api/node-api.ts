import { Inject, Injectable } from '@nestjs/common';
import { isRejection, type Millis, proposalId, noOutcomes, OUTCOME_NAMES, type OutcomeName } from '@concordat/protocol';
import {
  cursorText,
  type ExecutedEnvelope,
  parseCursor,
  readHistory,
  settledRequest,
  statusOf,
  type Submission,
} from '@concordat/replica-host';
import {
  type AcceptedAnswer,
  type AnswerContext,
  consensusAnswer,
  type DecidedAnswer,
  type HistoryEntry,
  historyEntry,
  type UndecidedAnswer,
} from './answers';
import { checkCapacity } from './capacity';
import { MEMBER, type MemberPort } from './member-port';
import { notSupported, prunedProposal, refusalOf, translated, unknownProposal } from './refusals';
import { refuseBareSystemRequest } from './system-requests';
import { type HistoryInput, type ProposeInput } from './schemas';
import {
  clusterStatusAnswer,
  type ClusterStatusAnswer,
  healthAnswer,
  type HealthAnswer,
  historySums,
  type HistorySums,
} from './status-answers';
import { whyAnswer, type WhyAnswer } from './why-answer';

/** Answer of propose with wait: what was accepted, and what became of it. */
export type ProposeAnswer = AcceptedAnswer | (AcceptedAnswer & (DecidedAnswer | UndecidedAnswer));

/** Answer of history. */
export interface HistoryAnswer extends HistorySums {
  readonly recent_decisions: readonly HistoryEntry[];
  readonly next_cursor: string | null;
}

/** Answer of submit: a client's own envelope. */
export interface SubmitAnswer extends Omit<AcceptedAnswer, 'proposal_id'> {
  readonly first_proposal_id: string;
  readonly last_proposal_id: string;
  readonly requests: number;
  /** What became of all of it; `partial` when its requests fared differently, `active` when it is not decided yet. */
  readonly status: 'active' | 'decided' | 'expired' | 'rejected' | 'partial';
  readonly sequence?: number;
  readonly view?: number;
  readonly duration_ms?: number | null;
  /** Requests by what executing them came to. */
  readonly outcomes?: Readonly<Record<OutcomeName, number>>;
}

/** How much longer than its deadline in log time a caller waits: the deadline itself is found out by ordering. */
const WAIT_SLACK_MS = 2_000;
const SUBMIT_WAIT_MAX_MS = 120_000;
const HISTORY_VALUE_BYTES_MAX = 256 * 1024;
const HISTORY_BLOCKS_MAX = 1_000;

/** What every transport answers: REST and NATS call the same methods. All throw ApiErrors for what the caller did. */
@Injectable()
export class NodeApi {
  constructor(@Inject(MEMBER) private readonly member: MemberPort) {}

  /** Hands a proposal in; with `wait` answers when it is decided, or its deadline has passed. */
  async propose(input: ProposeInput, wait: boolean): Promise<ProposeAnswer> {
    if (input.require_unanimous)
      throw notSupported('require_unanimous', 'is not supported: members do not deliberate yet');
    if (input.category === 'system') refuseBareSystemRequest(input.value);
    checkCapacity(this.member, wait);
    const accepted = await this.member.gateway
      .propose({
        value: input.value,
        category: input.category,
        priority: input.priority,
        proposer: input.proposer_id ?? '',
        metadata: input.metadata ?? new Uint8Array(0),
        timeoutMs: input.timeout_ms,
      })
      .catch((thrown: unknown) => {
        throw translated(thrown);
      });
    if (isRejection(accepted)) throw refusalOf(accepted);
    const answer: AcceptedAnswer = { proposal_id: accepted.proposalId, ...this.prospects() };
    if (!wait) return answer;
    const deadline = (this.member.now() + input.timeout_ms + WAIT_SLACK_MS) as Millis;
    const executed = await this.member.proposals.executionOf(accepted.submission, deadline);
    return { ...answer, ...(await this.fateOf(accepted.proposalId, executed, accepted.requestIndex)) };
  }

  /** Takes a client's own envelope; with `wait` answers when it is decided. Handing it in twice is the same as once. */
  async submit(bytes: Uint8Array, wait: boolean): Promise<SubmitAnswer> {
    checkCapacity(this.member, wait);
    const accepted = await this.member.gateway.submit(bytes).catch((thrown: unknown) => {
      throw translated(thrown);
    });
    if (isRejection(accepted)) throw refusalOf(accepted);
    const { submission, firstId, lastId } = accepted;
    const executed = wait
      ? await this.member.proposals.executionOf(submission, this.submitDeadline(submission))
      : submission.executed;
    return this.submitAnswer(firstId, lastId, submission.envelope.requests.length, executed);
  }

  /** What became of a proposal. */
  async consensus(id: string): Promise<DecidedAnswer | UndecidedAnswer> {
    const found = await this.member.lookup.find(id);
    if (found === undefined) throw unknownProposal(id);
    if (found.status === 'pruned') throw prunedProposal(id, found.sequence);
    return consensusAnswer(found, this.context());
  }

  /** Why a proposal is not decided. */
  async why(id: string): Promise<WhyAnswer> {
    const found = await this.member.lookup.find(id);
    if (found === undefined) throw unknownProposal(id);
    if (found.status === 'pruned') throw prunedProposal(id, found.sequence);
    return whyAnswer(found, this.member);
  }

  /** The latest decisions, newest first, and sums over all of them. */
  async history({ limit, cursor }: HistoryInput): Promise<HistoryAnswer> {
    const { decisions } = this.member;
    const sums = historySums(decisions.statistics);
    const from = cursor === undefined ? undefined : parseCursor(cursor);
    const bounds = { requestsMax: limit, valueBytesMax: HISTORY_VALUE_BYTES_MAX, blocksMax: HISTORY_BLOCKS_MAX };
    const page = await readHistory(decisions, from, bounds);
    const { byzantine } = this.member.swarm();
    return {
      ...sums,
      recent_decisions: page.decisions.map((settled) => historyEntry(settled, byzantine)),
      next_cursor: page.next === undefined ? null : cursorText(page.next),
    };
  }

  /** The swarm as this member sees it. */
  clusterStatus(): ClusterStatusAnswer {
    return clusterStatusAnswer(this.member);
  }

  /** How this member is. */
  health(): HealthAnswer {
    return healthAnswer(this.member);
  }

  private prospects(): Omit<AcceptedAnswer, 'proposal_id'> {
    const { committee, proposals, expectedMs } = this.member;
    const { view, leader } = this.member.state();
    return {
      current_view: view,
      leader_node: committee.member(leader)?.nodeId ?? '',
      estimated_time_ms: Math.max(1, Math.round(proposals.estimatedMs ?? expectedMs)),
      quorum_required: committee.quorumWeight,
    };
  }

  private async fateOf(
    id: string,
    executed: ExecutedEnvelope | undefined,
    requestIndex: number,
  ): Promise<DecidedAnswer | UndecidedAnswer> {
    const settled = executed === undefined ? undefined : settledRequest(executed, requestIndex, proposalId);
    return settled === undefined ? this.consensus(id) : consensusAnswer(settled, this.context());
  }

  private submitDeadline({ envelope }: Submission): Millis {
    const latest = Math.max(...envelope.requests.map(({ expiresAt }) => expiresAt));
    return Math.min(latest + WAIT_SLACK_MS, this.member.now() + SUBMIT_WAIT_MAX_MS) as Millis;
  }

  private submitAnswer(
    firstId: string,
    lastId: string,
    requests: number,
    executed: ExecutedEnvelope | undefined,
  ): SubmitAnswer {
    const answer = { first_proposal_id: firstId, last_proposal_id: lastId, requests, ...this.prospects() };
    if (executed === undefined) return { ...answer, status: 'active' };
    const outcomes = noOutcomes();
    const statuses = new Set<ReturnType<typeof statusOf>>();
    for (const outcome of executed.outcomes) {
      const name = OUTCOME_NAMES[outcome];
      if (name !== undefined) outcomes[name]++;
      statuses.add(statusOf(outcome));
    }
    const [status] = statuses.size === 1 ? statuses : ['partial' as const];
    const { certificate, sequence } = executed.block;
    return {
      ...answer,
      status: status ?? 'partial',
      sequence,
      view: certificate.view,
      duration_ms: executed.durationMs ?? null,
      outcomes,
    };
  }

  private context(): AnswerContext {
    const { epochs, swarmId } = this.member;
    return { epochs, swarmId, byzantine: this.member.swarm().byzantine };
  }
}
